"""A person's decision about a conflict: whether it fits, for everyone who lets a person decide."""

from collections.abc import Callable, Sequence

from scim_bridge.errors import Misconfigured
from scim_bridge.model.conflict_kind import Decision, decisions
from scim_bridge.model.plan import Conflict
from scim_bridge.model.run import ConflictRecord
from scim_bridge.state.reader import StateReader

Said = Callable[[Decision], str]


def named(records: Sequence[ConflictRecord], key: str) -> list[ConflictRecord]:
    """The open conflict of this key, or all of a kind that wait for a decision."""
    return [r for r in records if r.conflict.key == key or (r.conflict.kind == key and r.is_waiting)]


def fitting(conflict: Conflict, given: Sequence[Decision], as_said: Said) -> Decision:
    """The one decision that was given. Raises Misconfigured, naming those that fit this conflict.

    as_said: how a decision is given: as an option of a command, or as a word.
    """
    possible = decisions(conflict.kind)
    ways = " or ".join(map(as_said, possible))
    if len(given) != 1:
        raise Misconfigured(f"a conflict of kind {conflict.kind} needs exactly one decision", f"Give {ways}.")
    if given[0] not in possible:
        said = as_said(given[0]).partition(" ")[0]
        raise Misconfigured(f"{said} cannot decide a conflict of kind {conflict.kind}", f"Use {ways}.")
    return given[0]


def require_free(reader: StateReader, endpoint: str, record: ConflictRecord, target_id: str, said: str) -> None:
    """A record gets a resource of its own kind that no other record has. Raises Misconfigured for any other text.

    endpoint: that of the record's connection. said: how a link is given.
    """
    conflict = record.conflict
    found = reader.standing(endpoint, target_id)
    if not found:
        raise Misconfigured(
            f"{said}: the target has no {conflict.resource} with the id {target_id!r}, as it was last read",
            "Give an id that `scim-bridge conflicts` or `scim-bridge explain` shows. "
            f"If it is new on the target: scim-bridge sync {record.connection} --full, then decide.",
        )
    if all(each.kind != conflict.resource for each in found):
        raise Misconfigured(
            f"{said}: {target_id} is a {found[0].kind}, and conflict {conflict.key} is about a {conflict.resource}",
            f"Give the id of a {conflict.resource}.",
        )
    if conflict.kind == "rehire?" and target_id == conflict.target_id:
        return
    for each in found:
        is_own = (each.connection, each.source_id) == (record.connection, conflict.source_id)
        if each.source_id and not is_own and each.departed is None and each.kind == conflict.resource:
            raise Misconfigured(
                f"{said}: {target_id} already belongs to record {each.source_id!r} of connection {each.connection}",
                "Give the id of a resource that no other record has, or change the source.",
            )
