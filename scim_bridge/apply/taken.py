"""A 409 is a question, not an error: who holds the value that could not be had (design.md §6.5)?

The answer does not say which attribute clashed (dialect reference, section 6), so it is looked up: by externalId, by
name, and for an email in what was last seen; a full listing is read at most once a run.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from scim_bridge.model.capabilities import fold
from scim_bridge.model.identity import EMAILS, EXTERNAL_ID, NAMES, Existing, Inventory, Kind, Value
from scim_bridge.model.protocol import Target


@dataclass(frozen=True, slots=True)
class Holder:
    """The resource that holds a unique value, and the path of that value."""

    path: str
    existing: Existing


class Holders:
    """Looks for whoever holds a value. seen: the users as last read, which may be some hours old."""

    def __init__(self, target: Target, seen: Inventory) -> None:
        self._target = target
        self._seen = seen
        self._has_listed = False
        self._turn = threading.Lock()

    def find(self, kind: Kind, wanted: Mapping[str, Value], own_id: str = "") -> Holder | None:
        """Who holds one of these values, None if nobody is found. own_id: the resource that asks."""
        for path in (EXTERNAL_ID, NAMES[kind]):
            if wanted.get(path):
                existing = self._target.find(kind, path, str(wanted[path]))
                if existing is not None and existing.target_id != own_id:
                    return Holder(path, existing)
        email = wanted.get(EMAILS)
        existing = self._find_email(str(email), own_id) if kind == "user" and email else None
        return Holder(EMAILS, existing) if existing is not None else None

    def _find_email(self, email: str, own_id: str) -> Existing | None:
        """No filter asks for an email. What was last seen is looked at again before it is believed."""
        for existing in self._bearers(email, own_id):
            now = self._target.get("user", existing.target_id)
            if now is not None and _bears(now, email):
                return now
        with self._turn:
            if not self._has_listed:
                self._seen = self._target.read()
                self._has_listed = True
        return next(iter(self._bearers(email, own_id)), None)

    def _bearers(self, email: str, own_id: str) -> list[Existing]:
        return [user for user in self._seen.users.values() if user.target_id != own_id and _bears(user, email)]


def _bears(user: Existing, email: str) -> bool:
    return fold(user.attributes.get(EMAILS, "")) == fold(email)
