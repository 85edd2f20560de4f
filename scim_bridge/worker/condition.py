"""What is so at this moment that people want to hear of (model/alert.py), found in the state.

Sentences name connections, runs and numbers, and the command that shows the rest; never people: a message leaves the
machine, by ways that others can read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.model.alert import Condition, Key, Noted
from scim_bridge.model.watched import RunTotal, Watched
from scim_bridge.model.wording import counted
from scim_bridge.run.bridge import endpoint_key, longest_pause
from scim_bridge.state.alert import AlertBook

INTERVALS = 3
"""So many intervals without a good run are too many; and never less than _LEAST, for who waits behind others."""
_LEAST = timedelta(minutes=15)
_TOKEN_DAYS = (0, 7, 30, 90)
_CAUSES = {"credentials": "its credentials were refused", "failures": "its runs failed several times in a row"}


class Conditions:
    """Finds them. now: when this process began; what lies before it is not held against the schedule."""

    def __init__(self, connections: Mapping[str, ConnectionSettings], now: datetime) -> None:
        self._began: dict[str, datetime] = {}
        self._scanned: dict[str, str] = {}
        self.take(connections, now)

    def take(self, connections: Mapping[str, ConnectionSettings], now: datetime) -> None:
        """The connections from now on: what lies before one is there is not held against its schedule."""
        self._began = {name: self._began.get(name, now) for name in connections}
        self._connections = connections

    def find(self, book: AlertBook, watched: Watched, noted: Mapping[Key, Noted], now: datetime) -> list[Condition]:
        """All of them. now: UTC."""
        found = [*self._conflicts(book)]
        seen: set[str] = set()
        for name, connection in self._connections.items():
            began = self._began[name]
            found += _of_schedule(watched, connection, max(began, _good(watched, name) or began), now)
            found += _token(connection, now)
            found += self._administrators(book, name, noted)
            endpoint = endpoint_key(connection.target.url)
            # In shadow the other program writes all day. What two connections share is one alert.
            if endpoint and endpoint not in seen and not connection.shadow:
                seen.add(endpoint)
                found += _drift(book, name, endpoint, noted)
        return found

    def _conflicts(self, book: AlertBook) -> Iterator[Condition]:
        for (name, kind), (count, newest) in book.conflicts().items():
            if name in self._connections:
                waits = "waits" if count == 1 else "wait"
                sentence = f"{counted(count, 'conflict')} {waits} for a decision ({kind}). See: scim-bridge conflicts"
                yield Condition(Key(name, "conflicts", kind), sentence, newest)

    def _administrators(self, book: AlertBook, name: str, noted: Mapping[Key, Noted]) -> Iterator[Condition]:
        key = Key(name, "administrator")
        until = book.ended_until(name)
        mark = noted[key].mark if key in noted else until
        runs = book.administrators(name, max(mark, self._scanned.get(name, ""))) if key in noted else []
        if not runs:
            # Only what changed nothing is not looked through again: a look that fails must find the rest once more.
            self._scanned[name] = until
            yield Condition(key, "", mark, is_event=True)
            return
        gained, lost = sum(run.gained for run in runs), sum(run.lost for run in runs)
        said = [f"{counted(gained, 'user')} gained"] if gained else []
        said += [f"{counted(lost, 'user')} lost"] if lost else []
        sentence = f"{' and '.join(said)} the rights of an administrator. See: scim-bridge show {runs[-1].id}"
        yield Condition(key, sentence, runs[-1].ended, is_event=True)


def _drift(book: AlertBook, name: str, endpoint: str, noted: Mapping[Key, Noted]) -> Iterator[Condition]:
    key = Key(name, "drift", endpoint)
    count, newest = book.drift(endpoint, noted[key].mark if key in noted else "")
    changed = "value of the target was" if count == 1 else "values of the target were"
    sentence = f"{count:,} {changed} changed by someone else. See: scim-bridge plan {name}"
    yield Condition(key, sentence, newest, is_event=True)


def _good(watched: Watched, name: str) -> datetime | None:
    ends = (run.last_ended for run in watched.runs if run.connection == name and run.is_good and run.last_ended)
    return max(ends, default=None)


def _newest(watched: Watched, name: str) -> RunTotal | None:
    mine = (run for run in watched.runs if run.connection == name and run.kind == "sync")
    return max(mine, key=lambda run: run.last_run, default=None)


def _of_schedule(
    watched: Watched, connection: ConnectionSettings, good: datetime, now: datetime
) -> Iterator[Condition]:
    """Why no run goes through: the most certain reason alone. good: when the last good run ended."""
    name, newest = connection.name, _newest(watched, connection.name)
    quarantine = watched.quarantined.get(name)
    if name in watched.tripped:
        run = watched.tripped[name]
        sentence = f"run {run} was stopped by the guard before the first write. See: scim-bridge show {run}"
        yield Condition(Key(name, "guard"), sentence)
    elif quarantine is not None and quarantine.cause != "guard":
        sentence = f"the schedule has stopped itself: {_CAUSES[quarantine.cause]}. See: scim-bridge check {name}"
        yield Condition(Key(name, "quarantine"), sentence, quarantine.cause)
    elif newest is not None and newest.outcome == "failed":
        sentence = f"a run failed. See: scim-bridge history {name}"
        yield Condition(Key(name, "failed"), sentence)
    elif name not in watched.paused:
        longest = max(INTERVALS * longest_pause(connection), _LEAST)
        if now - good > longest:
            sentence = f"no run has ended well for more than {INTERVALS} intervals. See: scim-bridge history {name}"
            yield Condition(Key(name, "overdue"), sentence)


def _token(connection: ConnectionSettings, now: datetime) -> Iterator[Condition]:
    expires = connection.target.token_expires
    if expires is None:
        return
    left = (expires - now.date()).days
    if left < 0:
        yield Condition(Key(connection.name, "token"), f"the token expired on {expires}", "over")
        return
    reached = next((days for days in _TOKEN_DAYS if left <= days), None)
    if reached is not None:
        sentence = f"the token expires in {counted(left, 'day')}, on {expires}"
        yield Condition(Key(connection.name, "token"), sentence, str(reached))
