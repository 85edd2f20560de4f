"""A conflict as people see it: what waits for them, since when, and what they can do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scim_bridge.model import conflict_kind
from scim_bridge.model.conflict_kind import UNREADABLE
from scim_bridge.model.identity import ACTIVE
from scim_bridge.model.plan import Conflict
from scim_bridge.model.run import ConflictRecord
from scim_bridge.view.translation import _, _n
from scim_bridge.view.words import printable, some


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """One conflict. words: its kind in words; closed is None while it waits."""

    connection: str
    key: str
    kind: str
    words: str
    subjects: tuple[str, ...]
    detail: str
    remedy: str
    first_seen: datetime
    last_seen: datetime
    closed: datetime | None
    target_id: str | None
    decision: str


def view_conflicts(records: Iterable[ConflictRecord]) -> tuple[ConflictView, ...]:
    """Conflicts, those that wait longest first."""
    return tuple(_view(record) for record in sorted(records, key=lambda r: (r.first_seen, r.conflict.key)))


def still_open(conflicts: Iterable[Conflict]) -> str:
    """Users who may still sign in although no rule understands their status, in one sentence; "" if there are none."""
    found = [c for c in conflicts if c.kind in UNREADABLE and c.path == ACTIVE and c.target_id is not None]
    if not found:
        return ""
    names = sorted(printable(name) for conflict in found for name in conflict.subjects)
    return _n(
        "%(count)s user can still sign in, but no rule understands the status: %(names)s. The user is held, and this "
        "access stays as it is until the rule for active says what the status means.",
        "%(count)s users can still sign in, but no rule understands their status: %(names)s. They are held, and their "
        "access stays as it is until the rule for active says what the status means.",
        len(found),
        names=some(names),
    )


def kind_said(kind: str) -> str:
    """A kind of conflict in the reader's words."""
    return _(conflict_kind.words(kind))


def _view(record: ConflictRecord) -> ConflictView:
    conflict = record.conflict
    return ConflictView(
        connection=record.connection,
        key=conflict.key,
        kind=conflict.kind,
        words=kind_said(conflict.kind),
        subjects=tuple(map(printable, conflict.subjects)),
        detail=printable(conflict.detail),
        remedy=printable(conflict.remedy),
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        closed=record.closed,
        target_id=conflict.target_id,
        decision=_decision(record),
    )


def _decision(record: ConflictRecord) -> str:
    """What a person decided, in words, "" if nothing yet."""
    if not record.resolution:
        return ""
    note = f" ({printable(record.note)})" if record.note else ""
    said = f"{record.resolution} {record.chosen}".rstrip()
    return _("%(decision)s, decided by %(who)s", decision=said, who=record.resolved_by) + note
