"""Serves the emulator on loopback, in a thread, with a certificate authority of its own."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson

from scim_bridge.sandbox.google.app import GoogleApp, Logged
from scim_bridge.sandbox.google.control import control
from scim_bridge.sandbox.google.directory import Directory
from scim_bridge.sandbox.google.fault import GoogleFault
from scim_bridge.sandbox.google.knobs import GoogleKnobs
from scim_bridge.sandbox.google.token import Tokens
from scim_bridge.sandbox.secure import SecureSandbox
from scim_bridge.sandbox.transport import Receive, Scope, Send

ADMIN = "bridge-reader@corp.example"
ADMIN_ID = "100000000000000000000"


class GoogleSandbox(SecureSandbox):
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
        super().__init__("google", ports)
        api, plain = self.hosts
        self.origin, self.control = f"https://{api}", f"http://{plain}/control"
        self.admin = ADMIN
        self.key_file = self.folder / "key.json"
        self._clock = clock
        self.reset(knobs)

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

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def _controlled(self, method: str, what: str, given: Any) -> tuple[int, dict[str, Any]]:
        return control(self.app, method, what, given)
