"""Findings about who the first sync takes out of groups that have assignments, and whom it adds. Pure.

The change itself keeps memberships. The sync after it makes them what the source says, and that is where access moves.
"""

from collections.abc import Iterator

from scim_bridge.access.switch.facts import Facts
from scim_bridge.model.switch import Finding, Pair
from scim_bridge.model.wording import some

_SHOWN = 6
_Rows = list[tuple[int, tuple[str, ...]]]


def membership_findings(facts: Facts) -> Iterator[Finding]:
    """What the first sync does to the members of matched groups. Of groups without an assignment no one asked."""
    desired = facts.desired
    if desired is None or facts.direction.is_destructive:
        return
    records = {one.found.id: one.desired.source_id for one in facts.compared["user"].pairs}
    names = {one.source_id: one.name for one in desired.users}
    leaving: _Rows = []
    joining: _Rows = []
    for pair in facts.compared["group"].pairs:
        is_protected = facts.said.protect.covers("group", pair.found.name, pair.desired.name)
        if is_protected or pair.found.id not in facts.reading.people.members:
            continue
        wanted = desired.members.get(pair.desired.source_id, frozenset())
        kept = wanted | desired.undecided.get(pair.desired.source_id, frozenset())
        inside = _inside(facts, pair)
        out = [user for number, user in inside if records.get(number) not in kept]
        coming = wanted - {records.get(number) for number, _ in inside}
        new = sorted(names[source_id] for source_id in coming if source_id in names)
        holding = facts.held.by("group", pair.found.id)
        for moves, rows in ((out, leaving), (new, joining)):
            if moves:
                rows.append((holding.rank, (pair.found.name, some(moves, _SHOWN), holding.words)))
    for key, rows in (("groups_leaving", leaving), ("groups_joining", joining)):
        if rows:
            shown = tuple(row for _, row in sorted(rows))
            columns = ("name_now", "members", "holds")
            yield Finding(key=key, mark="note", values={"count": len(shown)}, columns=columns, rows=shown)


def _inside(facts: Facts, pair: Pair) -> list[tuple[str, str]]:
    """Id and name of each member of this group, by name, but for the protected: a sync leaves them where they are."""
    users = facts.reading.people.users
    members = facts.reading.people.members[pair.found.id]
    named = ((number, users[number].name) for number in members if number in users)
    protect = facts.said.protect
    return sorted((one for one in named if not protect.covers("user", one[1])), key=lambda one: one[1])
