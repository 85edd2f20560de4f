"""`sync`: bring the target to what the source says: all users and groups, or those named by `--only`."""

from typing import TYPE_CHECKING, Annotated

import typer

from scim_bridge.cli.options import (
    THE_TOKEN,
    ApproveOption,
    ConnectionArgument,
    FullOption,
    LastAdminOption,
    OnlyOption,
    Output,
    OutputOption,
    ServerOption,
    TokenOption,
    require_approve,
)
from scim_bridge.errors import Busy, Misconfigured

if TYPE_CHECKING:
    from scim_bridge.config.settings import ConnectionSettings, Settings
    from scim_bridge.run.lifecycle import Order

RestoreOption = Annotated[
    bool, typer.Option("--after-restore", help="the state is a restored copy: trust the target (with --full)")
]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("sync")(sync_command)


def sync_command(
    context: typer.Context,
    connection: ConnectionArgument = None,
    approve: ApproveOption = False,
    last_admin: LastAdminOption = False,
    full: FullOption = False,
    after_restore: RestoreOption = False,
    only: OnlyOption = None,
    output: OutputOption = Output.text,
    server: ServerOption = None,
    token: TokenOption = THE_TOKEN,
) -> int:
    """Bring the target to what the source says, within the limits."""
    if server is not None:
        return _sync_there(server, token, connection, only or [], output, approve=approve, last_admin=last_admin,
                           full=full, after_restore=after_restore)  # fmt: skip
    from scim_bridge.cli.outcome import conclude
    from scim_bridge.cli.output import actor, progress, who
    from scim_bridge.config.settings import load
    from scim_bridge.run.inbox import Inbox
    from scim_bridge.run.lifecycle import Order, opened
    from scim_bridge.run.sync import sync
    from scim_bridge.state.writer import State

    require_approve(approve=approve, last_admin=last_admin)
    settings = load(context.obj)
    chosen = settings.connection(connection)
    if after_restore and (only or not full):
        raise Misconfigured("--after-restore reads everything again", "Use it with --full and without --only.")
    if only:
        by, me = actor(), who()
        order = Order(by=by, approved_by=me if approve else "", is_last_admin=last_admin, asked_by=me)
        return _sync_only(settings, chosen, only, output, order)
    with State(settings.state) as state, opened(chosen, state, "sync") as bridge:
        with progress() as report:
            who_approves = who() if approve else ""
            order = Order(
                by=actor(),
                approved_by=who_approves,
                is_last_admin=last_admin,
                progress=report,
                in_full=full,
                after_restore=after_restore,
            )
            result = sync(bridge, state, order, Inbox)
        anew = " --full --after-restore" if after_restore else ""
        return conclude(
            result,
            state,
            chosen,
            output,
            approval=f"scim-bridge sync {chosen.name}{anew} --approve",
            dry_run=f"scim-bridge plan {chosen.name}",
        )


def _sync_there(
    server: str,
    token: str,
    connection: str | None,
    only: list[str],
    output: Output,
    *,
    approve: bool,
    last_admin: bool,
    full: bool,
    after_restore: bool,
) -> int:
    """By the worker of a running service."""
    from scim_bridge.cli.at_server import approval, place_order, server_at

    require_approve(approve=approve, last_admin=last_admin)
    if after_restore or (full and (only or approve)):
        raise Misconfigured("--server takes --full alone, and not --after-restore", "Run it on the server itself.")
    about = approval(approve=approve, last_admin=last_admin) | ({"subjects": only} if only else {})
    kind = "only" if only else "verify" if full else "sync"
    with server_at(server, token) as there:
        return place_order(there, connection, kind, output, **about)


def _sync_only(
    settings: "Settings", chosen: "ConnectionSettings", only: list[str], output: Output, order: "Order"
) -> int:
    """One or a few identities, at once: by a run of our own, or by the one in progress."""
    from dataclasses import replace

    from scim_bridge.cli.outcome import conclude, tell_answer
    from scim_bridge.cli.output import progress
    from scim_bridge.run.inbox import wait_for_answer
    from scim_bridge.run.lifecycle import opened
    from scim_bridge.run.named_plan import sync_named
    from scim_bridge.state.writer import State

    with State(settings.state) as state, opened(chosen, state, "sync") as bridge:
        while True:
            try:
                with progress() as report:
                    result = sync_named(bridge, state, only, replace(order, progress=report))
                these = f"{chosen.name} --only {only[0]}"
                return conclude(
                    result,
                    state,
                    chosen,
                    output,
                    approval=f"scim-bridge sync {these} --approve",
                    dry_run=f"scim-bridge plan {these}",
                )
            except Busy:
                answer = wait_for_answer(bridge, state, only, order)
            if answer is not None:
                return tell_answer(answer, state, chosen, output)
