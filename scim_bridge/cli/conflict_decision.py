"""A person's decision about a conflict: whether it fits, and where it is kept for the next run."""

from scim_bridge.cli.output import actor
from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import Settings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.conflict_kind import Decision, decisions
from scim_bridge.model.plan import Conflict
from scim_bridge.model.run import ConflictRecord
from scim_bridge.model.wording import counted
from scim_bridge.run.bridge import endpoint_key
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State


def decide(settings: Settings, key: str, given: list[Decision], link: str | None, note: str) -> None:
    """Keep the decision about the open conflict of this key, or about all of a kind, where `key` is a kind.

    given: the decisions on the command line, of which one is allowed. link: the target id of `link`.
    Raises Misconfigured if no such conflict is open, or the decision cannot be carried out.
    """
    records = open_reader(settings.state).conflicts()
    found = [r for r in records if r.conflict.key == key or (r.conflict.kind == key and r.is_waiting)]
    if not found:
        raise Misconfigured(f"no conflict {key} is open", "See: scim-bridge conflicts")
    if link is not None and key == found[0].conflict.kind:
        raise Misconfigured("--link gives one resource to one record", "Name one conflict by its key.")
    chosen = _fitting(found[0].conflict, given)
    if link is not None:
        _require_free(settings, found[0], link)
    with State(settings.state) as state:
        for record in found:
            state.resolve(record.connection, record.conflict.key, chosen, actor(), target_id=link or "", note=note)
    which = key if key == found[0].conflict.key else f"{counted(len(found), 'conflict')} of kind {key}"
    tell(f"{which}: {chosen}. The next sync uses this decision.")


def _fitting(conflict: Conflict, given: list[Decision]) -> Decision:
    """The one decision that was given. Raises Misconfigured, naming those that fit this conflict."""
    possible = decisions(conflict.kind)
    ways = " or ".join("--link TARGET_ID" if way == "link" else f"--{way}" for way in possible)
    if len(given) != 1:
        raise Misconfigured(f"a conflict of kind {conflict.kind} needs exactly one decision", f"Give {ways}.")
    if given[0] not in possible:
        raise Misconfigured(f"--{given[0]} cannot decide a conflict of kind {conflict.kind}", f"Use {ways}.")
    return given[0]


def _require_free(settings: Settings, record: ConflictRecord, target_id: str) -> None:
    """A record gets a resource of its own kind that no other record has. Raises Misconfigured for any other text."""
    conflict = record.conflict
    endpoint = endpoint_key(settings.connection(record.connection).target.url)
    found = open_reader(settings.state).standing(endpoint, target_id)
    if not found:
        raise Misconfigured(
            f"--link: the target has no {conflict.resource} with the id {target_id!r}, as it was last read",
            "Give an id that `scim-bridge conflicts` or `scim-bridge explain` shows. "
            f"If it is new on the target: scim-bridge sync {record.connection} --full, then decide.",
        )
    if all(each.kind != conflict.resource for each in found):
        raise Misconfigured(
            f"--link: {target_id} is a {found[0].kind}, and conflict {conflict.key} is about a {conflict.resource}",
            f"Give the id of a {conflict.resource}.",
        )
    if conflict.kind == "rehire?" and target_id == conflict.target_id:
        return
    for each in found:
        is_own = (each.connection, each.source_id) == (record.connection, conflict.source_id)
        if each.source_id and not is_own and each.departed is None and each.kind == conflict.resource:
            raise Misconfigured(
                f"--link: {target_id} already belongs to record {each.source_id!r} of connection {each.connection}",
                "Give the id of a resource that no other record has, or change the source.",
            )
