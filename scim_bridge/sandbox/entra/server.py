"""Serves the emulator on loopback, in a thread, with a certificate authority of its own."""

import time
from collections.abc import Callable
from typing import Any

from scim_bridge.sandbox.entra.app import EntraApp, Identity
from scim_bridge.sandbox.entra.control import control
from scim_bridge.sandbox.entra.credential import Registration
from scim_bridge.sandbox.entra.directory import Directory
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.traffic import Counts, Logged
from scim_bridge.sandbox.secure import SecureSandbox
from scim_bridge.sandbox.transport import Receive, Scope, Send

_TENANT = "7c1b1f0e-3b52-4f3a-9c7d-52f7a1f4c9d1"
_CLIENT = "2e8b8a57-0d3c-4a39-8f5e-6a1c0b7d9e42"


class EntraSandbox(SecureSandbox):
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
        super().__init__("entra", ports)
        login, graph, metadata = self.hosts
        self.tenant, self.client, self.secret = _TENANT, _CLIENT, secret
        self.login, self.graph = f"https://{login}", f"https://{graph}"
        self.managed_identity_host = f"http://{metadata}"
        self._identity = Identity(self.tenant, self.client, secret, self.login, self.graph)
        self._clock = clock
        self.app = EntraApp(self._identity, knobs or EntraKnobs(), clock, self._delivery)

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

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def _controlled(self, method: str, what: str, given: Any) -> tuple[int, dict[str, Any]]:
        return control(self.app, method, what, given)
