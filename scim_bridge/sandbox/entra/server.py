"""Serves the emulator on loopback, in a thread, with a certificate authority of its own."""

import asyncio
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import trustme
import uvloop

from scim_bridge.sandbox.entra.app import EntraApp, Identity
from scim_bridge.sandbox.entra.control import control
from scim_bridge.sandbox.entra.credential import Registration
from scim_bridge.sandbox.entra.directory import Directory
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.traffic import Counts, Logged
from scim_bridge.sandbox.server import Server, listen
from scim_bridge.sandbox.transport import Delivery, Receive, Scope, Send, WithControl

_TENANT = "7c1b1f0e-3b52-4f3a-9c7d-52f7a1f4c9d1"
_CLIENT = "2e8b8a57-0d3c-4a39-8f5e-6a1c0b7d9e42"
_HOST = "127.0.0.1"


class EntraSandbox:
    """Entra in a thread: `login` and `graph` are the origins to configure, `ca_file` is the authority to trust.

    ports: of login, graph and metadata endpoint; 0 = any free one. clock: seconds since 1970; msal has its own.
    """

    def __init__(
        self,
        knobs: EntraKnobs | None = None,
        *,
        secret: str = "sandbox-secret",  # noqa: S107 - not a secret
        ports: tuple[int, int, int] = (0, 0, 0),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sockets = [listen(_HOST, port) for port in ports]
        login, graph, metadata = (f"{_HOST}:{one.getsockname()[1]}" for one in self._sockets)
        self.tenant, self.client, self.secret = _TENANT, _CLIENT, secret
        self.login, self.graph = f"https://{login}", f"https://{graph}"
        self.managed_identity_host = f"http://{metadata}"
        self._identity = Identity(self.tenant, self.client, secret, self.login, self.graph)
        self._clock = clock
        self._delivery = Delivery()
        self.app = EntraApp(self._identity, knobs or EntraKnobs(), clock, self._delivery)
        self._folder = tempfile.TemporaryDirectory(prefix="entra-sandbox-")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        self._servers = self._prepare()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "EntraSandbox":
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

    def reset(self, knobs: EntraKnobs | None = None) -> None:
        """Begin again at the same addresses: an empty directory, no tokens, links, faults or requests of before."""
        self.app = EntraApp(self._identity, knobs or EntraKnobs(), self._clock, self._delivery)

    @property
    def directory(self) -> Directory:
        """What the tenant holds; to be changed from any thread."""
        return self.app.directory

    @property
    def registration(self) -> Registration:
        """The application's secrets, certificates and federated credentials."""
        return self.app.registration

    @property
    def managed_identities(self) -> dict[str, str]:
        """User-assigned identities of the machine: any id of one, to its client id."""
        return self.app.metadata.assigned

    @property
    def knobs(self) -> EntraKnobs:
        """The settings in force; may be exchanged while it runs (dataclasses.replace)."""
        return self.app.knobs

    @knobs.setter
    def knobs(self, knobs: EntraKnobs) -> None:
        self.app.knobs = knobs

    @property
    def counts(self) -> Counts:
        """Requests so far, by kind."""
        return self.app.traffic.counts

    @property
    def requests(self) -> list[Logged]:
        """The requests so far, in order."""
        return list(self.app.traffic.log or ())

    @property
    def faults(self) -> list[EntraFault]:
        """The fault switches, as they stand."""
        return self.app.faults.faults

    def fail(self, *faults: EntraFault) -> None:
        """Set the fault switches; no argument = all well."""
        self.app.faults.faults = list(faults)

    def forget_requests(self) -> None:
        """Start counting again."""
        self.app.traffic.forget()

    def expire_tokens(self) -> None:
        """Let Graph refuse every access token issued so far."""
        self.app.tokens.revoke()

    def expire_delta_links(self, refusal: str | None = None) -> None:
        """Let every delta link given out so far be refused. refusal: as in the knob, None = what it says."""
        self.app.graph.delta.expire(refusal)

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
        secure, plain = self._servers
        *both, metadata = self._sockets

        async def serve() -> None:
            await asyncio.gather(secure.serve(sockets=both), plain.serve(sockets=[metadata]))

        uvloop.run(serve())


def serve(sandbox: EntraSandbox, tell: Callable[[EntraSandbox], None]) -> None:
    """Serve until SIGINT or SIGTERM, whose handlers are replaced for good. tell: called once, when it answers."""
    ended = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: ended.set())
    sandbox.app.traffic.log = None
    with sandbox:
        tell(sandbox)
        ended.wait()
