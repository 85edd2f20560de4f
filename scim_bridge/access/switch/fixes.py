"""The renames that let everyone sign in and the first sync adopt: which, in which order, and what undoes them. Pure.

A name is unique (but for case), so a resource gives its name up before another one takes it. Two that exchange names
are resolved through a temporary one, as in a sync (docs/design.md §6.1).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from scim_bridge.access.switch.facts import Facts
from scim_bridge.model.identity import KINDS, NAMES, Kind
from scim_bridge.model.switch import Direction, FixPlan, How, Pair, Rename, StoreResource
from scim_bridge.model.text import folded

_WHY: dict[How, str] = {
    "differs": "the same name but for {differs}",
    "id": "provisioning gave it the id of this record",
    "email": "the email of this record and this user is the same",
}
_WORDS = {"case": "case", "unicode": "Unicode form", "spaces": "spaces"}


def can_be_fixed(direction: Direction) -> bool:
    """Whether renames help: where users stay, and sign in by the name that a provider asserts."""
    return direction.needs_names and not direction.is_destructive


def fix_plan(facts: Facts, connection: str, created: str) -> FixPlan:
    """Every rename that is possible, in order, and those that are not."""
    renames: list[Rename] = []
    not_possible: list[str] = []
    for kind in KINDS:
        wanted, refused = _wanted(facts, kind)
        ordered, blocked = in_order(wanted, facts.stored[kind])
        renames += ordered
        not_possible += [*refused, *blocked]
    store = facts.reading.instance.store
    return FixPlan(
        connection=connection,
        created=created,
        store=store,
        renames=tuple(renames),
        not_possible=tuple(not_possible),
    )


def _wanted(facts: Facts, kind: Kind) -> tuple[list[Rename], list[str]]:
    found, refused = [], []
    for pair in sorted(facts.compared[kind].pairs, key=lambda p: (p.found.name, p.found.id)):
        if pair.how == "exact" or facts.said.protect.covers(kind, pair.found.name, pair.desired.name):
            continue
        if any(flaw.fatal or flaw.attribute == NAMES[kind] for flaw in pair.desired.flaws):
            refused.append(f"{kind} {pair.found.name}: {pair.desired.flaws[0].detail}")
        else:
            found.append(_rename(pair))
    return found, refused


def _rename(pair: Pair) -> Rename:
    differs = " and ".join(_WORDS[each] for each in pair.differs)
    return Rename(
        kind=pair.found.kind,
        id=pair.found.id,
        before=pair.found.name,
        after=pair.desired.name,
        source_id=pair.desired.source_id,
        is_adoption=pair.how != "differs",
        revision=pair.found.revision,
        reason=_WHY[pair.how].format(differs=differs),
    )


def in_order(wanted: Sequence[Rename], stored: Iterable[StoreResource]) -> tuple[list[Rename], list[str]]:
    """The renames so that each finds its name free, and those whose name someone keeps, each as a sentence.

    Of several who ask for one name the first gets it.
    """
    found = tuple(stored)
    holders = {folded(one.name): one.id for one in found}
    names = {one.id: one.name for one in found}
    # Else the order would not come to an end: who waits for a circle without being in it would always give way.
    asked: dict[str, Rename] = {}
    for one in wanted:
        asked.setdefault(folded(one.after), one)
    waiting = list(asked.values())
    ordered: list[Rename] = []
    late = (one for one in wanted if asked[folded(one.after)] is not one)
    blocked = [f"{one}: {asked[folded(one.after)].before} has this name, or gets it" for one in late]
    while waiting:
        left = []
        for one in waiting:
            if holders.get(folded(one.after), one.id) == one.id:
                holders.pop(folded(one.before), None)
                holders[folded(one.after)] = one.id
                ordered.append(one)
            else:
                left.append(one)
        if len(left) == len(waiting):
            left = _without_the_stuck(left, holders, names, blocked)
            if len(left) == len(waiting):
                first, left[0] = _by_way_of(left[0])
                ordered.append(first)
                holders.pop(folded(first.before), None)
                holders[folded(first.after)] = first.id
        waiting = left
    return ordered, blocked


def _without_the_stuck(
    left: list[Rename], holders: Mapping[str, str], names: Mapping[str, str], blocked: list[str]
) -> list[Rename]:
    """Those whose name is held by one that is to move; what is said of the others goes to blocked."""
    moving = {one.id for one in left}
    free = []
    for one in left:
        holder = holders[folded(one.after)]
        if holder in moving:
            free.append(one)
        else:
            blocked.append(f"{one}: {names[holder]} has this name, or gets it")
    return free


def _by_way_of(one: Rename) -> tuple[Rename, Rename]:
    """Two steps in the place of one that is in a circle."""
    local, at, domain = one.before.partition("@")
    between = f"{local}.moving-{one.id[-6:]}{at}{domain}"
    return (
        replace(one, after=between, reason="a temporary name, since the two exchange theirs"),
        replace(one, before=between, revision=""),
    )


def undo(plan: FixPlan) -> FixPlan:
    """What takes all of it back, the last rename first. Revisions are not known yet, so names alone are compared."""
    back = tuple(
        replace(one, before=one.after, after=one.before, source_id="", revision="", reason=f"undoes: {one.reason}")
        for one in reversed(plan.renames)
    )
    return replace(plan, renames=back, is_undo=True, not_possible=())
