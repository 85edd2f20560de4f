"""The outcome of a value after a run had written it: by a later run, or by someone else, as later readings saw it."""

from dataclasses import dataclass

from scim_bridge.model.identity import Kind, Value
from scim_bridge.model.operation import Operation

SOMEONE_ELSE = "someone else"
_MEMBER = 'members[value eq "{}"]'
"""A membership as a path (RFC 7644 §3.10), with the user's target id."""


def member_path(user_id: str) -> str:
    """A membership of a group as a path. user_id: the user's target id."""
    return _MEMBER.format(user_id)


def member_of_path(path: str) -> str | None:
    """The user's target id of a path that is a membership, None for any other path."""
    before, after = _MEMBER.split("{}")
    return path.removeprefix(before).removesuffix(after) if path.startswith(before) else None


@dataclass(frozen=True, slots=True)
class Touch:
    """One value of one resource, written or found changed. value: what it was then; of a membership, whether it was so.

    by: in words, "run 3" or "someone else".
    """

    kind: Kind
    target_id: str
    path: str
    value: Value | None
    by: str


def touches_of(operation: Operation, target_id: str, by: str, target_ids: dict[str, str]) -> list[Touch]:
    """The values that an operation writes. target_ids: source id → target id of the users who had none when planned."""
    if operation.members:
        ids = [m.target_id or target_ids.get(m.source_id or "", "") for m in operation.members]
        is_in = operation.kind == "add_members"
        return [Touch("group", target_id, member_path(user_id), is_in, by) for user_id in ids if user_id]
    return [Touch(operation.resource, target_id, path, new, by) for path, (_, new) in operation.changes.items()]
