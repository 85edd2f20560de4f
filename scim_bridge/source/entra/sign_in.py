"""A token for Graph: from msal's cache while it lasts, else from the sign-in host; and what a refusal means.

msal answers repeated calls from memory for a while, failures too, and keeps what it knows in the application object. So
a failure throws that object away, and the next attempt is a real one. Nothing is ever written to a disk.
"""

import re
import ssl
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from msal.exceptions import MsalServiceError

from scim_bridge.config.source import EntraSettings, ManagedIdentity
from scim_bridge.errors import AnswerLost, BridgeError, CredentialsRefused, ServerFault, Throttled
from scim_bridge.retry import seconds_of
from scim_bridge.source.entra.credential import MsalCredential, SignInHttp, open_application, read_credential
from scim_bridge.source.entra.refusal import NOT_SECURE
from scim_bridge.source.https import unanswered

_HINTS: Mapping[str, str] = {
    "7000215": "The secret is wrong; copy its value, not its id, from the app registration.",
    "7000222": "The secret has expired; make a new one and put it where source.credential says.",
    "700016": "The tenant has no such application; compare source.client and source.tenant with the app registration.",
    "90002": "There is no such tenant in this cloud; compare source.tenant and source.cloud with the app registration.",
    "900023": "source.tenant is neither a tenant id nor a domain; copy it from the app registration.",
    "700027": "The app registration does not have this certificate; upload it, and check that the key is its own.",
    "700024": "The assertion is out of its time; check this machine's clock, and whether the token file is renewed.",
    "70021": "No federated credential fits; its issuer, subject and audience must be the token's, letter by letter.",
    "700211": "No federated credential has this issuer; copy the token's issuer into it, letter by letter.",
    "700213": "No federated credential has this subject; copy the token's subject into it, letter by letter.",
    "53003": "Conditional Access blocks it; look at the sign-in log for the policy, and exclude this application.",
    "500011": "Graph is not known to this tenant; source.cloud is probably another cloud than the tenant's.",
    "650052": "An administrator has to grant consent to the application's permissions.",
    "65001": "An administrator has to grant consent to the application's permissions.",
    "7000112": "The application is disabled; enable it under enterprise applications.",
}
"""AADSTS number → way out (learn.microsoft.com/entra/identity-platform/reference-error-codes). Numbers change, so what
happens next is decided by the OAuth error."""
_WAY_OUT = "Compare source.tenant, source.client and source.credential with the app registration."
_PASSING = ("temporarily_unavailable", "server_error", "slow_down", "http_error")
_NUMBER = re.compile(r"AADSTS(\d+)")
_TOKEN = re.compile(r"[!-~]+")
"""What a header can carry of a token."""


@dataclass(slots=True)
class SignIn:
    """Who we are to Entra ID. trust: gives the certificates to believe in."""

    settings: EntraSettings
    trust: Callable[[], ssl.SSLContext]
    _application: Any = None
    _http: SignInHttp | None = None
    _credential: MsalCredential | None = field(default=None, repr=False)

    def token(self) -> str:
        """A bearer token that is good for some minutes at least. Ask before every request.

        Raises Retry where asking again may help, CredentialsRefused where it would not.
        """
        return self._believed(None)

    def renewed(self, claims: str | None) -> str:
        """Another token than the one Graph refused. claims: the challenge that came with the refusal, if any."""
        self._application = None
        return self._believed(claims)

    def _believed(self, claims: str | None) -> str:
        try:
            result = self._ask(claims)
            if "access_token" not in result and self._is_rotated():
                self._application = None
                result = self._ask(claims)
        except BridgeError:
            self._application = None
            raise
        token = result.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            self._application = None
            raise _refusal(self.settings, result, self._last)
        return token

    def _is_rotated(self) -> bool:
        """Whether someone has replaced the secret since it was read."""
        return read_credential(self.settings) != self._credential

    def _ask(self, claims: str | None) -> Mapping[str, Any]:
        try:
            if self._application is None:
                self._credential = read_credential(self.settings)
                self._http = SignInHttp(self.trust(), self.settings.timeout)
                self._application = open_application(self.settings, self._credential, self._http)
            return self._acquire(claims)
        except httpx.HTTPError as error:
            raise unanswered(error, self._host, NOT_SECURE) from None
        except MsalServiceError as error:
            raise ServerFault(f"the sign-in at {self._host} fails ({error})") from None
        except (ValueError, TypeError, KeyError, AttributeError, httpx.InvalidURL) as error:
            # msal does not look at what it is given: a tenant that is none, an answer that is not one of a sign-in.
            raise self._unreadable(error) from None

    def _acquire(self, claims: str | None) -> Mapping[str, Any]:
        graph = self.settings.cloud.graph
        if isinstance(self.settings.credential, ManagedIdentity):
            found = self._application.acquire_token_for_client(resource=graph, claims_challenge=claims)
        else:
            found = self._application.acquire_token_for_client([f"{graph}/.default"], claims_challenge=claims)
        return found if isinstance(found, dict) else {}

    @property
    def _last(self) -> httpx.Response | None:
        return self._http.last if self._http is not None else None

    @property
    def _host(self) -> str:
        is_managed = isinstance(self.settings.credential, ManagedIdentity)
        return "the managed identity endpoint" if is_managed else httpx.URL(self.settings.cloud.login).host

    def _unreadable(self, error: Exception) -> BridgeError:
        """What msal could make nothing of: the discovery of the tenant, or an answer that is not one of a sign-in."""
        last = self._last
        if last is None:
            return CredentialsRefused(f"the credential cannot be used ({_first_line(error)})", _WAY_OUT)
        try:
            body = orjson.loads(last.content)
        except orjson.JSONDecodeError:
            kind = last.headers.get("content-type", "no type")
            return AnswerLost(f"{self._host} answers the sign-in with what is not JSON ({last.status_code}, {kind})")
        if not isinstance(body, dict):
            return AnswerLost(f"{self._host} answers the sign-in with JSON that is not an object ({last.status_code})")
        return _refusal(self.settings, body, last)


def roles_of(token: str) -> frozenset[str] | None:
    """The application permissions that a token holds, for display alone (its signature is Graph's matter).

    None if the token does not show any, as one in a form of its own.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        roles = orjson.loads(_decoded(parts[1])).get("roles", [])
    except (ValueError, AttributeError):
        return None
    return frozenset(map(str, roles)) if isinstance(roles, list) else None


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


def _refusal(settings: EntraSettings, result: Mapping[str, Any], last: httpx.Response | None) -> BridgeError:
    """What a sign-in without a token means, by its OAuth `error`."""
    kind = str(result.get("error", "no token came"))
    status = last.status_code if last is not None else 0
    after = seconds_of(last.headers.get("retry-after")) if last is not None else None
    if status == 429:
        return Throttled("the sign-in is throttled (429)", after=after)
    if status >= 500 or kind in _PASSING:
        return ServerFault(f"the sign-in fails ({status}, {kind})", after=after)
    if "error" not in result and 200 <= status < 300:
        return AnswerLost(f"the sign-in answers with neither a token nor a refusal ({status})")
    number = _number(result)
    shown = ", ".join(part for part in (kind, f"AADSTS{number}" if number else "") if part)
    if isinstance(settings.credential, ManagedIdentity):
        return CredentialsRefused(
            f"no managed identity of this machine gives a token ({shown})",
            "Assign the identity to the machine, and grant it the permissions of Graph.",
        )
    what = f"Entra ID refuses application {settings.client} of tenant {settings.tenant} ({shown})"
    return CredentialsRefused(what, _HINTS.get(number, _WAY_OUT))


def _number(result: Mapping[str, Any]) -> str:
    codes = result.get("error_codes")
    numbers = [str(code) for code in codes] if isinstance(codes, list) else []
    numbers += _NUMBER.findall(str(result.get("error_description", "")))
    return next((number for number in numbers if number in _HINTS), numbers[0] if numbers else "")
