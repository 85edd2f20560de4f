"""What was mapped a moment ago, with the records that have changed since mapped again: for one identity at once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import replace

from scim_bridge.mapping.compiled import CompiledMapping
from scim_bridge.mapping.membership import memberships
from scim_bridge.model.identity import Directory, Record, Snapshot


def map_again(
    before: Snapshot,
    mapped: Directory,
    now: Snapshot,
    mapping: CompiledMapping,
    made: Callable[[Snapshot], Directory],
) -> Directory:
    """The directory of `now`, given that of `before`. made: how `mapped` was made of its snapshot: mapped and fitted.

    Its warnings are those of before, for they are about everyone.
    """
    users, groups = _stale(before.users, now.users), _stale(before.groups, now.groups)
    changed = Snapshot(
        tuple(record for record in now.users if record.id in users),
        tuple(record for record in now.groups if record.id in groups),
        {},
    )
    anew = made(changed)
    all_users = (*(d for d in mapped.users if d.source_id not in users), *anew.users)
    all_groups = (*(d for d in mapped.groups if d.source_id not in groups), *anew.groups)
    ids = {d.source_id for d in all_users}, {d.source_id for d in all_groups}
    found = memberships(now, mapping.nested, *ids, {})
    outside = (o for o in mapped.out_of_scope if o.source_id not in (users if o.kind == "user" else groups))
    return replace(
        mapped,
        users=all_users,
        groups=all_groups,
        members=found.members,
        counts=now.counts,
        out_of_scope=(*outside, *anew.out_of_scope),
        undecided=found.undecided,
        ambiguous=found.ambiguous,
    )


def _stale(before: Collection[Record], now: Collection[Record]) -> set[str]:
    """Ids whose records are not the same any more. Several records may share an id.

    Most records are the very objects they were, so only the others are compared.
    """
    old_ones, new_ones = set(map(id, before)), set(map(id, now))
    other = {r.id for r in before if id(r) not in new_ones} | {r.id for r in now if id(r) not in old_ones}
    old, new = _by_id(before, other), _by_id(now, other)
    return {key for key in other if old.get(key) != new.get(key)}


def _by_id(records: Iterable[Record], ids: Container[str]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.id in ids:
            found[record.id].append(record)
    return dict(found)
