"""`serve`: the pages and the API alone. The runs are those of `work`, in another process on the same state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from scim_bridge.cli.signals import heeding_signals
from scim_bridge.cli.streams import tell, tell_when

if TYPE_CHECKING:
    from scim_bridge.config.in_force import InForce
    from scim_bridge.service.shown import Shown


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("serve")(serve_command)


def serve_command(context: typer.Context) -> int:
    """Serve the pages and the API without syncing, until SIGINT or SIGTERM. Start `work` beside it."""
    with heeding_signals() as asked:
        from scim_bridge.config.in_force import InForce
        from scim_bridge.config.settings import load

        configuration = InForce(load(context.obj), tell_when)
        with serving(configuration), configuration.kept(asked.reread):
            asked.stop.wait()
    tell("stopped")
    return 0


@contextmanager
def serving(configuration: "InForce", is_moving: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """The pages while the block lasts; where they are, and how to sign in, is said first. Raises StateUnusable.

    is_moving: whether the schedule of this process goes on, where it has one.
    """
    from scim_bridge.cli.sign_in import sign_in_link
    from scim_bridge.service.app import create_app, show
    from scim_bridge.service.serve import Served
    from scim_bridge.state.writer import State

    settings = configuration.settings
    with State(settings.state):
        pass  # brought up to date, or refused, before a page is asked for
    service = settings.service
    app = create_app(_shown(configuration), service, is_moving)
    configuration.follow(lambda _: show(app, _shown(configuration)))
    with Served(app, service.listen, service.tls) as pages:
        url = service.url(pages.address)
        tell(f"pages: {url}")
        if service.auth is None:
            tell(f"sign in, once and within 15 minutes: {sign_in_link(url, settings.state)}")
        yield


def _shown(configuration: "InForce") -> "Shown":
    from scim_bridge.run.bridge import longest_pause
    from scim_bridge.service.shown import Shown

    settings = configuration.settings
    connections = settings.connections
    return Shown(
        settings.state,
        {name: longest_pause(each) for name, each in connections.items()},
        settings=connections,
        refused=lambda: configuration.refused,
    )
