"""`explain`, `conflicts`, `history` and `show`: commands that only look. They end with 0."""

from typing import Annotated

import typer

from scim_bridge.cli import deciding
from scim_bridge.cli.changes import ConnectionArgument
from scim_bridge.cli.output import Output, OutputOption, console, print_json, progress
from scim_bridge.config.settings import load
from scim_bridge.errors import Misconfigured
from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.explain import explain
from scim_bridge.run.lifecycle import Order
from scim_bridge.state.liveness import as_it_is
from scim_bridge.state.reader import open_reader
from scim_bridge.view import document, terminal
from scim_bridge.view.conflict import view_conflicts
from scim_bridge.view.operation import of_record
from scim_bridge.view.run import view_run, view_runs

_SHOWN = 200
_ALL = 1_000_000


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("explain")(explain_command)
    conflicts = typer.Typer(help="What waits for a person.", invoke_without_command=True, rich_markup_mode=None)
    conflicts.callback()(conflicts_command)
    conflicts.command("list")(conflicts_list_command)
    app.add_typer(conflicts, name="conflicts")
    deciding.register(app, conflicts)
    app.command("history")(history_command)
    app.command("show")(show_command)


def explain_command(
    context: typer.Context,
    who: Annotated[str, typer.Argument(help="userName, group name, source id or target id")],
    connection: Annotated[str | None, typer.Option("--connection", help="if there are several")] = None,
    output: OutputOption = Output.text,
) -> int:
    """Every step for one user or group: record, scope, rules, situation, plan, conflicts, what is remembered."""
    settings = load(context.obj)
    with open_bridge(settings.connection(connection)) as bridge, progress() as report:
        told = explain(bridge, open_reader(settings.state), who, Order(progress=report))
    if output is Output.json:
        print_json(document.rows_document(told))
    else:
        for explanation in told:
            terminal.show_explanation(console(), explanation)
    return 0


def conflicts_command(context: typer.Context, output: OutputOption = Output.text) -> int:
    """What waits for a person, with what to do about each."""
    return conflicts_list_command(context, output=output) if context.invoked_subcommand is None else 0


def conflicts_list_command(
    context: typer.Context, connection: ConnectionArgument = None, output: OutputOption = Output.text
) -> int:
    """What waits for a person, with what to do about each."""
    settings = load(context.obj)
    name = settings.connection(connection).name if connection else None
    found = open_reader(settings.state).conflicts(name)
    if output is Output.json:
        print_json([document.conflict_document(conflict) for conflict in found])
    else:
        terminal.show_conflicts(console(), view_conflicts(found))
    return 0


def history_command(
    context: typer.Context,
    connection: ConnectionArgument = None,
    limit: Annotated[int, typer.Option(min=1, help="how many runs")] = 20,
    output: OutputOption = Output.text,
) -> int:
    """The last runs, newest first."""
    settings = load(context.obj)
    name = settings.connection(connection).name if connection else None
    reader = open_reader(settings.state)
    runs = as_it_is(reader, settings.state, reader.runs(name, limit))
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
    """One run with its operations and what became of each."""
    settings = load(context.obj)
    reader = open_reader(settings.state)
    found = reader.run(run)
    if found is None:
        raise Misconfigured(f"there is no run {run}", "See: scim-bridge history")
    record = as_it_is(reader, settings.state, [found])[0]
    operations = reader.operations(run, limit=_ALL if output is Output.json else _SHOWN)
    if output is Output.json:
        print_json(document.show_document(record, operations))
    else:
        total = sum(reader.operation_counts(run).values())
        terminal.show_run(console(), view_run(record), [of_record(operation) for operation in operations], total)
    return 0
