"""A token for the Directory API, kept while it lasts; and what a refusal of the token endpoint means.

One scope that is not granted refuses them all, so a refusal asks for each scope alone and names the missing ones.
"""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import httpx
from google.auth.exceptions import GoogleAuthError

from scim_bridge.config.source import GoogleSettings, WorkloadIdentity
from scim_bridge.errors import AnswerLost, BridgeError, CredentialsRefused, ServerFault
from scim_bridge.model.wording import listed
from scim_bridge.source.google.credential import Credential, SignInHttp, open_credential, read_credential
from scim_bridge.source.google.refusal import NOT_SECURE
from scim_bridge.source.https import unanswered

_PREFIX = "https://www.googleapis.com/auth/"
SCOPES = tuple(f"{_PREFIX}admin.directory.{name}.readonly" for name in ("user", "group", "group.member"))
"""Read-only, all of them needed."""
CONSOLE = "Admin console > Security > Access and data control > API controls > Manage domain-wide delegation"
_PASSING = ("internal_failure", "server_error", "temporarily_unavailable")
_CLOCK = 120.0
"""Seconds by which a clock may differ from Google's before it is named as the cause."""
_ADMIN = "source.admin must be the primary address of a living user, no alias."
_HINTS: tuple[tuple[str, str, str], ...] = (
    (
        "invalid_grant",
        "invalid email or user id",
        _ADMIN,
    ),
    ("invalid_grant", "not a valid email", _ADMIN),
    ("invalid_grant", "account has been deleted", "source.admin was deleted; name another administrator."),
    ("invalid_grant", "short-lived token", "This machine's clock is off; let it be set by NTP."),
    ("invalid_grant", "jwt signature", "The key was revoked or is another account's; make a new key."),
    ("invalid_grant", "account not found", "The service account was deleted; make another, with delegation and key."),
    ("invalid_grant", "no valid verifier", "The service account was deleted; make another, with delegation and key."),
    ("access_denied", "", "Admin console > Security > API controls: an administrator must trust this client."),
    ("admin_policy_enforced", "", "Admin console > Security > API controls: an administrator must trust this client."),
    ("invalid_request", "sub field", "source.admin must be a user of this account."),
)
"""OAuth error, part of its description, way out. The texts are as others have reported them."""


@dataclass(slots=True)
class SignIn:
    """Who we are to Google. trust: gives the certificates to believe in."""

    settings: GoogleSettings
    trust: Callable[[], ssl.SSLContext]
    _credentials: Any = None
    _credential: Credential | None = field(default=None, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def token(self) -> str:
        """A bearer token that is good for some minutes at least. Ask before every request, from any thread.

        Raises Retry where asking again may help, CredentialsRefused where it would not.
        """
        with self._lock:
            if self._credentials is None or not self._credentials.valid:
                self._credentials = self._signed_in(SCOPES)
            return str(self._credentials.token)

    def renewed(self, refused: str) -> str:
        """Another token than this one, which Google refused."""
        with self._lock:
            if self._credentials is not None and self._credentials.token == refused:
                self._credentials = None
        return self.token()

    def _signed_in(self, scopes: tuple[str, ...]) -> Any:
        """Credentials with a token for these scopes. Read again each time: a key may have been replaced."""
        credential = read_credential(self.settings)
        http = SignInHttp(self.trust(), self.settings.timeout, self.settings.endpoint)
        found = open_credential(self.settings, credential, scopes)
        try:
            found.refresh(http)
        except GoogleAuthError as error:
            raise self._refusal(error, credential, http, scopes) from None
        except httpx.HTTPError as error:
            raise unanswered(error, "Google", NOT_SECURE) from None
        if not isinstance(found.token, str) or not found.token.isascii() or found.expiry is None:
            # Without an end a token would always count as good.
            raise AnswerLost("the sign-in at Google gives no token, or one without an end")
        return found

    def _refusal(
        self, error: GoogleAuthError, credential: Credential, http: SignInHttp, scopes: tuple[str, ...]
    ) -> BridgeError:
        """What a sign-in without a token means, by its OAuth `error`."""
        told = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
        kind, said = str(told.get("error", "")), str(told.get("error_description", "")).lower()
        who = f"service account {credential.account} as {self.settings.admin}"
        if kind in _PASSING:
            return ServerFault(f"the sign-in at Google fails ({kind})")
        if not told and not isinstance(self.settings.credential, WorkloadIdentity):
            # Whatever Google answers is JSON (credential.py), so google-auth itself makes nothing of the key.
            return CredentialsRefused(f"{who} cannot sign in ({_first_line(error)})", "Look at source.credential.")
        if not kind and isinstance(self.settings.credential, WorkloadIdentity):
            return CredentialsRefused(
                f"Google does not let this workload sign for {credential.account} ({type(error).__name__})",
                "Grant the workload's identity roles/iam.serviceAccountTokenCreator on this account, and enable the "
                "IAM Service Account Credentials API.",
            )
        if not kind:
            return AnswerLost("Google answers the sign-in with neither a token nor a refusal")
        if kind == "unauthorized_client":
            return self._not_granted(credential, who, scopes)
        hint = next((out for name, part, out in _HINTS if name == kind and part in said), "Look at source.credential.")
        if "short-lived token" in said:
            hint = _clock(http.date) or hint
        shown = f"{kind}: {said.rstrip('.')}" if said else kind
        return CredentialsRefused(f"Google refuses {who} ({shown})", hint)

    def _not_granted(self, credential: Credential, who: str, scopes: tuple[str, ...]) -> CredentialsRefused:
        missing = [scope for scope in scopes if not self._is_granted(scope)] if len(scopes) > 1 else list(scopes)
        client = f" to client id {credential.client_id}" if credential.client_id else ""
        if len(missing) == len(SCOPES):
            what = f"Google grants {who} none of the scopes"
        else:
            what = f"Google does not grant {who} the scope{'s' if len(missing) > 1 else ''} {listed(missing)}"
        way_out = f"Grant {','.join(missing)}{client} (the number, not the address): {CONSOLE}; it may take a day."
        return CredentialsRefused(what, way_out)

    def _is_granted(self, scope: str) -> bool:
        try:
            self._signed_in((scope,))
        except CredentialsRefused:
            return False
        return True


def _first_line(error: Exception) -> str:
    return str(error.args[0] if error.args else type(error).__name__).split("\n", 1)[0][:200]


def _clock(date: str) -> str:
    """By how much this machine's clock differs from that of an answer, if by much."""
    try:
        ahead = time() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return ""
    if abs(ahead) < _CLOCK:
        return ""
    which = "ahead of" if ahead > 0 else "behind"
    return f"This machine's clock is {abs(ahead):.0f} s {which} Google's; let it be set by NTP."
