"""Whether the schedule goes on, as `/readyz` asks it."""

from scim_bridge.worker.pulse import Pulse


def test_it_moves_while_it_looks_around() -> None:
    at = [0.0]
    pulse = Pulse(lambda: at[0])
    assert pulse.is_moving()
    at[0] = 119.0
    assert pulse.is_moving()
    at[0] = 120.0
    assert not pulse.is_moving()
    pulse.beat()
    assert pulse.is_moving()
