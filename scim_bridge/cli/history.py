"""`history` and `show`: the runs that there were, and one of them with its operations. They end with 0."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scim_bridge.cli.options import EVERYTHING, ConnectionArgument, Output, OutputOption
from scim_bridge.errors import Misconfigured

if TYPE_CHECKING:
    from scim_bridge.model.run import RunRecord
    from scim_bridge.model.session import Sessions
    from scim_bridge.state.reader import StateReader

_SHOWN = 200


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("history")(history_command)
    app.command("show")(show_command)


def history_command(
    context: typer.Context,
    connection: ConnectionArgument = None,
    limit: Annotated[int, typer.Option(min=1, help="how many runs")] = 20,
    output: OutputOption = Output.text,
) -> int:
    """List the last runs, newest first."""
    from scim_bridge.cli.output import console, print_json
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.liveness import as_it_is
    from scim_bridge.state.reader import open_reader
    from scim_bridge.view import document, terminal
    from scim_bridge.view.run import view_runs

    place = find_state(context.obj)
    name = place.connection(connection) if connection else None
    reader = open_reader(place.state)
    runs = as_it_is(reader, place.state, reader.runs(name, limit))
    if output is Output.json:
        print_json([document.run_document(run) for run in runs])
    else:
        terminal.show_runs(console(), view_runs(runs))
    return 0


def show_command(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="a run's number")],
    output: OutputOption = Output.text,
) -> int:
    """Show one run with its operations and the outcome of each."""
    from scim_bridge.cli.output import console, print_json
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.liveness import as_it_is
    from scim_bridge.state.reader import open_reader
    from scim_bridge.view import document, terminal
    from scim_bridge.view.operation import of_record
    from scim_bridge.view.run import view_run
    from scim_bridge.view.session import sessions_document

    place = find_state(context.obj)
    reader = open_reader(place.state)
    found = reader.run(run)
    if found is None:
        raise Misconfigured(f"there is no run {run}", "See: scim-bridge history")
    record = as_it_is(reader, place.state, [found])[0]
    operations = reader.operations(run, limit=EVERYTHING if output is Output.json else _SHOWN)
    sessions = _sessions(context.obj, reader, record)
    if output is Output.json:
        shown = document.show_document(record, operations)
        print_json(shown | {"sessions": sessions_document(sessions, record.ended) if sessions is not None else None})
    else:
        total = sum(reader.operation_counts(run).values())
        terminal.show_run(console(), view_run(record), [of_record(operation) for operation in operations], total)
        if sessions is not None:
            from scim_bridge.cli.access_sessions import print_sessions

            console().print("\nSessions that may still run")
            print_sessions(sessions, record.ended)
    return 0


def _sessions(configuration: Path, reader: "StateReader", run: "RunRecord") -> "Sessions | None":
    """What may still run after it. For most runs that is nothing, and nothing more is imported."""
    if not reader.revocations(run.id):
        return None
    from scim_bridge.cli.access_sessions import portal_session
    from scim_bridge.run.revocation import sessions_of_run

    return sessions_of_run(reader, run, lambda: portal_session(configuration, run.connection))
