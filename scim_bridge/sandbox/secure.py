"""An emulator of a directory in the cloud, in a thread on loopback: HTTPS by an authority of its own, plain control."""

import asyncio
import signal
import tempfile
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import orjson
import trustme
import uvloop

from scim_bridge.sandbox.server import Server, listen
from scim_bridge.sandbox.transport import Delivery, Receive, Scope, Send, WithControl

_HOST = "127.0.0.1"


class SecureSandbox(ABC):
    """`ca_file` is the authority to trust.

    ports: those of HTTPS, and the one of the control plane; 0 = any free one. name: how its folder is called.
    """

    def __init__(self, name: str, ports: Sequence[int]) -> None:
        self._sockets = [listen(_HOST, port) for port in ports]
        self._folder = tempfile.TemporaryDirectory(prefix=f"{name}-sandbox-")
        self.folder = Path(self._folder.name)
        self.ca_file = self.folder / "ca.pem"
        self._delivery = Delivery()
        self._servers = self._prepare()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not all(server.started for server in self._servers):
            time.sleep(0.002)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.should_exit = True
        self._thread.join()
        for one in self._sockets:
            one.close()
        self._folder.cleanup()

    @property
    def hosts(self) -> list[str]:
        """Host and port of each of the ports."""
        return [f"{_HOST}:{one.getsockname()[1]}" for one in self._sockets]

    def release(self) -> None:
        """Let go of everyone who hangs."""
        self._servers[0].release()

    @abstractmethod
    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

    @abstractmethod
    def _controlled(self, method: str, what: str, given: Any) -> tuple[int, dict[str, Any]]:
        """Carry out one request of the control plane: status and JSON. given: its body, {} for none."""

    async def _control(self, method: str, what: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            return self._controlled(method, what, orjson.loads(body) if body else {})
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # a request that makes no sense
            return 400, {"error": f"{type(error).__name__}: {error}"}

    def _prepare(self) -> list[Server]:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        chain = self.folder / f"server-{uuid.uuid4().hex}.pem"
        authority.issue_cert(_HOST, "localhost").private_key_and_cert_chain_pem.write_to_path(chain)
        secure = Server(self._serve, self._delivery, ssl_certfile=chain, ssl_keyfile=chain)
        return [secure, Server(WithControl(self._serve, self._control), self._delivery)]

    def _run(self) -> None:
        secure, plain = self._servers
        *of_https, of_control = self._sockets

        async def serve() -> None:
            await asyncio.gather(secure.serve(sockets=of_https), plain.serve(sockets=[of_control]))

        uvloop.run(serve())


def carry_out(change: dict[str, Any], directory: object, allowed: Collection[str]) -> None:
    """{"do": one of the directory's methods that are allowed, "with": [its arguments], "set": {properties}}.

    Raises what the method raises, and ValueError for one that is not allowed.
    """
    if change["do"] not in allowed:
        raise ValueError(f"{change['do']} is not a change")
    getattr(directory, change["do"])(*change.get("with", ()), **change.get("set", {}))


_Any = TypeVar("_Any", bound=SecureSandbox)


def serve(sandbox: _Any, tell: Callable[[_Any], None]) -> None:
    """Serve until SIGINT or SIGTERM, whose handlers are replaced for good. tell: called once, when it answers."""
    ended = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: ended.set())
    with sandbox:
        tell(sandbox)
        ended.wait()
