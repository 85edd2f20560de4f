"""`run`: the long-running worker with the pages, as the container starts it."""

import signal
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from scim_bridge.cli.streams import tell

if TYPE_CHECKING:
    from scim_bridge.config.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("run")(run_command)


def run_command(context: typer.Context) -> int:
    """Sync every connection on its schedule and serve the pages, until SIGINT or SIGTERM."""
    from scim_bridge.config.settings import load

    run_forever(load(context.obj))
    return 0


def _tell_when(line: str) -> None:
    tell(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}")


def run_forever(settings: "Settings") -> None:
    """Worker and pages in one process. A signal lets the write in flight finish, then ends both."""
    from scim_bridge.cli.sign_in import sign_in_link
    from scim_bridge.run.bridge import longest_pause
    from scim_bridge.service.app import create_app
    from scim_bridge.service.serve import Served
    from scim_bridge.service.shown import Shown
    from scim_bridge.worker.forgetting import Forgetting
    from scim_bridge.worker.loop import work
    from scim_bridge.worker.pulse import Pulse
    from scim_bridge.worker.watch import Watch

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    connections = tuple(settings.connections.values())
    pulse = Pulse()
    shown = Shown(
        settings.state,
        {each.name: longest_pause(each) for each in connections},
        portal_sessions={each.name: each.switch.portal_session for each in connections},
        settings=settings.connections,
    )
    service = settings.service
    with Served(create_app(shown, service, pulse.is_moving), service.listen, service.tls) as pages:
        url = service.url(pages.address)
        tell(f"pages: {url}")
        if service.auth is None:
            tell(f"sign in, once and within 15 minutes: {sign_in_link(url, settings.state)}")
        forgetting = Forgetting(connections, settings.state, settings.keep)
        with Watch(settings) as watch:

            def tell_and_watch(line: str) -> None:
                _tell_when(line)
                watch.look_soon()

            work(connections, settings.state, stop, tell_and_watch, tidy=forgetting.step, pulse=pulse)
    tell("stopped")
