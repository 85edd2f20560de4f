"""The command line: `scim-bridge [--config FILE] COMMAND`. Each command is thin: parse, call, render.

Exit codes (docs/design.md §5.1): 0 done, 1 failed, 2 wrong usage or configuration, 3 plan with operations to do,
4 stopped by the guard, 5 a failed operation or an unresolved conflict; 130 interrupted by the keyboard.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer._click.exceptions import ClickException, UsageError  # typer carries a click of its own

from scim_bridge import __version__
from scim_bridge.cli.lazy_group import LazyGroup, Listed
from scim_bridge.cli.options import Output
from scim_bridge.cli.streams import complain, print_whatever_comes, tell
from scim_bridge.errors import BridgeError, Stop
from scim_bridge.log import log_to_stderr

COMMANDS = (
    Listed("demo", "demo", "Sync a sample organization into an emulated Identity Center, and serve the pages."),
    Listed(
        "init",
        "init",
        "Write bridge.yaml and a mapping by asking a few questions, or by options.",
    ),
    Listed(
        "check",
        "check",
        "Check configuration, mapping, source, token, endpoint and access: a line for each, ok or how to fix it.",
    ),
    Listed("schema", "schema", "Print the JSON schema of the configuration file, for editors and reviews."),
    Listed("plan", "plan", "Show what a sync would do, and why. Nothing is written to the target."),
    Listed("sync", "sync", "Bring the target to what the source says, within the limits."),
    Listed("apply", "apply", "Apply a saved plan exactly, or refuse and name what has changed since."),
    Listed(
        "rollback",
        "rollback",
        "Undo a run, within the limits. It also pauses the connection, so the schedule does not repeat the change.",
    ),
    Listed(
        "explain",
        "explain",
        "Show each step for one user or group: record, scope, rules, situation, plan, conflicts, what is remembered.",
    ),
    Listed(
        "switch-report",
        "switch_report",
        "Show what a change of the identity source would do, and what to fix before it. Nothing is written to AWS.",
    ),
    Listed("access", "access", "Show who may enter which account with which permission set, and what changed."),
    Listed("pause", "pause", "Stop the schedule of a connection. A one-shot `sync` still works."),
    Listed("resume", "pause", "Restart the schedule of a connection that is paused or quarantined."),
    Listed("history", "history", "List the last runs, newest first."),
    Listed("show", "history", "Show one run with its operations and the outcome of each."),
    Listed("audit", "audit", "Show who did what, or check that no entry is changed."),
    Listed(
        "shadow",
        "shadow",
        "Show the trend of a connection in shadow, what differs every day, and whether it is ready to write.",
    ),
    Listed("alerts", "alerts", "Test where alerts are sent."),
    Listed("run", "run", "Sync every connection on its schedule and serve the pages, until SIGINT or SIGTERM."),
    Listed(
        "serve",
        "serve",
        "Serve the pages and the API without syncing, until SIGINT or SIGTERM. Start `work` beside it.",
    ),
    Listed(
        "work",
        "work",
        "Sync every connection on its schedule and carry out orders, without pages, until SIGINT or SIGTERM.",
    ),
    Listed("sign-in", "sign_in", "Print a link that signs one browser in to the pages, once."),
    Listed("session", "session", "List the browsers that are signed in, or sign them out."),
    Listed("token", "token", "Make, list or revoke tokens of the API."),
    Listed("state", "state", "Copy the state to another place."),
    Listed("mapping", "mapping", "Test mapping files."),
    Listed("conflicts", "conflicts", "List what waits for a decision, or decide it."),
    Listed("sandbox", "sandbox", "Serve the Identity Center emulator until SIGINT or SIGTERM, then end with 0."),
)
"""In the order in which they are listed. A test compares these lines with the help of each command."""


class _Commands(LazyGroup):
    """The commands above."""

    listed = COMMANDS


app = typer.Typer(
    name="scim-bridge",
    cls=_Commands,
    help="Keeps AWS IAM Identity Center equal to your directory.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scim-bridge {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", "-c", help="the configuration file")] = Path("bridge.yaml"),
    log_format: Annotated[
        Output | None, typer.Option("--log-format", help="how log lines are written to stderr")
    ] = None,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="show the version and exit")
    ] = False,
) -> None:
    """Keeps AWS IAM Identity Center equal to your directory."""
    context.obj = config
    if log_format is not None:
        os.environ["SCIM_BRIDGE_LOG_FORMAT"] = log_format  # the processes of the worker's runs go by it too
        log_to_stderr()


def main() -> None:
    """The entry point. Every failure leaves as one sentence on stderr and an exit code; never as a traceback."""
    print_whatever_comes()
    log_to_stderr()
    sys.exit(run(sys.argv[1:]))


_NO_NUMBER = "Input should be a valid integer, unable to parse string as an integer"


def _usage(error: UsageError) -> str:
    """What is wrong with a command line, in one sentence, and the help of the very command that it is about."""
    said = error.format_message().replace("Value error, ", "").replace(_NO_NUMBER, "write a whole number")
    if said.startswith("Usage"):
        return said
    end = "" if said.endswith(("?", ".")) else "."
    command = error.ctx.command_path if error.ctx is not None else "scim-bridge"
    return f"scim-bridge: {said}{end} See: {command} --help"


def run(arguments: list[str]) -> int:
    """Run one command line and give its exit code."""
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="scim-bridge", standalone_mode=False)
    except UsageError as usage:
        tell(_usage(usage))
        return 2
    except ClickException as failure:
        tell(f"scim-bridge: {failure.format_message()}")
        return 1
    except (typer.Abort, KeyboardInterrupt):
        tell("scim-bridge: interrupted. Run the same command again to go on.")
        return 130
    except BridgeError as error:
        complain(error)
        return error.exit_code if isinstance(error, Stop) else 1
    except BrokenPipeError:
        return 1
    except Exception as error:
        logging.getLogger("scim_bridge").debug("the program failed", exc_info=True)
        tell(
            f"scim-bridge: the program failed ({type(error).__name__}: {error}). "
            "What was sent is on record; run again. SCIM_BRIDGE_LOG=debug shows where."
        )
        return 1
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
