"""What the sign-in of one service needs: where its sessions are, its cookie, its clock, who tried too often."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fastapi import Request, Response

from scim_bridge.config.service import ServiceSettings
from scim_bridge.model.actor import Actor
from scim_bridge.model.sign_in import SignedIn
from scim_bridge.service.auth.attempts import Attempts
from scim_bridge.service.auth.shown_once import ShownOnce
from scim_bridge.state.api_token import ApiTokens
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.sign_in import SignIns


@dataclass(frozen=True, slots=True)
class Cookie:
    """The cookie that holds a session's secret. It has no lifetime, so it ends with the browser.

    is_secure: the browser reaches the service by HTTPS. Then the cookie is `__Host-`: for this host alone, and never
    sent in the clear. A browser refuses that prefix over plain HTTP, which is served on loopback only. There the name
    holds the port, since all ports of a host share their cookies.

    same_site: "lax" where a provider of another site sends the browser back here: with "strict" the cookie would not
    come with the page that it opens then.
    """

    is_secure: bool
    same_site: Literal["strict", "lax"]

    def secret_of(self, request: Request) -> str:
        """The secret that the browser has sent, "" if it has sent none."""
        return request.cookies.get(self._name(request), "")

    def put(self, request: Request, response: Response, secret: str) -> None:
        """Sign this browser in."""
        response.set_cookie(
            self._name(request), secret, path="/", secure=self.is_secure, httponly=True, samesite=self.same_site
        )

    def take_away(self, request: Request, response: Response) -> None:
        """Sign this browser out."""
        response.delete_cookie(
            self._name(request), path="/", secure=self.is_secure, httponly=True, samesite=self.same_site
        )

    def _name(self, request: Request) -> str:
        server = request.scope.get("server") or ("", 0)
        return "__Host-scim-bridge" if self.is_secure else f"scim-bridge-{server[1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Of one application. service: its settings."""

    kept: KeptOpen
    now: Callable[[], datetime]
    service: ServiceSettings
    cookie: Cookie
    attempts: Attempts = field(default_factory=Attempts)
    shown_once: ShownOnce = field(default_factory=ShownOnce)

    def address_of(self, request: Request) -> str:
        """Where a request comes from. Behind a proxy: what that proxy has added last, since the rest can be made up."""
        peer = request.client.host if request.client else ""
        if not self.service.behind_proxy:
            return peer
        added = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        try:
            return str(ipaddress.ip_address(added))
        except ValueError:
            return peer

    @property
    def sign_ins(self) -> SignIns:
        """Sessions and links, in the state that is there now. Raises StateUnusable."""
        return self.kept.state().sign_ins

    @property
    def tokens(self) -> ApiTokens:
        """Tokens of the API, in the state that is there now. Raises StateUnusable."""
        return self.kept.state().tokens

    @property
    def issuer(self) -> str:
        """The issuer that says who a user is, "" for links."""
        return self.service.auth.issuer if self.service.auth is not None else ""

    @property
    def is_separate(self) -> bool:
        """Whether the user who started a plan may not approve it."""
        return self.service.auth is not None and self.service.auth.separation

    def session_of(self, request: Request) -> SignedIn | None:
        """The session of the browser that sends this. One of another provider is none: the settings have changed."""
        secret = self.cookie.secret_of(request)
        session = self.sign_ins.session(secret) if secret else None
        return session if session is not None and session.provider == self.issuer else None

    def note_refusal(self, by: Actor, reason: str) -> int:
        """Put a failed sign-in on record. Gives the seconds until this address may try again, 0 if it may now."""
        if self.attempts.note_failure(by.address):
            self.sign_ins.note_refusal(by, reason)
        return self.attempts.wait_of(by.address)

    def origin_of(self, request: Request) -> str:
        """The origin of these pages, as the browser knows it."""
        scheme = "https" if self.service.is_secure else "http"
        return self.service.public_url or f"{scheme}://{request.headers.get('host', '')}"


def gate_at(kept: KeptOpen, now: Callable[[], datetime], service: ServiceSettings) -> Gate:
    """The gate of a service whose sessions and tokens are in this state."""
    return Gate(
        kept=kept,
        now=now,
        service=service,
        cookie=Cookie(service.is_secure, "strict" if service.auth is None else "lax"),
    )


def bearer_of(request: Request) -> str | None:
    """The API token of a request, None if it has none. A request that has one is never one of a browser's session."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def gate_of(request: Request) -> Gate:
    """The gate of the application that answers this request."""
    gate: Gate = request.app.state.gate
    return gate
