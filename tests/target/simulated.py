"""An endpoint and the lanes of its client, simulated moment by moment: nothing is waited for, nothing is threaded."""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from scim_bridge.target.lane import Gate, Lane, Turn

Permits = Callable[[str, int, float], bool]
"""Whether a request of this kind with so many memberships may pass at this moment."""


@dataclass
class Told:
    """What became of one kind of request: the moments at which they were let through, or answered 429."""

    accepted: list[tuple[float, int]] = field(default_factory=list)
    throttled: list[float] = field(default_factory=list)

    def per_second(self, begin: float, end: float) -> float:
        """Requests let through a second, between two moments."""
        return sum(begin <= at < end for at, _ in self.accepted) / (end - begin)

    def members_per_second(self, begin: float, end: float) -> float:
        """Memberships of these."""
        return sum(members for at, members in self.accepted if begin <= at < end) / (end - begin)


@dataclass
class Simulation:
    """Kinds of requests against an endpoint. members: kind → memberships of the next request.

    latency, jitter: seconds; retry_after: seconds with each 429. work: kind → how many requests, endless if left out.
    begun: moment of the first request, for an endpoint that has been used before.
    """

    permits: Permits
    members: Mapping[str, Callable[[], int]]
    ceiling: float = math.inf
    latency: float = 0.06
    jitter: float = 0.01
    retry_after: float | None = None
    seed: int = 0
    begun: float = 0.0
    work: Mapping[str, int] = field(default_factory=dict)

    def run(self, seconds: float = math.inf) -> dict[str, Told]:
        """So many seconds of it, or until all work is done."""
        chance = Random(self.seed)
        lanes = {kind: Lane(self.ceiling) for kind in self.members}
        told = {kind: Told() for kind in self.members}
        under_way: list[tuple[float, int, str, Turn, bool]] = []
        arrived, number, now = self.begun, 0, self.begun
        asked = {kind: next_members() for kind, next_members in self.members.items()}
        was_held: dict[str, Gate] = {}
        left: dict[str, float] = {kind: self.work.get(kind, math.inf) for kind in self.members}
        while now < self.begun + seconds:
            going = [kind for kind in lanes if left[kind]]
            ready = {kind: lanes[kind].ready_at(now, asked[kind]) for kind in going}
            moment = min((max(now, at) for at, _ in ready.values()), default=math.inf)
            if under_way and under_way[0][0] <= moment:
                now, _, kind, turn, is_accepted = heapq.heappop(under_way)
                if is_accepted:
                    lanes[kind].accepted(turn)
                else:
                    lanes[kind].throttled(turn, now)
                    left[kind] += 1
                    if self.retry_after:
                        lanes[kind].pause(now + self.retry_after)
                continue
            if moment == math.inf:
                break
            for kind, (at, gate) in ready.items():
                if at > now:
                    was_held[kind] = gate
            now = moment
            kind = min(going, key=lambda one: ready[one][0])
            turn = lanes[kind].take(now, asked[kind], was_held.pop(kind, None))
            # Requests may overtake each other by as much as the jitter, but the buckets see time go forward.
            arrived = max(arrived, now + self.latency / 2 + chance.random() * self.jitter)
            is_accepted = self.permits(kind, asked[kind], arrived)
            if is_accepted:
                told[kind].accepted.append((now, asked[kind]))
            else:
                told[kind].throttled.append(now)
            left[kind] -= 1
            number += 1
            heapq.heappush(under_way, (max(arrived, now) + self.latency / 2, number, kind, turn, is_accepted))
            asked[kind] = self.members[kind]()
        return told
