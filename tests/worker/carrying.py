"""Orders carried out without a worker, one after the other, in this process."""

from scim_bridge.config.settings import load
from scim_bridge.state.writer import State
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
