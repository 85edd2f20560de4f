"""`run`: the worker with the pages, as the container starts it; `work` and `serve` are its two halves."""

import threading
from typing import TYPE_CHECKING

import typer

from scim_bridge.cli.signals import stopped_by_signal
from scim_bridge.cli.streams import tell

if TYPE_CHECKING:
    from scim_bridge.config.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("run")(run_command)


def run_command(context: typer.Context) -> int:
    """Sync every connection on its schedule and serve the pages, until SIGINT or SIGTERM."""
    with stopped_by_signal() as stop:
        from scim_bridge.config.settings import load

        run_until(load(context.obj), stop)
    return 0


def run_until(settings: "Settings", stop: threading.Event) -> None:
    """Both halves in one process, until stop is set. The pages are there while the last write is finished."""
    from scim_bridge.cli.serve import serving
    from scim_bridge.cli.work import work_until

    with serving(settings):
        work_until(settings, stop)
    tell("stopped")
