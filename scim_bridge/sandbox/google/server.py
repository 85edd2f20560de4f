"""Serves the emulator on loopback, in a thread, with a certificate authority of its own."""

import asyncio
import signal
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import trustme
import uvloop

from scim_bridge.sandbox.google.app import GoogleApp, Logged
from scim_bridge.sandbox.google.control import control
from scim_bridge.sandbox.google.directory import Directory
from scim_bridge.sandbox.google.fault import GoogleFault
from scim_bridge.sandbox.google.knobs import GoogleKnobs
from scim_bridge.sandbox.google.token import Tokens
from scim_bridge.sandbox.server import Server, listen
from scim_bridge.sandbox.transport import Delivery, Receive, Scope, Send, WithControl

_HOST = "127.0.0.1"
ADMIN = "bridge-reader@corp.example"
ADMIN_ID = "100000000000000000000"


class GoogleSandbox:
    """Google in a thread: `origin` is where to ask, `ca_file` the authority to trust, `key_file` the account's key.

    ports: of the API and of the control plane; 0 = any free one. clock: seconds since 1970; google-auth has its own.
    The account begins with one user, the admin to impersonate, in an organizational unit of its own.
    """

    def __init__(
        self,
        knobs: GoogleKnobs | None = None,
        *,
        ports: tuple[int, int] = (0, 0),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sockets = [listen(_HOST, port) for port in ports]
        api, plain = (f"{_HOST}:{one.getsockname()[1]}" for one in self._sockets)
        self.origin, self.control = f"https://{api}", f"http://{plain}/control"
        self.admin = ADMIN
        self._clock, self._delivery = clock, Delivery()
        self._folder = tempfile.TemporaryDirectory(prefix="google-sandbox-")
        self.ca_file, self.key_file = (Path(self._folder.name) / name for name in ("ca.pem", "key.json"))
        self.reset(knobs)
        self._servers = self._prepare()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "GoogleSandbox":
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

    def reset(self, knobs: GoogleKnobs | None = None) -> None:
        """Begin again at the same address: the admin alone, no tokens, faults or requests of before."""
        self.app = GoogleApp(knobs or GoogleKnobs(), self._clock, self._delivery)
        self.directory.put_user(
            ADMIN_ID,
            primaryEmail=ADMIN,
            name={"givenName": "Bridge", "familyName": "Reader"},
            orgUnitPath="/Service accounts",
            isDelegatedAdmin=True,
        )
        self.write_key()

    def write_key(self, **changed: str) -> None:
        """Write the key file, with the newest key. changed: what is to stand there otherwise."""
        self.key_file.write_bytes(orjson.dumps({**self.tokens.key_file(), **changed}))

    @property
    def directory(self) -> Directory:
        """What the account holds; to be changed from any thread."""
        return self.app.directory

    @property
    def tokens(self) -> Tokens:
        """The keys of the service account, and what was issued."""
        return self.app.tokens

    @property
    def knobs(self) -> GoogleKnobs:
        """The settings in force; may be exchanged while it runs (dataclasses.replace)."""
        return self.app.knobs

    @knobs.setter
    def knobs(self, knobs: GoogleKnobs) -> None:
        self.app.knobs = knobs

    @property
    def counts(self) -> Counter[str]:
        """Requests so far, by kind."""
        return self.app.counts

    @property
    def requests(self) -> list[Logged]:
        """The requests so far, in order."""
        return list(self.app.log)

    def fail(self, *faults: GoogleFault) -> None:
        """Set the fault switches; no argument = all well."""
        self.app.faults.faults = list(faults)

    def forget_requests(self) -> None:
        """Start counting again."""
        self.app.counts.clear()
        self.app.log.clear()

    def expire_tokens(self) -> None:
        """Let every access token issued so far be refused."""
        self.app.tokens.revoke()

    def release(self) -> None:
        """Let go of everyone who hangs."""
        self._servers[0].release()

    def _prepare(self) -> list[Server]:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        chain = Path(self._folder.name) / f"server-{uuid.uuid4().hex}.pem"
        authority.issue_cert(_HOST, "localhost").private_key_and_cert_chain_pem.write_to_path(chain)
        secure = Server(self._serve, self._delivery, ssl_certfile=chain, ssl_keyfile=chain)
        return [secure, Server(WithControl(self._serve, self._control), self._delivery)]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    async def _control(self, method: str, what: str, body: bytes) -> tuple[int, dict[str, Any]]:
        return await control(self.app, method, what, body)

    def _run(self) -> None:
        servers = zip(self._servers, self._sockets, strict=True)

        async def serve() -> None:
            await asyncio.gather(*(server.serve(sockets=[one]) for server, one in servers))

        uvloop.run(serve())


def serve(sandbox: GoogleSandbox, tell: Callable[[GoogleSandbox], None]) -> None:
    """Serve until SIGINT or SIGTERM, whose handlers are replaced for good. tell: called once, when it answers."""
    ended = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: ended.set())
    with sandbox:
        tell(sandbox)
        ended.wait()
