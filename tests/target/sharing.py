"""Several runs at one endpoint, each with a pace of its own, simulated moment by moment: nothing is waited for."""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from scim_bridge.model.traffic import Uses
from scim_bridge.target.lane import Gate, Turn
from scim_bridge.target.rate import Rate

KIND = "POST Users"


@dataclass
class Bucket:
    """So many a second, and as many at once after an idle time."""

    rate: float
    left: float = 0.0
    at: float = 0.0

    def permits(self, now: float) -> bool:
        self.left = min(self.rate, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class Sender:
    """A run. begins, ends: when it sends. wants: requests a second, endless unless it has little to do."""

    rate: Rate
    begins: float = 0.0
    ends: float = float("inf")
    wants: float = float("inf")
    passed: list[float] = field(default_factory=list)
    throttled: list[float] = field(default_factory=list)
    noted: Uses = field(default_factory=dict)
    next_wanted: float = 0.0
    held: Gate | None = None
    has_waited: bool = False


@dataclass
class Endpoint:
    """What several runs send to it. ceiling: requests_per_second of each, None for auto."""

    permitted: float
    ceiling: float | None = None
    latency: float = 0.06
    seed: int = 0
    now: float = 0.0
    senders: list[Sender] = field(default_factory=list)

    def add(self, begins: float = 0.0, ends: float = float("inf"), wants: float = float("inf")) -> Sender:
        """One more run."""
        self.senders.append(Sender(Rate(self.ceiling, lambda: self.now), begins, ends, wants, next_wanted=begins))
        return self.senders[-1]

    def run(self, seconds: float) -> None:
        """So many seconds of it."""
        chance, bucket, number = Random(self.seed), Bucket(self.permitted, self.permitted), 0
        events: list[tuple[float, int, str, Sender, Turn | None]] = []

        def later(at: float, what: str, sender: Sender, turn: Turn | None = None) -> None:
            nonlocal number
            number += 1
            heapq.heappush(events, (at, number, what, sender, turn))

        for sender in self.senders:
            later(sender.begins, "look", sender)
            later(sender.begins + 0.25, "note", sender)
            later(sender.begins + 0.001, "send", sender)
        while events:
            at, _, what, sender, turn = heapq.heappop(events)
            if at > seconds:
                return
            self.now = max(self.now, at)
            if what == "note" and self.now < sender.ends:
                sender.noted = sender.rate.uses()
                self._look(sender)
                later(self.now + 1 + chance.random() / 20, "note", sender)
            elif what == "look":
                self._look(sender)
            elif what == "send" and self.now < sender.ends:
                self._send(sender, later)
            elif what == "arrive" and turn is not None:
                is_passed = bucket.permits(self.now)
                later(self.now + self.latency / 2, "passed" if is_passed else "throttled", sender, turn)
            elif what == "passed" and turn is not None:
                sender.passed.append(self.now)
                sender.rate.accepted(turn)
            elif what == "throttled" and turn is not None:
                sender.throttled.append(self.now)
                sender.rate.throttled(turn)

    def _look(self, sender: Sender) -> None:
        mine = self.senders.index(sender)
        sides = self.senders[:mine], self.senders[mine + 1 :]
        earlier, later = ([each.noted for each in side if each.noted and each.ends > self.now] for side in sides)
        sender.rate.share(earlier, later)

    def _send(self, sender: Sender, later: Callable[..., None]) -> None:
        rate = sender.rate
        if self.now < sender.next_wanted:
            later(sender.next_wanted, "send", sender)
            return
        with rate._lock:
            lane = rate._lane(KIND)
            seconds, gate = rate._seconds_left(lane, 0, self.now, urgent=False)
            if seconds > 1e-6:
                sender.held, sender.has_waited = gate or sender.held, True
                later(self.now + seconds, "send", sender)
                return
            rate._ceiling.take(self.now, rate._share.weight)
            turn = lane.take(self.now, 0, sender.held, has_waited=sender.has_waited)
        sender.held, sender.has_waited = None, False
        if sender.wants < float("inf"):
            sender.next_wanted = max(sender.next_wanted, self.now - 1) + 1 / sender.wants
        later(self.now + self.latency / 2 + Random(self.now).random() * 0.01, "arrive", sender, turn)
        later(self.now, "send", sender)

    def passed(self, begin: float, end: float) -> Mapping[int, float]:
        """Requests a second of each run between two moments."""
        return {n: sum(begin <= at < end for at in each.passed) / (end - begin) for n, each in enumerate(self.senders)}

    def share_throttled(self, begin: float, end: float) -> float:
        """Of all requests between two moments, those that were answered 429."""
        throttled = sum(begin <= at < end for each in self.senders for at in each.throttled)
        passed = sum(begin <= at < end for each in self.senders for at in each.passed)
        return throttled / max(1, throttled + passed)
