"""What people are alerted to, once each: when it begins, when it grows, when it is over. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, NamedTuple, get_args

Event = Literal["guard", "quarantine", "administrator", "conflicts", "failed", "drift", "token", "overdue", "resolved"]
EVENTS: tuple[Event, ...] = get_args(Event)
URGENT: frozenset[Event] = frozenset({"guard", "quarantine", "administrator"})
"""Sent in quiet hours too: until a person acts, leavers keep their access, or someone has more than is wanted."""
SCHEDULE: frozenset[Event] = frozenset({"guard", "quarantine", "failed", "overdue"})
"""Reasons why no run goes through. When one takes the place of another, nothing is well again."""
TITLES: Mapping[Event, str] = {
    "guard": "a plan was stopped by the guard",
    "quarantine": "a schedule has stopped itself",
    "administrator": "administrators have changed",
    "conflicts": "conflicts wait for a decision",
    "failed": "a run failed",
    "drift": "someone else changed the target",
    "token": "a token expires",
    "overdue": "there is no good run",
    "resolved": "something is well again",
}


class Key(NamedTuple):
    """What a condition is about."""

    connection: str
    event: Event
    about: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is so at this moment. sentence: told to people; no names of people are in it.

    mark: how far it has come; another mark is an alert again. is_event: it has happened and is over, so that its first
    mark is only where counting begins, and no one hears that it is resolved.
    """

    key: Key
    sentence: str
    mark: str = ""
    is_event: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    """What was noted of a condition at an earlier look."""

    mark: str
    sentence: str


class Line(NamedTuple):
    """One line of a message."""

    event: Event
    connection: str
    sentence: str


class Look(NamedTuple):
    """What a look has found: new lines, what to note, what is over."""

    lines: tuple[Line, ...]
    now: tuple[Condition, ...]
    over: tuple[Key, ...]


def compare(noted: Mapping[Key, Noted], conditions: Iterable[Condition], events: frozenset[Event]) -> Look:
    """What is new since the look before. events: those that people want to hear of."""
    now = {condition.key: condition for condition in conditions}
    lines = [
        Line(key.event, key.connection, condition.sentence)
        for key, condition in now.items()
        if key.event in events and _is_news(condition, noted.get(key))
    ]
    over = tuple(key for key in noted if key not in now)
    if "resolved" in events:
        ended = [key for key in over if key.event in events and noted[key].sentence and not _is_replaced(key, now)]
        said = ((key, noted[key].sentence.partition(" See: ")[0]) for key in ended)
        lines += [Line("resolved", key.connection, f"resolved: {sentence}") for key, sentence in said]
    changed = tuple(c for c in now.values() if (old := noted.get(c.key)) is None or old != to_note(c))
    return Look(tuple(lines), changed, over)


def _is_replaced(key: Key, now: Iterable[Key]) -> bool:
    return key.event in SCHEDULE and any(one.connection == key.connection and one.event in SCHEDULE for one in now)


def _is_news(condition: Condition, before: Noted | None) -> bool:
    if before is None:
        return not condition.is_event
    return before.mark != condition.mark


def to_note(condition: Condition) -> Noted:
    """What to note of a condition. Of what has only happened no sentence: nothing of it can be over."""
    return Noted(condition.mark, "" if condition.is_event else condition.sentence)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when to when nothing is sent that can wait; over midnight where the end is earlier in the day."""

    begin: time
    end: time

    def over_at(self, now: datetime) -> datetime:
        """When a message of this moment may be sent: now, or at the end of the quiet hours that it falls into.

        now: in the zone of the hours.
        """
        at = now.time()
        is_inside = self.begin <= at < self.end if self.begin < self.end else at >= self.begin or at < self.end
        if not is_inside:
            return now
        end = datetime.combine(now.date(), self.end, now.tzinfo)
        return end if end > now else end + timedelta(days=1)


def title_of(lines: Sequence[Line]) -> str:
    """The first words of a message: what it is about, the most urgent first."""
    found = sorted({line.event for line in lines}, key=EVENTS.index)
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"scim-bridge: {TITLES[found[0]]}{more}"


def text_of(lines: Sequence[Line]) -> str:
    """A message: a line for each, the most urgent first."""
    return "\n".join(
        f"{line.connection}: {line.sentence}" for line in sorted(lines, key=lambda each: EVENTS.index(each.event))
    )
