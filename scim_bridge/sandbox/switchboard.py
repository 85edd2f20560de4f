"""The switches of an emulator: which fault meets a request, on demand or at random, the same ones for the same seed."""

from collections.abc import Callable
from random import Random
from typing import Generic, Protocol, TypeVar


class Switch(Protocol):
    """When a fault strikes. skip: so many fitting requests pass first. chance: of each after them, 0 to 1.

    left: how many more times it strikes, None = forever.
    """

    skip: int
    chance: float
    left: int | None


AnySwitch = TypeVar("AnySwitch", bound=Switch)


class Switchboard(Generic[AnySwitch]):
    """All switches, tried in order; the first that strikes counts."""

    def __init__(self, seed: int = 0) -> None:
        self.faults: list[AnySwitch] = []
        self.random = Random(seed)

    def strike(self, fits: Callable[[AnySwitch], bool]) -> AnySwitch | None:
        """The fault that meets a request, if any of those that fit it does."""
        for fault in self.faults:
            if fault.left == 0 or not fits(fault):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.chance < 1 and self.random.random() >= fault.chance:
                continue
            if fault.left is not None:
                fault.left -= 1
            return fault
        return None
