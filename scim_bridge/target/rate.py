"""Whose turn it is to send a request, and when: a lane for each kind of it (lane.py), and a ceiling over all lanes."""

import math
import threading
from collections.abc import Callable, Sequence
from time import monotonic, sleep

from scim_bridge.errors import AskedToStop
from scim_bridge.model.protocol import never
from scim_bridge.model.traffic import Use, Uses
from scim_bridge.target.lane import MOST_AT_ONCE, Gate, Lane, Turn
from scim_bridge.target.pace import Pace
from scim_bridge.target.share import Share

_HAIR = 1e-6
"""Seconds: what a clock cannot tell apart."""
_SOON = 1.0
"""Seconds that what is urgent may still wait for its turn once the run is asked to stop."""
_STOP_SEEN = 0.1
"""Seconds within which a wait ends once the run is asked to stop; some waits are as long as an endpoint asks for."""


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
        self._ceiling = Gate(Pace(self._most, self._most), MOST_AT_ONCE)
        self._clock = clock
        self._sleep = wait
        self._is_stopping = is_stopping
        self._lock = threading.Lock()
        self._earlier: Sequence[Uses] = ()
        self._later: Sequence[Uses] = ()
        self._asked_at = clock()
        self._share = Share()
        self._lanes: dict[str, Lane] = {}

    def per_second(self, kind: str = "") -> float:
        """The pace of this kind at this moment, in requests a second; while others send it too, our share."""
        with self._lock:
            return self._lane(kind).own_per_second

    def paces(self) -> dict[str, float]:
        """Kind of request → the pace of all runs together at this moment, of the kinds that were sent."""
        with self._lock:
            return {kind: lane.per_second for kind, lane in self._lanes.items() if lane.was_used}

    def uses(self) -> Uses:
        """Kind of request → what was let pass since it was asked last."""
        with self._lock:
            now = self._clock()
            seconds, self._asked_at = max(_HAIR, now - self._asked_at), now
            uses = {kind: lane.use(seconds, now) for kind, lane in self._lanes.items() if lane.was_used}
            if uses:
                self._share.noted(now)
            return uses

    def share(self, earlier: Sequence[Uses], later: Sequence[Uses]) -> None:
        """Leave the others their share from now on: what the runs use that have begun before this one, and after."""
        with self._lock:
            self._earlier, self._later = earlier, later
            self._share.look(self._most, [_together(uses) for uses in (*earlier, *later)], self._clock())
            for kind, lane in self._lanes.items():
                self._share_lane(kind, lane)

    def _lane(self, kind: str) -> Lane:
        lane = self._lanes.get(kind)
        if lane is None:
            lane = self._lanes[kind] = Lane(self._most)
            self._share_lane(kind, lane)
        return lane

    def _share_lane(self, kind: str, lane: Lane) -> None:
        earlier, later = ([uses[kind] for uses in side if kind in uses] for side in (self._earlier, self._later))
        lane.share(earlier, later, self._clock())

    def acquire(self, kind: str = "", *, members: int = 0, urgent: bool = False) -> Turn:
        """Wait for this request's turn. kind: whose pace it goes at. members: memberships that it changes.

        urgent: before everyone who waits and is not, of other kinds too; a pause holds both. Raises AskedToStop.
        """
        ticket = threading.Event()
        with self._lock:
            lane = self._lane(kind)
            queue = lane.urgent if urgent else lane.waiting
            queue.append(ticket)
        held_back: Gate | None = None
        has_waited = False
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
                            self._ceiling.take(now, self._share.urgent_weight if urgent else self._share.weight)
                            return lane.take(now, members, held_back, has_waited=has_waited, urgent=urgent)
                        held_back, has_waited = gate or held_back, True
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
            self._lane(kind).pause(self._clock() + seconds)

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
            ready = max(ready, now) + before * self._share.weight / self._most if before else ready
        return ready - now, gate if own >= common else None


def _together(uses: Uses) -> Use:
    """All kinds of one run, for the ceiling."""
    each = uses.values()
    return Use(sum(use.per_second for use in each), is_held_back=any(use.is_held_back for use in each))
