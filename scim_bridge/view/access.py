"""Who may enter what, as people and programs see it: rows, what a user's portal shows, and who gained or lost what."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from scim_bridge.model.access import (
    ALL_USERS,
    AccessReading,
    AccessRow,
    ApplicationRow,
    Cause,
    Difference,
    OrphanRow,
    Step,
)
from scim_bridge.view import words
from scim_bridge.view.csv_line import csv_line
from scim_bridge.view.translation import _, recorded

COLUMNS = ("user", "name", "through", "account", "permission set", "allows")
CSV_COLUMNS = (
    "user", "user_id", "display", "via", "account", "account_id", "permission_set", "allows", "level", "role",
)  # fmt: skip
DIRECTLY = "directly"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    """What is shown of a reading. tiles: what one user's portal shows, if one is asked about, each a line."""

    as_of: datetime
    rows: Iterable[AccessRow]
    applications: Sequence[ApplicationRow]
    orphaned: Sequence[OrphanRow]
    warnings: Sequence[str]
    tiles: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class SeatView:
    """An application that is paid for each user. users: active ones who have it. cost: a month, at most; None where no
    price is known."""

    application: str
    users: int
    cost: float | None


def tiles(reading: AccessReading, rows: Iterable[AccessRow], uses: Iterable[ApplicationRow]) -> list[str]:
    """What a user sees in the AWS access portal: a tile for each account with its permission sets, and applications."""
    sets: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        sets[f"{row.account} ({row.account_id})"].append(row.permission_set)
    shown = {use.application for use in uses if reading.applications[use.arn].has_tile}
    accounts = [f"account {name}: {', '.join(sorted(set(names)))}" for name, names in sorted(sets.items())]
    return accounts + [f"application {name}" for name in sorted(shown)]


def table_rows(rows: Iterable[AccessRow]) -> Iterator[tuple[str, ...]]:
    """Cells under COLUMNS."""
    for row in rows:
        allows = _allows(row.allows)
        yield (row.user, row.display, row.via or _(DIRECTLY), row.account, row.permission_set, allows)


def json_pieces(view: AccessView) -> Iterator[bytes]:
    """The document for programs (docs/design.md §5), row by row: a large organization has hundreds of thousands."""
    yield b'{"as_of": ' + orjson.dumps(words.utc(view.as_of)) + b', "rows": ['
    for number, row in enumerate(view.rows):
        yield (b",\n " if number else b"\n ") + orjson.dumps(asdict(row))
    parts: dict[str, Any] = {
        "applications": [asdict(row) for row in view.applications],
        "orphaned": [asdict(row) for row in view.orphaned],
        "warnings": list(view.warnings),
    }
    if view.tiles is not None:
        parts["portal"] = list(view.tiles)
    yield b"],\n" + orjson.dumps(parts)[1:] + b"\n"


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """Who gained or lost what between two readings. gained, lost: cells under COLUMNS of a difference."""

    gained: Sequence[tuple[str, ...]]
    lost: Sequence[tuple[str, ...]]
    changed: Sequence[tuple[str, str, str]]


DIFFERENCE = ("user", "through", "account or application", "permission set", "allows", "why", "by")
CHANGED = ("permission set", "allowed before", "allows now")


def view_difference(found: Difference) -> DifferenceView:
    """A difference for people."""
    return DifferenceView(
        [_step_cells(step) for step in found.gained],
        [_step_cells(step) for step in found.lost],
        [(name, _allows(old), _allows(new)) for name, old, new in found.changed],
    )


def _step_cells(step: Step) -> tuple[str, ...]:
    row = step.row
    why = _("; ").join(recorded(cause.what) for cause in step.causes)
    by = _("; ").join(dict.fromkeys(_by(cause) for cause in step.causes))
    via = row.via or _(DIRECTLY)
    if isinstance(row, AccessRow):
        return (row.user, via, row.account, row.permission_set, _allows(row.allows), why, by)
    return (row.user or _(ALL_USERS), via, row.application, "–", "–", why, by)


def _by(cause: Cause) -> str:
    if cause.run is None:
        return _("someone else")
    run = _("run %(id)s", id=str(cause.run))
    return _("%(run)s (%(decision)s)", run=run, decision=cause.decision) if cause.decision else run


def _allows(words_of_it: Iterable[str]) -> str:
    return _("; ").join(map(recorded, words_of_it))


def difference_document(before: AccessReading, after: AccessReading, found: Difference) -> dict[str, Any]:
    """The same for programs. Each step has its row, and causes: what, run (null: someone else), decision."""

    def step(one: Step) -> dict[str, Any]:
        return asdict(one.row) | {"causes": [asdict(cause) for cause in one.causes]}

    return {
        "since": words.utc(before.as_of),
        "until": words.utc(after.as_of),
        "gained": [step(one) for one in found.gained],
        "lost": [step(one) for one in found.lost],
        "changed": [{"permission_set": name, "before": old, "after": new} for name, old, new in found.changed],
    }


def csv_text(rows: Iterable[AccessRow]) -> Iterator[str]:
    """Rows as CSV (RFC 4180), a line at a time; what a spreadsheet would take for a formula is made harmless."""
    yield csv_line(CSV_COLUMNS)
    for row in rows:
        yield csv_line([getattr(row, name) or "" for name in CSV_COLUMNS])
