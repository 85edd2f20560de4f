"""A 409 is a question, not an error: who holds the value that could not be had (docs/design.md §6.5)?

The answer does not say which attribute clashed (docs/identity-center.md §6), so it is looked up: by externalId, by
name, and for an email in what was last seen; a full listing is read at most once a run. Filters lag behind writes
(section 10), so what is found is asked for by id, and where nothing is found it is looked again after a while.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scim_bridge.errors import Hold
from scim_bridge.model.capabilities import Uniqueness, fold
from scim_bridge.model.identity import EMAILS, EXTERNAL_ID, NAMES, Existing, Inventory, Kind, Value
from scim_bridge.model.protocol import Target

_PAUSES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, *(10.0,) * 6)
"""Seconds between two looks, 76 in all: an odd write takes a minute to show in lists."""
_SHORT = 5
"""So many of the pauses (8 s) once a dozen searches have found nothing: then it is not that lists lag."""
_IN_VAIN = 12


@dataclass(frozen=True, slots=True)
class Holder:
    """The resource that holds a unique value, and the path of that value."""

    path: str
    existing: Existing


class LookCutShort(Hold):
    """The run is to stop, and it is not known yet who holds the value."""


class Holders:
    """Looks for the holder of a value. seen: the users as last read, which may be some hours old."""

    def __init__(self, target: Target, seen: Inventory, is_stopping: Callable[[], bool]) -> None:
        self._target = target
        self._seen = seen
        self._is_stopping = is_stopping
        self._has_listed = False
        self._turn = threading.Lock()
        self._in_vain = 0

    def find(self, kind: Kind, wanted: Mapping[str, Value], own_id: str = "") -> Holder | None:
        """The resource that holds one of these values; None if none is found for more than a minute. own_id: our own.

        Once a dozen searches have found nothing, the others are given up sooner, or a thousand would keep all threads
        waiting for a quarter of an hour. Raises LookCutShort if the run is asked to stop meanwhile.
        """
        holder = self._look(kind, wanted, own_id) or self._list(kind, wanted, own_id)
        for number, seconds in enumerate(_PAUSES):
            if holder is not None:
                return holder
            # Without this, a thousand clashes with something that no list shows would hold all threads for a quarter of
            # an hour, and the additions behind them as long.
            if number >= _SHORT and self._in_vain >= _IN_VAIN:
                break
            if self._is_stopping():
                raise LookCutShort("the run stopped before it was known who holds one of the values")
            # A list may not show yet what made the 409. If the first look decided, our own user, created a second
            # ago by a request whose answer was lost, would become a conflict.
            self._target.pause(seconds)
            holder = self._look(kind, wanted, own_id)
        with self._turn:
            self._in_vain += holder is None
        return holder

    def _look(self, kind: Kind, wanted: Mapping[str, Value], own_id: str) -> Holder | None:
        """By a filter for externalId and for the name, and among the emails that were last seen."""
        for path in (EXTERNAL_ID, NAMES[kind]):
            if wanted.get(path):
                existing = self._target.find(kind, path, str(wanted[path]))
                holder = self._confirmed(existing, path, wanted, own_id) if existing is not None else None
                if holder is not None:
                    return holder
        return self._by_email(kind, wanted, own_id)

    def _confirmed(self, existing: Existing, path: str, wanted: Mapping[str, Value], own_id: str) -> Holder | None:
        """The resource as it is now, if it still holds the value."""
        if existing.target_id == own_id:
            return None
        # Filters and the users last seen may be old. Only a GET by id shows who holds the value at this moment; the
        # holder may have given it up, and then the look goes on.
        now = self._target.get(existing.kind, existing.target_id)
        if now is None or not _bears(now, path, wanted[path]):
            return None
        is_ours = EXTERNAL_ID in wanted and _bears(now, EXTERNAL_ID, wanted[EXTERNAL_ID])  # seen later than the name
        return Holder(EXTERNAL_ID if is_ours else path, now)

    def _list(self, kind: Kind, wanted: Mapping[str, Value], own_id: str) -> Holder | None:
        """No filter asks for an email, so everyone is read for one, once."""
        if kind != "user" or not wanted.get(EMAILS):
            return None
        with self._turn:
            if not self._has_listed:
                self._seen = self._target.read()
                self._has_listed = True
        return self._by_email(kind, wanted, own_id)

    def _by_email(self, kind: Kind, wanted: Mapping[str, Value], own_id: str) -> Holder | None:
        """The user who was last seen with this email, and has it still."""
        email = wanted.get(EMAILS) if kind == "user" else None
        bearers = [user for user in self._seen.users.values() if email and _bears(user, EMAILS, email)]
        holders = (self._confirmed(user, EMAILS, wanted, own_id) for user in bearers)
        return next((holder for holder in holders if holder is not None), None)


def _bears(resource: Existing, path: str, value: Value) -> bool:
    how: Uniqueness = "exact" if path == EXTERNAL_ID else "folded"
    return fold(resource.attributes.get(path, ""), how) == fold(value, how)
