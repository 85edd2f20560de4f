"""Orders carried out without a worker, one after the other, in this process; and one sync of the schedule."""

import threading

from scim_bridge.config.settings import ConnectionSettings, load
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.writer import State
from scim_bridge.worker.loop import run_once
from scim_bridge.worker.task import Task, carry_out
from tests.e2e.world import World


def carry_out_orders(world: World) -> None:
    """Until none waits."""
    settings = load(world.config)
    with State(world.state) as state:
        for order in state.orders.open():
            assert state.orders.take(order.id, "test")
            task = Task(settings.connection(order.placed.connection), world.state, order)
            carry_out(task, state, lambda: False)


def synced(connection: ConnectionSettings, world: World, stop: threading.Event | None = None) -> str:
    """The line about one sync, as the schedule has it done."""
    kept = KeptOpen(world.state)
    try:
        return run_once(connection, kept, stop or threading.Event()).line
    finally:
        kept.close()
