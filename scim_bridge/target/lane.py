"""The requests of one kind: when the next one may go, and at what pace.

AWS's newest page gives each API a quota of its own and memberships a further one; older pages give one quota for all
(docs/identity-center.md §5). So each lane searches its own pace (pace.py): what is throttled slows its own kind down
and no other. Where one quota is for all, each lane finds its share of it. The endpoint's bucket evens out what lies
above and below the quota.
"""

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from scim_bridge.model.traffic import Use
from scim_bridge.target.pace import Pace
from scim_bridge.target.share import Share

MOST_AT_ONCE = 20
"""Requests in a burst after an idle time: the smallest quota of one second that is documented."""
_FIRST_MEMBERSHIPS = 100.0
"""A second, to begin with: one full request."""
_MANY = 15
"""Memberships in a request, on average, from which on a 429 is taken to be about them."""
_WEIGHT = 0.1
"""Of the newest request in the average number of memberships."""
_SURE = 0.9
"""Of what several runs were seen to be let pass together: some of it came from a bucket that was full."""
_ALL_LOOK = 1.5
"""Seconds within which all runs have looked at what the others have found."""
_ALL = 0.97
"""Of what all send together when one of them meets a 429."""
_NEWEST = 0.5
"""Of the newest second in what a run uses recently."""


class Gate:
    """Spaces what passes by a pace; after an idle time a few at once. burst: how many at most."""

    def __init__(self, pace: Pace, burst: float) -> None:
        self.pace = pace
        self._burst = burst
        self._next = -math.inf

    def ready_at(self, now: float) -> float:
        """The moment from which the next one may pass."""
        # Turns that were not used go by: of an idle time only the burst may be made up for.
        at_once = min(self._burst, max(1.0, self.pace.per_second))
        return max(self._next, now - (at_once - 1) / self.pace.per_second)

    def take(self, now: float, cost: float) -> None:
        """One passes now, which counts as so many."""
        self._next = self.ready_at(now) + cost / self.pace.per_second

    def hold_until(self, moment: float) -> None:
        """None passes before, and no burst follows."""
        self._next = max(self._next, moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The leave to send one request, given at a moment. lane: its kind. members: memberships that it changes.

    held_back: the gate of its lane that made it wait longest, None if none did. weight: as how many it counts.
    """

    at: float
    lane: "Lane"
    members: int = 0
    held_back: Gate | None = None
    weight: float = 1.0


class Lane:
    """The requests of one kind: who waits for a turn, and the paces found for it. Not safe to use from several threads.

    ceiling: requests a second that are never exceeded, infinite if there is none. Its paces are those of all runs
    together at this endpoint: while others send the same kind, each request of this run counts as several (share.py).
    """

    def __init__(self, ceiling: float = math.inf) -> None:
        self.urgent: deque[threading.Event] = deque()
        self.waiting: deque[threading.Event] = deque()
        self._requests = Gate(Pace(most=ceiling), MOST_AT_ONCE)
        self._memberships = Gate(Pace(_FIRST_MEMBERSHIPS), 1)
        self._usual_members = 0.0
        self._cut_at = -math.inf
        self._share = Share()
        self._passed = self._taken = self._waited = 0
        self._used = self._together = 0.0
        self._was_throttled = False
        self.was_used = False

    @property
    def head(self) -> threading.Event | None:
        """Who has the next turn."""
        return self.urgent[0] if self.urgent else self.waiting[0] if self.waiting else None

    @property
    def per_second(self) -> float:
        """The pace of all runs together at this moment, in requests a second."""
        requests, members = self._requests.pace.per_second, self._memberships.pace.per_second
        return min(requests, members / self._usual_members) if self._usual_members else requests

    @property
    def own_per_second(self) -> float:
        """The share of this run."""
        return self.per_second / self._share.weight

    def use(self, seconds: float, now: float) -> Use:
        """What was let pass recently. seconds: since it was asked last."""
        self._used += _NEWEST * (self._passed / seconds - self._used)
        is_held_back = self._waited > self._taken / 2 or bool(self.head) or not self._share.is_seen
        self._passed = self._taken = self._waited = 0
        self._share.noted(now)
        pace, was_throttled = self._requests.pace, self._was_throttled
        self._was_throttled = False
        return Use(
            self._used,
            pace.held,
            is_limit=pace.failed < math.inf,
            is_held_back=is_held_back,
            is_throttled=was_throttled,
        )

    def share(self, earlier: Sequence[Use], later: Sequence[Use], now: float) -> None:
        """What the runs use that have begun before this one, and after it, of those that use any."""
        others, pace = (*earlier, *later), self._requests.pace
        leader = next((use for use in earlier if use.is_held_back), None)
        # One searches, the others go by what it has found: the trials of all of them would add up.
        pace.searches, pace.is_shared = leader is None, bool(others)
        self._together = sum(use.per_second for use in others) + self._used
        if leader is not None and leader.is_limit:
            is_slower = now < self._cut_at + 2 * _ALL_LOOK
            pace.follow(min(leader.pace, pace.held) if is_slower else leader.pace, now)
        elif leader is None:
            slower = [use.pace for use in later if use.is_throttled and use.is_held_back]
            if slower and pace.is_trying:
                pace.throttled(now, self._share.weight, now)
            if slower and min(slower) < pace.held:
                pace.follow(min(slower), now)
        if others:
            # Whatever a run has found that began beside others: what all of them send together is let pass.
            pace.at_least(_SURE * self._together, now)
        self._share.look(self.per_second, others, now)

    def ready_at(self, now: float, members: int = 0) -> tuple[float, Gate]:
        """The moment from which the next request may go, and what it waits for."""
        gates = (self._requests, self._memberships) if members else (self._requests,)
        gate = max(gates, key=lambda one: one.ready_at(now))
        return gate.ready_at(now), gate

    def take(
        self,
        now: float,
        members: int = 0,
        held_back: Gate | None = None,
        *,
        has_waited: bool = False,
        urgent: bool = False,
    ) -> Turn:
        """A request goes now. has_waited: it could have gone earlier, if no pace had held it back."""
        self.was_used = True
        self._taken += 1
        self._waited += has_waited
        weight = self._share.urgent_weight if urgent else self._share.weight
        self._requests.take(now, weight)
        if members:
            self._memberships.take(now, members * weight)
            usual = self._usual_members or members
            self._usual_members = usual + _WEIGHT * (members - usual)
        return Turn(at=now, lane=self, members=members, held_back=held_back, weight=weight)

    def pause(self, until: float) -> None:
        """No one's turn comes before this moment, and no burst follows."""
        self._requests.hold_until(until)

    def accepted(self, turn: Turn) -> None:
        """The request of this turn was within the quota. The pace that made it wait may grow."""
        self._passed += 1
        self._requests.pace.accepted(turn.at, turn.weight, was_held_back=turn.held_back is self._requests)
        if turn.members:
            held_back = turn.held_back is self._memberships
            self._memberships.pace.accepted(turn.at, turn.members * turn.weight, was_held_back=held_back)

    def throttled(self, turn: Turn, now: float) -> None:
        """The request of this turn was answered 429. One cut for all that were sent at the pace that was too fast."""
        # Many requests are under way at once: those sent before the last cut were sent at the pace that it cut.
        # What several runs send is as slow as it should be when each of them has looked at the others.
        if turn.at <= self._cut_at + (_ALL_LOOK if self._share.weight > 1 else 0):
            return
        self._cut_at, self._was_throttled = now, True
        # The answer does not say which quota it was. Requests about many memberships are too few to exceed that of
        # requests, which is 20 a second or more.
        if turn.members and self._usual_members >= _MANY:
            self._memberships.pace.throttled(turn.at, turn.members * turn.weight, now)
        else:
            self._requests.pace.throttled(turn.at, turn.weight, now)
            if self._share.weight > 1 and self._requests.pace.held > _ALL * self._together > 0:
                self._requests.pace.follow(_ALL * self._together, now)
