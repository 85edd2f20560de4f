"""A person's decision about a conflict, kept for the next run."""

from scim_bridge.cli.output import actor
from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import Settings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.wording import counted
from scim_bridge.run.bridge import endpoint_key
from scim_bridge.run.decision import fitting, named, require_free
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State


def decide(settings: Settings, key: str, given: list[Decision], link: str | None, note: str) -> None:
    """Keep the decision about the open conflict of this key, or about all of a kind, where `key` is a kind.

    given: the decisions on the command line, of which one is allowed. link: the target id of `link`.
    Raises Misconfigured if no such conflict is open, or the decision cannot be carried out.
    """
    reader = open_reader(settings.state)
    found = named(reader.conflicts(), key)
    if not found:
        raise Misconfigured(f"no conflict {key} is open", "See: scim-bridge conflicts")
    if link is not None and key == found[0].conflict.kind:
        raise Misconfigured("--link gives one resource to one record", "Name one conflict by its key.")
    chosen = fitting(found[0].conflict, given, _option)
    if link is not None:
        endpoint = endpoint_key(settings.connection(found[0].connection).target.url)
        require_free(reader, endpoint, found[0], link, "--link")
    keys = [(record.connection, record.conflict.key) for record in found]
    with State(settings.state) as state:
        state.resolve_all(keys, chosen, actor(), target_id=link or "", note=note)
    which = key if key == found[0].conflict.key else f"{counted(len(found), 'conflict')} of kind {key}"
    tell(f"{which}: {chosen}. The next sync uses this decision.")


def _option(way: Decision) -> str:
    return "--link TARGET_ID" if way == "link" else f"--{way}"
