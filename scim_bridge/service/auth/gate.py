"""What the sign-in of one service needs: where its sessions are, its cookie, its clock, who tried too often."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request, Response

from scim_bridge.service.auth.attempts import Attempts
from scim_bridge.state.sign_in import SignIns


@dataclass(frozen=True, slots=True)
class Cookie:
    """The cookie that holds a session's secret. It has no lifetime, so it ends with the browser.

    is_secure: the browser reaches the service by HTTPS. Then the cookie is `__Host-`: for this host alone, and never
    sent in the clear. A browser refuses that prefix over plain HTTP, which is served on loopback only. There the name
    holds the port, since all ports of a host share their cookies.
    """

    is_secure: bool = False

    def secret_of(self, request: Request) -> str:
        """The secret that the browser has sent, "" if it has sent none."""
        return request.cookies.get(self._name(request), "")

    def put(self, request: Request, response: Response, secret: str) -> None:
        """Sign this browser in."""
        response.set_cookie(
            self._name(request), secret, path="/", secure=self.is_secure, httponly=True, samesite="strict"
        )

    def take_away(self, request: Request, response: Response) -> None:
        """Sign this browser out."""
        response.delete_cookie(self._name(request), path="/", secure=self.is_secure, httponly=True, samesite="strict")

    def _name(self, request: Request) -> str:
        server = request.scope.get("server") or ("", 0)
        return "__Host-scim-bridge" if self.is_secure else f"scim-bridge-{server[1]}"


@dataclass(frozen=True, slots=True)
class Gate:
    """Of one application. behind_proxy: the service is reached through a proxy of the operator's alone."""

    sign_ins: SignIns
    now: Callable[[], datetime]
    cookie: Cookie = Cookie()
    behind_proxy: bool = False
    attempts: Attempts = field(default_factory=Attempts)

    def address_of(self, request: Request) -> str:
        """Where a request comes from. Behind a proxy: what that proxy has added last, since the rest can be made up."""
        peer = request.client.host if request.client else ""
        if not self.behind_proxy:
            return peer
        added = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        try:
            return str(ipaddress.ip_address(added))
        except ValueError:
            return peer

    def origin_of(self, request: Request) -> str:
        """The origin of these pages, as the browser knows it."""
        return f"{'https' if self.cookie.is_secure else 'http'}://{request.headers.get('host', '')}"


def gate_of(request: Request) -> Gate:
    """The gate of the application that answers this request."""
    gate: Gate = request.app.state.gate
    return gate
