"""`work`: the worker alone. The pages are those of `serve`, in another process on the same state."""

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from scim_bridge.cli.signals import stopped_by_signal
from scim_bridge.cli.streams import tell

if TYPE_CHECKING:
    from scim_bridge.config.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("work")(work_command)


def work_command(context: typer.Context) -> int:
    """Sync every connection on its schedule and carry out orders, without pages, until SIGINT or SIGTERM."""
    with stopped_by_signal() as stop:
        from scim_bridge.config.settings import load

        work_until(load(context.obj), stop)
    tell("stopped")
    return 0


def work_until(settings: "Settings", stop: threading.Event) -> None:
    """Schedule, orders, alerts and the history's keeping, until stop is set. A write in flight is finished first.

    Raises StateUnusable for a state that no run could use, such as that of a newer version.
    """
    from scim_bridge.state.writer import State
    from scim_bridge.worker.forgetting import Forgetting
    from scim_bridge.worker.loop import work
    from scim_bridge.worker.watch import Watch

    with State(settings.state):
        pass  # brought up to date before anything else; a loop would only say again and again that it cannot be used
    connections = tuple(settings.connections.values())
    forgetting = Forgetting(connections, settings.state, settings.keep)
    with Watch(settings) as watch:

        def tell_and_watch(line: str) -> None:
            tell(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}")
            watch.look_soon()

        work(connections, settings.state, stop, tell_and_watch, tidy=forgetting.step)
