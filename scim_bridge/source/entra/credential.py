"""How we sign in, in the form in which msal takes it, and the HTTP client that msal is lent.

msal's own client would neither know our timeouts nor trust our certificate authority: the environment's
REQUESTS_CA_BUNDLE goes before what we give it.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msal
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from scim_bridge.config.source import (
    ClientCertificate,
    ClientSecret,
    EntraSettings,
    FederatedToken,
    ManagedIdentity,
)
from scim_bridge.errors import Misconfigured

_CAPABILITIES = ["CP1"]
"""We can answer a claims challenge, so tokens are revoked at once instead of living on (continuous access evaluation,
https://learn.microsoft.com/entra/identity-platform/claims-challenge)."""


@dataclass(slots=True)
class SignInHttp:
    """An HTTP client as msal wants one. last: the answer that came last, for what msal does not pass on."""

    trust: ssl.SSLContext
    timeout: timedelta
    last: httpx.Response | None = None

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> httpx.Response:
        """POST a form. msal gives a signed assertion as bytes, which httpx would write as b'…'."""
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        return self._send("POST", url, params=params, data=form, headers=headers)

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> httpx.Response:
        """GET."""
        return self._send("GET", url, params=params, headers=headers)

    def close(self) -> None:
        """Nothing is kept open: signing in happens once an hour."""

    def _send(self, method: str, url: str, **parts: Any) -> httpx.Response:
        self.last = None
        # Only the machine's own metadata endpoint is plain HTTP: no proxy can reach it, and none may see its tokens.
        seconds, by_proxy = self.timeout.total_seconds(), url.startswith("https:")
        with httpx.Client(verify=self.trust, timeout=seconds, trust_env=by_proxy) as client:
            self.last = client.request(method, url, **parts)
        return self.last


@dataclass(frozen=True, slots=True)
class MsalCredential:
    """What msal is given, as it was read just now. Two are equal if the same would be sent; shown nowhere."""

    given: Any = field(repr=False)


def read_credential(settings: EntraSettings) -> MsalCredential:
    """Read what the settings refer to. Raises Misconfigured, naming the file or variable that cannot be read."""
    credential = settings.credential
    if isinstance(credential, ClientSecret):
        return MsalCredential(credential.secret.read())
    if isinstance(credential, ClientCertificate):
        certificate, key = _file(credential.certificate, "the certificate"), credential.key.read()
        _require_pair(credential, certificate, key)
        return MsalCredential({"private_key": key, "public_certificate": certificate})
    if isinstance(credential, FederatedToken):
        return MsalCredential({"client_assertion": _Assertion(credential.token_file)})
    return MsalCredential(credential)


def _require_pair(credential: ClientCertificate, certificate: str, key: str) -> None:
    """Raises Misconfigured unless both can be used, and belong together."""
    try:
        public = load_pem_x509_certificate(certificate.encode()).public_key()
    except ValueError:
        what = f"the certificate {credential.certificate} is none in PEM"
        raise Misconfigured(what, "Look at source.credential.certificate.") from None
    where = f"the key of the certificate ({credential.key.describe()})"
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        what = f"{where} is not a private key in PEM, or asks for a passphrase"
        raise Misconfigured(what, "Store it in PEM, without a passphrase.") from None
    if not isinstance(private, RSAPrivateKey):
        raise Misconfigured(f"{where} is not an RSA key", "Entra ID takes certificates of RSA keys alone.")
    if private.public_key() != public:
        what = f"{where} is not that of {credential.certificate}"
        raise Misconfigured(what, "Store the key with which the certificate was made.")


@dataclass(frozen=True, slots=True)
class _Assertion:
    """Gives the other issuer's token each time one is needed: anyone who writes the file renews it every hour or so."""

    path: Path

    def __call__(self) -> str:
        return _file(self.path, "the federated token").strip()


def _file(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Misconfigured(f"{what} {path} cannot be read ({reason})", "Look at source.credential.") from None


def open_application(settings: EntraSettings, credential: MsalCredential, http: SignInHttp) -> Any:
    """msal's application. Making it asks the sign-in host about the tenant, so it raises whatever HTTP does."""
    if isinstance(credential.given, ManagedIdentity):
        chosen = credential.given.client
        identity = (
            msal.UserAssignedManagedIdentity(client_id=chosen) if chosen else msal.SystemAssignedManagedIdentity()
        )
        return msal.ManagedIdentityClient(identity, http_client=http, client_capabilities=_CAPABILITIES)
    return msal.ConfidentialClientApplication(
        settings.client,
        client_credential=credential.given,
        authority=f"{settings.cloud.login}/{settings.tenant}",
        # The sign-in host is the operator's word; no one else has to be asked whether it is one.
        instance_discovery=False,
        validate_authority=False,
        client_capabilities=_CAPABILITIES,
        http_client=http,
    )
