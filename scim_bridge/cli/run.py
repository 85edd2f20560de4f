"""`run`: the worker with the pages, as the container starts it; `work` and `serve` are its two halves."""

from typing import TYPE_CHECKING

import typer

from scim_bridge.cli.signals import Asked, heeding_signals
from scim_bridge.cli.streams import tell, tell_when

if TYPE_CHECKING:
    from scim_bridge.config.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("run")(run_command)


def run_command(context: typer.Context) -> int:
    """Sync every connection on its schedule and serve the pages, until SIGINT or SIGTERM."""
    with heeding_signals() as asked:
        from scim_bridge.config.settings import load

        run_until(load(context.obj), asked)
    return 0


def run_until(settings: "Settings", asked: Asked) -> None:
    """Both halves in one process, until asked to stop. The pages are there while the last write is finished."""
    from scim_bridge.cli.serve import serving
    from scim_bridge.cli.work import work_until
    from scim_bridge.config.in_force import InForce
    from scim_bridge.worker.pulse import Pulse

    configuration, pulse = InForce(settings, tell_when), Pulse()
    with serving(configuration, pulse.is_moving), configuration.kept(asked.reread):
        work_until(configuration, asked.stop, pulse)
    tell("stopped")
