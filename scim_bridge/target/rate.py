"""Whose turn it is to send a request, and when: a lane for each kind of request, and a ceiling over all of them.

AWS's newest page gives each API a quota of its own and memberships a further one; older pages give one quota for all
(docs/identity-center.md §5). So each lane searches its own pace (pace.py): what is throttled slows its own kind down
and no other. Where one quota is for all, each lane finds its share of it. The endpoint's bucket evens out what lies
above and below the quota.
"""

import math
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep

from scim_bridge.errors import AskedToStop
from scim_bridge.model.protocol import never
from scim_bridge.target.pace import Pace

_MOST_AT_ONCE = 20
"""Requests in a burst after an idle time: the smallest quota of one second that is documented."""
_FIRST_MEMBERSHIPS = 100.0
"""A second, to begin with: one full request."""
_MANY = 15
"""Memberships in a request, on average, from which on a 429 is taken to be about them."""
_WEIGHT = 0.1
"""Of the newest request in the average number of memberships."""
_HAIR = 1e-6
"""Seconds: what a clock cannot tell apart."""
_SOON = 1.0
"""Seconds that what is urgent may still wait for its turn once the run is asked to stop."""
_STOP_SEEN = 0.1
"""Seconds within which a wait ends once the run is asked to stop; some waits are as long as an endpoint asks for."""


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

    held_back: the gate of its lane that made it wait longest, None if none did.
    """

    at: float
    lane: "Lane"
    members: int = 0
    held_back: Gate | None = None


class Lane:
    """The requests of one kind: who waits for a turn, and the paces found for it. Not safe to use from several threads.

    ceiling: requests a second that are never exceeded, infinite if there is none.
    """

    def __init__(self, ceiling: float = math.inf) -> None:
        self.urgent: deque[threading.Event] = deque()
        self.waiting: deque[threading.Event] = deque()
        self._requests = Gate(Pace(most=ceiling), _MOST_AT_ONCE)
        self._memberships = Gate(Pace(_FIRST_MEMBERSHIPS), 1)
        self._usual_members = 0.0
        self._cut_at = -math.inf
        self.was_used = False

    @property
    def head(self) -> threading.Event | None:
        """Who has the next turn."""
        return self.urgent[0] if self.urgent else self.waiting[0] if self.waiting else None

    @property
    def per_second(self) -> float:
        """The pace at this moment, in requests a second."""
        requests, members = self._requests.pace.per_second, self._memberships.pace.per_second
        return min(requests, members / self._usual_members) if self._usual_members else requests

    def ready_at(self, now: float, members: int = 0) -> tuple[float, Gate]:
        """The moment from which the next request may go, and what it waits for."""
        gates = (self._requests, self._memberships) if members else (self._requests,)
        gate = max(gates, key=lambda one: one.ready_at(now))
        return gate.ready_at(now), gate

    def take(self, now: float, members: int = 0, held_back: Gate | None = None) -> Turn:
        """A request goes now."""
        self.was_used = True
        self._requests.take(now, 1)
        if members:
            self._memberships.take(now, members)
            usual = self._usual_members or members
            self._usual_members = usual + _WEIGHT * (members - usual)
        return Turn(at=now, lane=self, members=members, held_back=held_back)

    def pause(self, until: float) -> None:
        """No one's turn comes before this moment, and no burst follows."""
        self._requests.hold_until(until)

    def accepted(self, turn: Turn) -> None:
        """The request of this turn was within the quota. The pace that made it wait may grow."""
        self._requests.pace.accepted(turn.at, 1, was_held_back=turn.held_back is self._requests)
        if turn.members:
            held_back = turn.held_back is self._memberships
            self._memberships.pace.accepted(turn.at, turn.members, was_held_back=held_back)

    def throttled(self, turn: Turn, now: float) -> None:
        """The request of this turn was answered 429. One cut for all that were sent at the pace that was too fast."""
        # Many requests are under way at once: those sent before the last cut were sent at the pace that it cut.
        if turn.at <= self._cut_at:
            return
        self._cut_at = now
        # The answer does not say which quota it was. Requests about many memberships are too few to exceed that of
        # requests, which is 20 a second or more.
        if turn.members and self._usual_members >= _MANY:
            self._memberships.pace.throttled(turn.at, turn.members, now)
        else:
            self._requests.pace.throttled(turn.at, 1, now)


class Rate:
    """Lets requests pass, each kind at a pace of its own, all together never above `ceiling` a second.

    ceiling: requests a second (target.requests_per_second), None for no other limit than the paces that are found.
    clock and wait: seconds, exchanged in tests so that they wait for nothing. is_stopping: from then on no request has
    leave to go, neither one that waits nor one that is tried again; what is urgent still has it, if it need not wait.
    Safe to use from several threads.
    """

    def __init__(
        self,
        ceiling: float | None = None,
        clock: Callable[[], float] = monotonic,
        wait: Callable[[float], None] = sleep,
        *,
        is_stopping: Callable[[], bool] = never,
    ) -> None:
        self._most = ceiling if ceiling is not None else math.inf
        self._ceiling = Gate(Pace(self._most, self._most), _MOST_AT_ONCE)
        self._clock = clock
        self._sleep = wait
        self._is_stopping = is_stopping
        self._lock = threading.Lock()
        self._lanes: dict[str, Lane] = defaultdict(lambda: Lane(self._most))

    def per_second(self, kind: str = "") -> float:
        """The pace of this kind at this moment, in requests a second."""
        with self._lock:
            return self._lanes[kind].per_second

    def paces(self) -> dict[str, float]:
        """Kind of request → the pace at this moment, of the kinds that were sent."""
        with self._lock:
            return {kind: lane.per_second for kind, lane in self._lanes.items() if lane.was_used}

    def acquire(self, kind: str = "", *, members: int = 0, urgent: bool = False) -> Turn:
        """Wait for this request's turn. kind: whose pace it goes at. members: memberships that it changes.

        urgent: before everyone who waits and is not, of other kinds too; a pause holds both. Raises AskedToStop.
        """
        ticket = threading.Event()
        with self._lock:
            lane = self._lanes[kind]
            queue = lane.urgent if urgent else lane.waiting
            queue.append(ticket)
        held_back: Gate | None = None
        try:
            while True:
                if not urgent:
                    self._require_going_on()
                with self._lock:
                    now = self._clock()
                    is_next = lane.head is ticket
                    if is_next:
                        seconds, gate = self._seconds_left(lane, members, now, urgent=urgent)
                        if seconds <= _HAIR:
                            self._ceiling.take(now, 1)
                            return lane.take(now, members, held_back)
                        held_back = gate or held_back
                    else:
                        ticket.clear()
                # Only the first of a lane looks at the clock. The others are woken when they are the first, or each
                # turn would wake all of them.
                if is_next and urgent and seconds <= _SOON:
                    # A deactivation may need a second request: if its other changes are refused, it is sent without.
                    self._sleep(seconds)
                elif is_next:
                    self.wait(seconds)
                else:
                    ticket.wait()
        finally:
            with self._lock:
                queue.remove(ticket)
                if lane.head is not None:
                    lane.head.set()

    def wait(self, seconds: float) -> None:
        """Let this thread wait. Raises AskedToStop as soon as the run is asked to stop."""
        if self._is_stopping is never:
            self._sleep(seconds)
            return
        end = self._clock() + seconds
        while (left := end - self._clock()) > 0:
            self._require_going_on()
            self._sleep(min(left, _STOP_SEEN))

    def _require_going_on(self) -> None:
        if self._is_stopping():
            raise AskedToStop("the run was asked to stop before this was sent", "The next run goes on from there.")

    def pause(self, seconds: float, kind: str = "") -> None:
        """No one's turn of this kind comes before this many seconds are over, and no burst follows."""
        with self._lock:
            self._lanes[kind].pause(self._clock() + seconds)

    def accepted(self, turn: Turn) -> None:
        """The request of this turn was within the quota."""
        with self._lock:
            turn.lane.accepted(turn)

    def throttled(self, turn: Turn) -> None:
        """The request of this turn was answered 429."""
        with self._lock:
            turn.lane.throttled(turn, self._clock())

    def _seconds_left(self, lane: Lane, members: int, now: float, *, urgent: bool) -> tuple[float, Gate | None]:
        """Until the turn of the first of this lane, and the lane's own gate if that is what it waits for."""
        own, gate = lane.ready_at(now, members)
        common = self._ceiling.ready_at(now)
        ready = max(own, common)
        if not urgent and self._most < math.inf:
            # Who is urgent goes first under the common ceiling, whatever the kind.
            before = sum(bool(one.urgent) and one.ready_at(now)[0] <= ready for one in self._lanes.values())
            ready = max(ready, now) + before / self._most if before else ready
        return ready - now, gate if own >= common else None
