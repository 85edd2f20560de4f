"""What has happened since the last look at the state: runs and their progress, orders, and connections that changed."""

from typing import Any

from scim_bridge.model.order import OrderRecord
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.news import Watch
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State
from scim_bridge.view.document import progress_document

Event = tuple[str, dict[str, Any]]


class Happenings:
    """Remembers what was seen. Used by one thread at a time."""

    def __init__(self, kept: KeptOpen) -> None:
        self._kept = kept
        self._state: State | None = None
        self._watch: Watch | None = None
        self._orders: dict[int, str] = {}
        self._progress: dict[int, dict[str, Any]] = {}

    def progress_now(self) -> list[Event]:
        """The progress that was seen last, for a client that has just come."""
        return [("run", progress) for progress in self._progress.values()]

    def look(self) -> list[Event]:
        """The events since the last look; of the first look, what is under way. Raises StateUnusable."""
        watch = self._watch_now()
        if watch is None or self._state is None or not watch.has_changed():
            return []
        reader = self._state.reader
        changed = [("changed", {"connection": name}) for name in sorted(watch.changed())]
        return [*self._runs(reader), *self._changes_of_orders(reader), *changed]

    def _watch_now(self) -> Watch | None:
        """Of the state that is there now; None if there is none yet: who looks makes none."""
        if not self._kept.is_there():
            return None
        state = self._kept.state()
        if state is not self._state:
            self._state, self._watch = state, state.watch()
        return self._watch

    def _runs(self, reader: StateReader) -> list[Event]:
        found = {progress.run: progress_document(progress) for progress in reader.progress()}
        new: list[Event] = [("run", each) for number, each in found.items() if self._progress.get(number) != each]
        self._progress = found
        return new

    def _changes_of_orders(self, reader: StateReader) -> list[Event]:
        open_now = reader.orders.open()
        ended = reader.orders.these(self._orders.keys() - {order.id for order in open_now})
        new = [order for order in (*open_now, *ended) if self._orders.get(order.id) != order.status]
        self._orders = {order.id: order.status for order in open_now}
        return [("order", _order(order)) for order in new]


def _order(order: OrderRecord) -> dict[str, Any]:
    return {"id": order.id, "connection": order.placed.connection, "status": order.status}
