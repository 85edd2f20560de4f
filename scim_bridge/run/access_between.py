"""What two readings of who may enter what differ in, and what runs and people did between them."""

from scim_bridge.access.difference import Done, difference
from scim_bridge.errors import Misconfigured
from scim_bridge.model.access import AccessReading, Difference
from scim_bridge.model.wording import counted
from scim_bridge.state.access_memory import AccessMemory, Kept

TOO_LARGE = 200_000
"""Facts of a reading (a user, a membership, an assignment …) beyond which a page does not load two of them."""


def between(memory: AccessMemory, pair: tuple[Kept, Kept]) -> tuple[AccessReading, AccessReading, Difference]:
    """Both readings, the older one first, and their difference."""
    before, after = (_load(memory, kept) for kept in pair)
    done = Done(memory.operations(before.as_of, after.as_of), memory.decisions())
    return before, after, difference(before, after, done)


def _load(memory: AccessMemory, kept: Kept) -> AccessReading:
    reading = memory.load(kept.number)
    assert reading is not None  # noqa: S101 - its number was just read
    return reading


def pair_of(kept: list[Kept], numbers: list[int]) -> tuple[Kept, Kept]:
    """Which two: these, this one and the last, or the last two. Raises Misconfigured if there are no two."""
    if len(kept) < 2:
        has = counted(len(kept), "reading")
        raise Misconfigured(f"there is nothing to compare: the state has {has}", "Run: scim-bridge access --full")
    by_number = {each.number: each for each in kept}
    for number in numbers:
        if number not in by_number:
            listed = f"{kept[0].number} to {kept[-1].number}"
            raise Misconfigured(f"there is no reading {number}", f"The state has numbers from {listed}.")
    if not numbers:
        return kept[-2], kept[-1]
    chosen = sorted((by_number[number] for number in numbers), key=lambda each: each.number)
    return chosen[0], chosen[1] if len(chosen) == 2 else kept[-1]
