"""Answers for which both sides or AWS have to be read: made beside the requests, one at a time, and kept for a while.

They live in the memory of this process alone, the last few of them, and end with it. What writes is an order instead.
"""

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scim_bridge.errors import BridgeError
from scim_bridge.service.refusal import NotNow

_KEPT = 8
_log = logging.getLogger("scim_bridge.service")


@dataclass(slots=True)
class SlowAnswer:
    """One answer. about: the connection. value: None while it is made and where that failed. failure: why it failed."""

    kind: str
    about: str
    value: Any = None
    failure: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether there is an answer, or there will be none."""
        return self.value is not None or bool(self.failure)


class SlowAnswers:
    """Makes answers in a thread of their own, and keeps the last of them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, SlowAnswer] = OrderedDict()
        self._turn = threading.Lock()

    def begin(self, kind: str, about: str, make: Callable[[], object]) -> str:
        """Make one; the key by which it is found. Raises NotNow while another one is made."""
        if not self._turn.acquire(blocking=False):
            raise NotNow("another answer that takes long is being made", "Wait until it is ready, then try again.")
        key, answer = secrets.token_urlsafe(12), SlowAnswer(kind, about)
        self._kept[key] = answer
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        threading.Thread(target=self._make, args=(answer, make), daemon=True).start()
        return key

    def _make(self, answer: SlowAnswer, make: Callable[[], object]) -> None:
        try:
            answer.value = make()
        except BridgeError as error:
            answer.failure = str(error)
        except Exception as error:  # noqa: BLE001 - the one who waits sees it; the log has the details
            _log.exception("the %s of %s could not be made", answer.kind, answer.about)
            answer.failure = f"The program failed ({type(error).__name__}); the log says more."
        finally:
            self._turn.release()

    def one(self, key: str, kind: str, about: str) -> SlowAnswer | None:
        """The answer of this key, None if it is not kept any more."""
        found = self._kept.get(key)
        return found if found is not None and (found.kind, found.about) == (kind, about) else None

    def last(self, kind: str, about: str) -> tuple[str, SlowAnswer] | None:
        """The newest answer of this kind about this connection, with its key."""
        mine = [(key, each) for key, each in self._kept.items() if (each.kind, each.about) == (kind, about)]
        return mine[-1] if mine else None
