"""How much of an endpoint's pace one run may use while others use it too (docs/decisions/0035).

Each run looks, about once a second, at what the others send. It does not ask for leave: all reckon alike, so that the
shares add up to the whole.
"""

from collections.abc import Sequence

from scim_bridge.model.traffic import Use

_ROOM, _LEAST = 1.1, 0.1
"""Who is not held back is left so many times what it uses, and so many requests a second more."""
_NEW = 4.0
"""By so much slower is a run until the others have seen that it has begun: they use all that there is."""
_SEEN = 0.9
"""Seconds from its first note until they have, when it looks the next time."""


class Share:
    """Of one run in a pace that is for all. weight: as how many requests each of ours counts, at least one.

    urgent_weight: the same for one that is urgent. is_seen: the others have had the time to look at what we send.
    """

    def __init__(self) -> None:
        self.weight = self.urgent_weight = 1.0
        self.is_seen = False
        self._noted_at: float | None = None

    def noted(self, now: float) -> None:
        """From this moment on others can see what we send."""
        if self._noted_at is None:
            self._noted_at = now

    def look(self, permitted: float, others: Sequence[Use], now: float) -> None:
        """Reckon again. permitted: requests a second for all. others: what each other run uses that uses any."""
        self.weight = self.urgent_weight = weight(permitted, others)
        self.is_seen = self._noted_at is not None and now >= self._noted_at + _SEEN
        if not self.is_seen and any(use.is_held_back for use in others):
            self.weight *= _NEW


def weight(permitted: float, others: Sequence[Use]) -> float:
    """As how many requests each of a run counts that could use more than it has."""
    equal = permitted / (len(others) + 1)
    if not others or equal == float("inf"):
        return float(len(others) + 1)
    taken = sum(equal if use.is_held_back else min(equal, _ROOM * use.per_second + _LEAST) for use in others)
    return permitted / (permitted - taken)
