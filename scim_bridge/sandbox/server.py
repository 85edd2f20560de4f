"""Serves the emulator on loopback: in a thread for tests and demos, or until a signal for the command line."""

import asyncio
import ipaddress
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scim_bridge.sandbox.app import App, Identity, wall_clock
from scim_bridge.sandbox.control import control, seed, state
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.traffic import Counts, Logged
from scim_bridge.sandbox.transport import Delivery, WithControl


class _CuttableProtocol(HttpToolsProtocol):
    """Hands the connection to the application, so that a fault can cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["sandbox.transport"] = self.transport  # type: ignore[typeddict-unknown-key]  # ours, by its prefix

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._is_secure = transport.get_extra_info("ssl_object") is not None

    def shutdown(self) -> None:
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self._is_secure:
            self.transport.abort()  # a client that keeps its connection open would not answer the farewell of TLS
        else:
            super().shutdown()


class Server(uvicorn.Server):
    """Lets go of the clients it keeps hanging, and ends as well by a signal as by itself: with exit code 0.

    delivery: the application's, for those who hang. tls: certificate chain with key, and what else uvicorn takes.
    """

    def __init__(self, app: Any, delivery: Delivery, **tls: Any) -> None:
        super().__init__(_config(app, **tls))
        self._delivery = delivery
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: D102 - uvicorn's
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def release(self) -> None:
        """Let go of the clients that hang, from whichever thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._delivery.release)

    def run_inside(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something in the event loop, from another thread, and give what comes of it."""
        if self._loop is None:
            raise RuntimeError("the server has not started")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: D102 - uvicorn's
        self._delivery.release()
        await super().shutdown(sockets)

    def end(self, *_: object) -> None:
        """End soon. As the handler of a signal it is what uvicorn finds, and raises the signal for, when it ends."""
        self.should_exit = True


class Sandbox:
    """The emulator in a thread: `with Sandbox() as sandbox: … sandbox.url, sandbox.token`.

    now: wall clock of meta.created; clock: seconds, for the quota. port 0 = any free one.
    """

    def __init__(
        self,
        knobs: Knobs | None = None,
        identity: Identity | None = None,
        *,
        address: tuple[str, int] = ("127.0.0.1", 0),
        now: Callable[[], datetime] = wall_clock,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = App(knobs or Knobs(rate=None, aws_rate=None), identity or Identity(), now, clock)
        self._socket = listen(*address)
        self._server = Server(_with_control(self.app), self.app.delivery)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> "Sandbox":
        self._thread.start()
        while not self._server.started:
            time.sleep(0.002)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    @property
    def url(self) -> str:
        """The SCIM base URL, without a trailing slash."""
        return base_url(self._socket, self.app.identity)

    @property
    def aws_url(self) -> str:
        """The address of the AWS APIs: set it as AWS_ENDPOINT_URL_SSO_ADMIN and the others."""
        return self.url.removesuffix(_base_path(self.app.identity))

    @property
    def aws_calls(self) -> Counter[str]:
        """How often each AWS call came, by its name in policies."""
        return self.app.aws.counts

    @property
    def token(self) -> str:
        """A token that is accepted."""
        return self.app.identity.tokens[0]

    @property
    def counts(self) -> Counts:
        """What reached the API so far."""
        return self.app.counts

    @property
    def requests(self) -> list[Logged]:
        """The requests so far, in order."""
        return list(self.app.log or ())

    def seed(self, content: dict[str, Any]) -> dict[str, Any]:
        """Put users and groups in without the API (see control.seed)."""
        return seed(self.app.store, content)

    def state(self) -> dict[str, Any]:
        """Everything it holds (see control.state)."""
        return state(self.app.store)

    def fail(self, *faults: Fault) -> None:
        """Set the fault switchboard; no argument = all well."""
        self.app.faults.faults = list(faults)

    def release(self) -> None:
        """Let go of everyone who hangs."""
        self._server.release()

    def wait_held(self, count: int = 1, seconds: float = 60) -> list[str]:
        """Wait until so many requests are held (a fault hold_before or hold_after). Raises TimeoutError."""
        gate = self.app.delivery.gate
        if not self._server.run_inside(gate.wait(count, seconds)):
            raise TimeoutError(f"{len(gate.held)} of {count} requests are held after {seconds} s")
        return gate.held

    def go_on(self, count: int | None = None) -> None:
        """Let the first held requests go on, None = all."""

        async def going() -> None:
            self.app.delivery.gate.go_on(count)

        self._server.run_inside(going())

    def forget_requests(self) -> None:
        """Start counting again."""
        self.app.counts = Counts()
        if self.app.log is not None:
            self.app.log.clear()


def serve(app: App, addresses: Sequence[tuple[str, int]], tell: Callable[[str, str, str], None]) -> None:
    """Serve until SIGINT or SIGTERM, whose handlers are replaced for good. Every address answers SCIM and AWS alike.

    tell: called once with URL and token of the first address, and where the AWS APIs are, the last one.
    Raises OSError or ValueError if it cannot listen there.
    """
    app.log = None
    listening = [listen(*address) for address in addresses]
    server = Server(_with_control(app), app.delivery)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, server.end)
    aws = base_url(listening[-1], app.identity).removesuffix(_base_path(app.identity))
    tell(base_url(listening[0], app.identity), app.identity.tokens[0], aws)
    server.run(sockets=listening)


def _with_control(app: App) -> WithControl:
    return WithControl(app, partial(control, app))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on loopback. Raises ValueError for any other address: there is no protection here."""
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(f"the sandbox listens on loopback only, not on {host}; use 127.0.0.1")
    # asyncio switches Nagle's delay off only where the protocol was named; else small answers wait 40 ms over TLS.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # under TLS else 40 ms an answer: two small writes
    listening.bind((host, port))
    return listening


def base_url(listening: socket.socket, identity: Identity) -> str:
    """The SCIM base URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}{_base_path(identity)}"


def _base_path(identity: Identity) -> str:
    return f"/{identity.tenant}/scim/v2"


def _config(app: Any, **tls: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        **tls,
        interface="asgi3",
        proxy_headers=False,
        http=_CuttableProtocol,
        loop="uvloop",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
    )
