"""Carries a fix plan out: each rename journaled before it is sent and when it is answered, and guarded by its revision.

Before the first write everything is compared with the plan: a user or group that has changed since, or a record that
asks for another name, refuses the whole plan by name. Cut and run again, what was done is not done again: a resource
that has the new name already counts as done. IdentityStoreAPIReference, UpdateUser and UpdateGroup.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from scim_bridge.access.aws import Aws
from scim_bridge.access.journal import Journal, Note
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.switch.store_reading import Stored, read_one
from scim_bridge.errors import PlanOutdated
from scim_bridge.model.identity import KINDS, NAMES, SourceKey, TargetKey
from scim_bridge.model.switch import FixPlan, Rename, StoreResource

_CALLS = {"user": ("identitystore:UpdateUser", "UserId"), "group": ("identitystore:UpdateGroup", "GroupId")}
_CHANGED = "ConflictException"
Names = Mapping[SourceKey, str]
"""What each record asks for now."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The outcome of one. failure: why it was not renamed, "" if it was."""

    what: Rename
    failure: str = ""


def to_be_done(
    plan: FixPlan, stored: Stored, look: Callable[[Rename], StoreResource], names: Names | None
) -> list[Rename]:
    """The renames that are left, each with the revision that its resource has now, "" after a rename of this plan.

    look: at one by id, since lists lag behind. names: of the source's records, None where they do not count (an undo).
    Raises PlanOutdated, naming who moved.
    """
    shown = {TargetKey(kind, one.id): one for kind in KINDS for one in stored[kind]}
    moved: list[str] = []
    left: set[Rename] = set()
    revisions: dict[Rename, str] = {}
    for key, steps in _by_resource(plan.renames).items():
        found = shown.get(key)
        if found is None or found.name not in _names(steps):
            found = _looked_at(look, steps[0])
        reason = _moved(key, steps, found, names)
        if reason or found is None:
            moved.append(reason)
            continue
        remaining = steps[_done(steps, found) :]
        left.update(remaining)
        revisions |= {one: found.revision if number == 0 else "" for number, one in enumerate(remaining)}
    if moved:
        more = f" ({len(moved) - 1} more)" if len(moved) > 1 else ""
        way_out = "Make the plan again: scim-bridge switch-report --to external --fix-plan FILE"
        raise PlanOutdated(f"{moved[0]}{more} since this plan was made, so nothing was sent", way_out)
    return [replace(one, revision=revisions[one]) for one in plan.renames if one in left]


def _names(steps: Sequence[Rename]) -> tuple[str, ...]:
    return (steps[0].before, *(step.after for step in steps))


def _done(steps: Sequence[Rename], found: StoreResource) -> int:
    """How many of the steps have been taken."""
    return max(number for number, name in enumerate(_names(steps)) if name == found.name)


def _moved(key: TargetKey, steps: Sequence[Rename], found: StoreResource | None, names: Names | None) -> str:
    """Why a rename is not what was planned any more, "" if it is."""
    who = f"{key.kind} {steps[0].before}"
    if names is not None and names.get(SourceKey(key.kind, steps[-1].source_id)) != steps[-1].after:
        return f"the record of {who} asks for another name now"
    if found is None:
        return f"{who} is gone"
    if found.name not in _names(steps):
        return f"{who} was changed"
    is_as_planned = steps[0].revision in ("", found.revision)
    return "" if _done(steps, found) or is_as_planned else f"{who} was changed"


def _by_resource(renames: Sequence[Rename]) -> dict[TargetKey, list[Rename]]:
    """The steps of each user and group; one in a circle has two."""
    found: dict[TargetKey, list[Rename]] = {}
    for one in renames:
        found.setdefault(TargetKey(one.kind, one.id), []).append(one)
    return found


def _looked_at(look: Callable[[Rename], StoreResource], one: Rename) -> StoreResource | None:
    try:
        return look(one)
    except NotReadable as refused:
        if refused.is_unknown:
            return None
        raise


class Renamer:
    """Renames users and groups of one identity store."""

    def __init__(self, aws: Aws, store: str, journal: Journal) -> None:
        self._aws, self._store, self._journal = aws, store, journal

    def look(self, one: Rename) -> StoreResource:
        """The user or group as it is now. Raises NotReadable."""
        return read_one(self._aws, self._store, one.kind, one.id)

    def rename_all(self, left: Sequence[Rename], note: Note) -> list[Renamed]:
        """Each in its turn. What AWS refuses is in the outcome, and the others go on."""
        outcome = []
        for number, one in enumerate(left, start=1):
            try:
                failure = self._rename(one)
            except NotReadable as refused:
                failure = str(refused)
            outcome.append(Renamed(one, failure))
            note("renames", number, len(left))
        return outcome

    def _rename(self, one: Rename) -> str:
        """Rename it; why it has another name than it should, "" if it has this one."""
        if not one.revision:
            found = self.look(one)
            if found.name != one.before:
                return "" if found.name == one.after else f"it is called {found.name} now"
            one = replace(one, revision=found.revision)
        call, key = _CALLS[one.kind]
        asked = {"IdentityStoreId": self._store, key: one.id} | ({"Revision": one.revision} if one.revision else {})
        operations = [{"AttributePath": NAMES[one.kind], "AttributeValue": one.after}]
        self._journal.write(str(one), target_id=one.id, undo=one.before, status="SENT")
        try:
            self._aws.ask(call, **asked, Operations=operations)
        except NotReadable as refused:
            # A lost answer that was asked for again meets its own change; a name that is taken is another matter.
            if refused.code != _CHANGED or self.look(one).name != one.after:
                self._journal.write(str(one), target_id=one.id, status="REFUSED", why=refused.what)
                raise
        self._journal.write(str(one), target_id=one.id, status="DONE")
        return ""
