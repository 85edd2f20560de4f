"""Secrets that a page shows once, on the way from the form that made them: in memory, and for a minute."""

import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

LASTS = timedelta(minutes=1)


class ShownOnce:
    """Keeps each secret for the one who made it, under a key that a redirect may have in its address.

    The answer to a form cannot show the secret itself: a reload would send the form again, and make another one.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, datetime, str]] = {}
        self._turn = threading.Lock()

    def keep(self, secret: str, owner: object, now: Callable[[], datetime]) -> str:
        """Keep it; gives its key. owner: who alone may see it, such as the session."""
        key = secrets.token_urlsafe(18)
        with self._turn:
            self._forget_old(now())
            self._kept[key] = (owner, now() + LASTS, secret)
        return key

    def take(self, key: str, owner: object, now: Callable[[], datetime]) -> str:
        """The secret, and it is forgotten; "" for a key that was used, is too old, or is another owner's."""
        with self._turn:
            self._forget_old(now())
            if key not in self._kept or self._kept[key][0] != owner:
                return ""
            return self._kept.pop(key)[2]

    def _forget_old(self, now: datetime) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if now < kept[1]}
