"""How a request comes in and how its answer goes out: whole, late, in half, held back, or not at all.

What the answer says is decided before.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson

from scim_bridge.sandbox.fault import Fault

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Control = Callable[[str, str, bytes], Awaitable[tuple[int, dict[str, Any]]]]
"""Method, what stands after /control/, and body of a control request, to the status and the JSON of its answer."""
_HTML = (b"content-type", b"text/html")
_PAGE = b"<!doctype html><html><head><title>Proxy</title></head><body><h1>Try again later</h1></body></html>"
_GARBAGE = b"\x00\xff\xfe{{]\x9f not JSON"


@dataclass(slots=True)
class Response:
    """Status, body and headers of an answer."""

    status: int
    content: bytes
    headers: Headers


def disturbed(response: Response, fault: Fault | None) -> Response:
    """The answer as this fault leaves it."""
    if fault is not None and fault.kind == "html":
        return Response(fault.status, _PAGE, [_HTML])
    if fault is not None and fault.kind == "garbage" and response.status < 300:
        return Response(200, _GARBAGE, response.headers)
    return response


class Gate:
    """Holds requests, in the order in which they came, so that a test does not depend on speed.

    Everything in the event loop.
    """

    def __init__(self) -> None:
        self._held: list[tuple[str, asyncio.Event]] = []
        self._came = asyncio.Condition()

    @property
    def held(self) -> list[str]:
        """Which requests wait: method and path."""
        return [what for what, _ in self._held]

    async def hold(self, method: str, path: str) -> None:
        """Wait until this request may go on, though its client may have gone meanwhile."""
        event = asyncio.Event()
        async with self._came:
            self._held.append((f"{method} {path}", event))
            self._came.notify_all()
        await event.wait()

    async def wait(self, count: int, seconds: float) -> bool:
        """Wait until so many requests are held. False: they were not before the time was over."""
        async with self._came:
            try:
                await asyncio.wait_for(self._came.wait_for(lambda: len(self._held) >= count), seconds)
            except TimeoutError:
                return False
        return True

    def go_on(self, count: int | None = None) -> int:
        """Let the first ones go on, None = all. How many there were."""
        going, self._held = self._held[:count], self._held[count:] if count is not None else []
        for _, event in going:
            event.set()
        return len(going)


class Delivery:
    """Sends answers. Those that hang end, and those that are held go on, when `release` is called for the end."""

    def __init__(self) -> None:
        self.gate = Gate()
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let go of every client that hangs or is held now. To be called in the event loop."""
        self.gate.go_on()
        self._released.set()
        self._released = asyncio.Event()

    async def send(self, scope: Scope, receive: Receive, send: Send, response: Response, fault: Fault | None) -> None:
        """Deliver it, or what the fault makes of it."""
        kind = fault.kind if fault is not None else None
        if fault is not None and kind in ("slow", "hang_before", "hang_after"):
            await self._wait(receive, 1.0 if kind == "slow" and fault.seconds is None else fault.seconds)
        if fault is not None and fault.is_silent:
            scope["sandbox.transport"].close()
        elif kind == "truncated" and response.content:
            await _start(send, response)
            half = response.content[: len(response.content) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            scope["sandbox.transport"].close()
        else:
            await answer(send, response)

    async def _wait(self, receive: Receive, seconds: float | None) -> None:
        """Until the time is over, the client has gone or everyone is released."""
        waiting = [asyncio.ensure_future(receive()), asyncio.ensure_future(self._released.wait())]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


async def answer(send: Send, response: Response) -> None:
    """Send all of it."""
    await _start(send, response)
    await send({"type": "http.response.body", "body": response.content})


async def _start(send: Send, response: Response) -> None:
    length = [(b"content-length", str(len(response.content)).encode())] if response.status != 204 else []
    await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, *length]})


async def read(receive: Receive) -> bytes | None:
    """The whole body, None if the client went away in the middle of it: then there was no request."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        body += part
        if not message.get("more_body"):
            return body


class WithControl:
    """An application with its control plane beside it: what is below /control/ never reaches the application."""

    def __init__(self, app: App, control: Control) -> None:
        self._app, self._control = app, control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] != "http" or not scope["path"].startswith("/control/"):
            await self._app(scope, receive, send)
            return
        body = await read(receive)
        if body is None:
            return
        status, told = await self._control(scope["method"], scope["path"].removeprefix("/control/"), body)
        await answer(send, Response(status, orjson.dumps(told), [(b"content-type", b"application/json")]))
