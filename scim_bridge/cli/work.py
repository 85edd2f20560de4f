"""`work`: the worker alone. The pages are those of `serve`, in another process on the same state."""

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from scim_bridge.cli.signals import heeding_signals
from scim_bridge.cli.streams import tell, tell_when

if TYPE_CHECKING:
    from scim_bridge.config.in_force import InForce
    from scim_bridge.worker.pulse import Pulse


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("work")(work_command)


def work_command(
    context: typer.Context,
    health: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="answer /healthz and /readyz there, and nothing else")
    ] = "",
) -> int:
    """Sync every connection on its schedule and carry out orders, without pages, until SIGINT or SIGTERM."""
    with heeding_signals() as asked:
        from scim_bridge.config.in_force import InForce
        from scim_bridge.config.settings import load
        from scim_bridge.worker.health import answering
        from scim_bridge.worker.pulse import Pulse

        configuration, pulse = InForce(load(context.obj), tell_when), Pulse()
        answers = answering(_address(health), pulse) if health else nullcontext(None)
        with answers as where, configuration.kept(asked.reread):
            if where is not None:
                tell(f"health: {where}")
            work_until(configuration, asked.stop, pulse)
    tell("stopped")
    return 0


def _address(text: str) -> tuple[str, int]:
    from scim_bridge.config import form

    try:
        return form.address(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text}{error}", param_hint="--health") from None


def work_until(configuration: "InForce", stop: threading.Event, pulse: "Pulse | None" = None) -> None:
    """Schedule, orders, alerts and the history's keeping, until stop is set. A write in flight is finished first.

    pulse: shows that the schedule goes on. Raises StateUnusable for a state that no run could use, such as one of a
    newer version.
    """
    from scim_bridge.state.writer import State
    from scim_bridge.worker.forgetting import Forgetting
    from scim_bridge.worker.loop import work
    from scim_bridge.worker.watch import Watch

    settings = configuration.settings
    with State(settings.state):
        pass  # brought up to date before anything else; a loop would only say again and again that it cannot be used
    forgetting = Forgetting(settings)
    configuration.follow(forgetting.take)
    with Watch(settings) as watch:
        configuration.follow(watch.take)

        def tell_and_watch(line: str) -> None:
            tell_when(line)
            watch.look_soon()

        work(
            configuration.connections,
            settings.state,
            stop,
            tell_and_watch,
            runs_at_once=settings.worker.runs_at_once,
            tidy=forgetting.step,
            pulse=pulse,
        )
