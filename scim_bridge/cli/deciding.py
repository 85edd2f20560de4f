"""`conflicts resolve`, `pause` and `resume`: what a person decides. Nothing is sent; the next run goes by it."""

from typing import Annotated

import typer

from scim_bridge.cli.output import tell, who
from scim_bridge.config.settings import Settings, load
from scim_bridge.errors import Misconfigured
from scim_bridge.model.remembered import DECISIONS, ONLY_IGNORED, Decision
from scim_bridge.model.run import ConflictRecord
from scim_bridge.model.wording import counted
from scim_bridge.run.bridge import endpoint_key
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State
from scim_bridge.view.conflict import kind_words


def register(app: typer.Typer, conflicts: typer.Typer) -> None:
    """Add these commands; `resolve` goes below `conflicts`."""
    conflicts.command("resolve")(resolve_command)
    app.command("pause")(pause_command)
    app.command("resume")(resume_command)


def resolve_command(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="a conflict's key, or a kind: all of it")],
    link: Annotated[str | None, typer.Option("--link", metavar="TARGET_ID", help="the record is this resource")] = None,
    separate: Annotated[bool, typer.Option("--separate", help="a namesake: the one who left is renamed")] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="the record is the resource that it matches")] = False,
    ignore: Annotated[bool, typer.Option("--ignore", help="leave it as it is, and stop asking")] = False,
    source: Annotated[bool, typer.Option("--source", help="let the source win")] = False,
    target: Annotated[bool, typer.Option("--target", help="keep what the target has")] = False,
    note: Annotated[str, typer.Option("--note", help="why, for whoever reads it later")] = "",
) -> int:
    """Decide a conflict, or all open ones of a kind. It is kept across runs, and the next run goes by it."""
    given: dict[Decision, bool] = {
        "link": link is not None,
        "separate": separate,
        "adopt": adopt,
        "ignore": ignore,
        "source": source,
        "target": target,
    }
    settings = load(context.obj)
    found = [c for c in open_reader(settings.state).conflicts() if c.key == key or (c.kind == key and c.is_waiting)]
    if not found:
        raise Misconfigured(f"no conflict {key} is open", "See: scim-bridge conflicts")
    if link is not None and key == found[0].kind:
        raise Misconfigured("--link gives one resource to one record", "Name one conflict by its key.")
    chosen = _fitting(found[0], [decision for decision, is_given in given.items() if is_given])
    if link is not None:
        _require_free(settings, found[0], link)
    with State(settings.state) as state:
        for conflict in found:
            state.resolve(conflict.connection, conflict.key, chosen, link or "", note, who())
    which = key if key == found[0].key else f"{counted(len(found), 'conflict')} of kind {key}"
    tell(f"{which}: {chosen}. The next sync goes by it.")
    return 0


def _fitting(conflict: ConflictRecord, given: list[Decision]) -> Decision:
    """The one decision that was given. Raises Misconfigured, naming those that fit this conflict."""
    possible = DECISIONS.get(conflict.kind, ONLY_IGNORED)
    ways = " or ".join("--link TARGET_ID" if way == "link" else f"--{way}" for way in possible)
    kind = kind_words(conflict.kind)
    if len(given) != 1:
        raise Misconfigured(f"a conflict of kind {kind} is decided in one way", f"Give {ways}.")
    if given[0] not in possible:
        raise Misconfigured(f"--{given[0]} cannot decide a conflict of kind {kind}", f"Use {ways}.")
    return given[0]


def _require_free(settings: Settings, conflict: ConflictRecord, target_id: str) -> None:
    """A record gets a resource of its own kind that no other record has. Raises Misconfigured for any other text."""
    endpoint = endpoint_key(settings.connection(conflict.connection).target.url)
    found = open_reader(settings.state).standing(endpoint, target_id)
    if not found:
        raise Misconfigured(
            f"--link: the target has no {conflict.resource} with the id {target_id!r}, as it was last read",
            "Give an id that `scim-bridge conflicts` or `scim-bridge explain` shows. "
            f"If it is new on the target: scim-bridge sync {conflict.connection} --full, then decide.",
        )
    if all(each.kind != conflict.resource for each in found):
        raise Misconfigured(
            f"--link: {target_id} is a {found[0].kind}, and conflict {conflict.key} is about a {conflict.resource}",
            f"Give the id of a {conflict.resource}.",
        )
    if conflict.kind == "rehire?" and target_id == conflict.target_id:
        return
    for each in found:
        is_own = (each.connection, each.source_id) == (conflict.connection, conflict.source_id)
        if each.source_id and not is_own and each.departed is None and each.kind == conflict.resource:
            raise Misconfigured(
                f"--link: {target_id} already belongs to record {each.source_id!r} of connection {each.connection}",
                "Give the id of a resource that no other record has, or change the source.",
            )


def pause_command(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="a connection of the configuration file")],
    reason: Annotated[str, typer.Option("--reason", help="why, for whoever finds it paused")] = "",
) -> int:
    """Stop the schedule of a connection. A one-shot `sync` still works."""
    settings = load(context.obj)
    name = settings.connection(connection).name
    with State(settings.state) as state:
        state.pause(name, who(), reason)
        pause = state.reader.pause(name)
    tell(f"{name} is {pause}. To go on: scim-bridge resume {name}")
    return 0


def resume_command(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="a connection of the configuration file")],
) -> int:
    """Let the schedule of a connection that is paused or quarantined go on."""
    settings = load(context.obj)
    name = settings.connection(connection).name
    with State(settings.state) as state:
        was_paused = state.resume(name)
    tell(f"{name} goes on" if was_paused else f"{name} was neither paused nor quarantined")
    return 0
