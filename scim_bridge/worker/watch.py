"""Looks at the state after each run and every minute, and sends what people want to hear of (`alerts`).

In a thread of its own: sending waits for other machines, and a run that hangs must not keep anyone from hearing of it.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType

from scim_bridge.config.settings import AlertSettings, Settings
from scim_bridge.errors import BridgeError, Busy
from scim_bridge.model.alert import URGENT, Line, compare, text_of, title_of
from scim_bridge.state.alert import AlertBook
from scim_bridge.state.reader import utc_now
from scim_bridge.state.writer import State
from scim_bridge.worker.condition import Conditions
from scim_bridge.worker.notify import send

_LOOK_EVERY = 60.0
"""Seconds between two looks where no run ends."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_TRIES = 80
"""Three days of tries."""
_LOCK = ":alerts"
"""A lock of its own, beside those of the connections."""
_log = logging.getLogger("scim_bridge.alert")


class Watch:
    """The watch of one process: `with Watch(settings): … watch.look_soon()`. Without `alerts` it does nothing.

    now: UTC. here: a moment on the clock of this machine, for the quiet hours.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], datetime] = utc_now,
        here: Callable[[datetime], datetime] = datetime.astimezone,
    ) -> None:
        self._settings, self._now, self._here = settings, now, here
        self._conditions = Conditions(settings.connections, now())
        self._latest = settings
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="alerts", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=1)  # what is being sent is on record, and is sent again by the next process

    def take(self, settings: Settings) -> None:
        """Go by this configuration from the next look on."""
        self._latest = settings

    def look_soon(self) -> None:
        """A run has ended."""
        self._wake.set()

    def _go_on(self) -> None:
        while not self._stop.is_set():
            with suppress(Busy):  # another process of this state watches
                self.look()
            self._wake.wait(_LOOK_EVERY)
            self._wake.clear()

    def look(self) -> None:
        """One look: what is new is noted and left for each place, then what may be sent is sent. Raises Busy."""
        if self._settings is not self._latest:
            self._settings = self._latest
            self._conditions.take(self._settings.connections, self._now())
        alerts = self._settings.alerts
        if alerts is None:
            return
        try:
            with State(self._settings.state) as state, state.lock(_LOCK):
                self._find(state, alerts)
                self._send(state.alerts, alerts)
        except Busy:
            raise
        except BridgeError as error:
            _log.warning("alerts could not be looked for: %s", error)
        except Exception:  # noqa: BLE001 - the watch outlives whatever one look meets; the log has the details
            _log.exception("alerts could not be looked for")

    def _find(self, state: State, alerts: AlertSettings) -> None:
        book, now = state.alerts, self._now()
        noted = book.noted()
        look = compare(noted, self._conditions.find(book, state.reader.watched(), noted, now), alerts.events)
        if look.lines or look.now or look.over:
            book.keep(look, lambda line: self._due(line, alerts, now), [to.describe() for to in alerts.to], now)

    def _due(self, line: Line, alerts: AlertSettings, now: datetime) -> datetime:
        if alerts.quiet is None or line.event in URGENT:
            return now
        return alerts.quiet.over_at(self._here(now))

    def _send(self, book: AlertBook, alerts: AlertSettings) -> None:
        places = {to.describe(): to for to in alerts.to}
        for waiting in book.waiting(self._now()):
            place = places.get(waiting.place)
            if place is None:
                book.give_up(waiting, "this place is not in alerts.to any more", self._now())
                continue
            told = send(place, title_of(waiting.lines), text_of(waiting.lines))
            if not told.error:
                book.sent(waiting, self._now())
                continue
            _log.warning("an alert could not be sent to %s: %s", told.place, told.error)
            if waiting.tries + 1 >= _TRIES:
                book.give_up(waiting, told.error, self._now())
            else:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(waiting.tries, 10))
                book.failed(waiting, told.error, self._now() + pause)
