"""What `Source.ask` says of a few, picked from a whole snapshot."""

from collections.abc import Iterable

from scim_bridge.model.identity import KINDS, Record, Snapshot, SourceKey
from scim_bridge.model.source import SourceChanges


def picked(shown: Snapshot, wanted: Iterable[SourceKey]) -> SourceChanges:
    """The records of these keys and those without an id, and their memberships both ways."""
    keys = frozenset([*(SourceKey(*key) for key in wanted), SourceKey("user", ""), SourceKey("group", "")])
    records: dict[SourceKey, list[Record]] = {key: [] for key in keys}
    for kind in KINDS:
        for record in shown.users if kind == "user" else shown.groups:
            if (key := SourceKey(kind, record.id)) in records:
                records[key].append(record)
    users = frozenset(key.id for key in keys if key.kind == "user" and key.id)
    memberships: dict[str, list[str]] = {user: [] for user in users}
    for group, (inside, _) in shown.members.items():
        for user in users.intersection(inside):
            memberships[user].append(group)
    groups = (key.id for key in keys if key.kind == "group" and key.id)
    return SourceChanges(
        records={key: tuple(found) for key, found in records.items()},
        members={group: shown.members.get(group, ((), ())) for group in groups},
        memberships=memberships,
        ambiguous=shown.ambiguous,
        warnings=shown.warnings,
    )
