"""What happens, as events for everyone who looks: one look at the state a service, whatever number of pages is open.

The state is looked at twice a second, and only if another process or thread has written to it since. What is found is
written once, and the same bytes go to every client. No client has a thread.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson

from scim_bridge.errors import BridgeError
from scim_bridge.service.happening import Happenings
from scim_bridge.state.kept_open import KeptOpen

_LOOK_EVERY = 0.5
_SIGN_OF_LIFE = 15.0
"""Seconds. A proxy between us and a browser closes a connection on which nothing comes for a minute."""
_LONGEST = 600.0
"""Seconds after which a stream ends and the browser opens it again: a session that was ended gets nothing more."""
_BEHIND = 200
"""A client that has so many events still to read is let go; it comes back and looks at everything again."""
_HELLO = b"retry: 2000\n\n"
_log = logging.getLogger("scim_bridge.service")


class Feed:
    """The events of one service. All but `close` is called in its event loop."""

    def __init__(self, kept: KeptOpen) -> None:
        self._happenings = Happenings(kept)
        self._clients: set[asyncio.Queue[bytes | None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def stream(self) -> AsyncIterator[bytes]:
        """Events for one client, as `text/event-stream`."""
        client: asyncio.Queue[bytes | None] = asyncio.Queue(_BEHIND)
        self._loop = asyncio.get_running_loop()
        self._clients.add(client)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_again_and_again())
        until = self._loop.time() + _LONGEST
        try:
            yield _HELLO + b"".join(map(encoded, self._happenings.progress_now()))
            while self._loop.time() < until and client in self._clients:
                event = await client.get()
                if event is None:
                    return
                yield event
        finally:
            self._clients.discard(client)

    def close(self) -> None:
        """End every stream: the service stops. Called by another thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._say, None)

    async def _look_again_and_again(self) -> None:
        """As long as someone looks."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while self._clients:
            try:
                events = await asyncio.to_thread(self._happenings.look)
            except BridgeError:
                events = []  # the pages say what is wrong with the state
            except Exception:  # noqa: BLE001 - the next look may find more; the log has the details
                _log.exception("the state could not be looked at for events")
                events = []
            if events:
                self._say(b"".join(map(encoded, events)))
                last = loop.time()
            elif loop.time() - last > _SIGN_OF_LIFE:
                self._say(b":\n\n")
                last = loop.time()
            await asyncio.sleep(_LOOK_EVERY)

    def _say(self, event: bytes | None) -> None:
        for client in list(self._clients):
            if client.full() or event is None:
                self._clients.discard(client)
                while not client.empty():
                    client.get_nowait()
                client.put_nowait(None)
            else:
                client.put_nowait(event)


def encoded(event: tuple[str, dict[str, Any]]) -> bytes:
    """One event as it goes to the client."""
    name, data = event
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
