"""How we sign in, in the form in which google-auth takes it, and the HTTP client that google-auth is lent.

An assertion is good for Google wherever it is sent, so the addresses are pinned here: Google's own four hosts, or the
emulator on this machine, which stands for all of them. A key file that names another address is refused before
anything is signed.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
from google.auth import aws, identity_pool, impersonated_credentials
from google.oauth2 import service_account

from scim_bridge.config.source import GoogleEndpoint, GoogleSettings, ServiceAccountKey
from scim_bridge.errors import AnswerLost, CredentialsRefused, Misconfigured, ServerFault, Throttled
from scim_bridge.retry import seconds_of
from scim_bridge.source.google.workload import AwsWorkload

TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
DIRECTORY = "https://admin.googleapis.com"
_HOSTS = ("oauth2.googleapis.com", "iamcredentials.googleapis.com", "sts.googleapis.com", "admin.googleapis.com")
_CLOUD = "https://www.googleapis.com/auth/cloud-platform"
_LOOK = "Look at source.credential."
_SUPPLIER = "aws_security_credentials_supplier"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as google-auth wants one."""

    status: int
    headers: Mapping[str, str]
    data: bytes


@dataclass(slots=True)
class SignInHttp:
    """An HTTP client as google-auth wants one. date: of the answer that came last, for a clock that is off."""

    trust: ssl.SSLContext
    timeout: timedelta
    endpoint: GoogleEndpoint | None
    date: str = ""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: object = None,  # noqa: ARG002 - google-auth's, ours holds
        **_: object,
    ) -> Answer:
        """Send it. Raises Throttled and ServerFault: asking again is ours, not google-auth's, which gives up early."""
        with httpx.Client(verify=self.trust, timeout=self.timeout.total_seconds()) as client:
            found = client.request(method, placed(url, self.endpoint), content=body, headers=dict(headers or {}))
        self.date = found.headers.get("date", "")
        status = found.status_code
        after = seconds_of(found.headers.get("retry-after"))
        if status == 429:
            raise Throttled("the sign-in at Google is throttled (429)", after=after)
        if status >= 500:
            raise ServerFault(f"the sign-in at Google fails ({status})", after=after)
        if not _is_json(found.content):
            raise AnswerLost(f"the sign-in at Google is answered with what is not JSON ({status})")
        return Answer(found.status_code, found.headers, found.content)


def placed(url: str, endpoint: GoogleEndpoint | None) -> str:
    """Where what is meant for this address is sent. Raises CredentialsRefused for one that is not Google's."""
    there = httpx.URL(url)
    if endpoint is not None:
        own = httpx.URL(endpoint.origin)
        if there.host in _HOSTS or (there.scheme, there.host, there.port) == (own.scheme, own.host, own.port):
            return str(there.copy_with(scheme=own.scheme, host=own.host, port=own.port))
    elif there.scheme == "https" and there.host in _HOSTS and there.port is None:
        return url
    raise CredentialsRefused(f"the credential points to {there.host}, which is not Google's; nothing was sent", _LOOK)


@dataclass(frozen=True, slots=True)
class Credential:
    """What google-auth is given, as it was read just now. Two are equal if the same would be sent; shown nowhere."""

    given: Mapping[str, Any] = field(repr=False)
    account: str = ""

    @property
    def client_id(self) -> str:
        """The number by which the Admin console knows the service account, "" if it does not stand here."""
        return str(self.given.get("client_id", ""))


def read_credential(settings: GoogleSettings) -> Credential:
    """Read what the settings refer to. Raises Misconfigured, naming the file or variable that cannot be read."""
    credential = settings.credential
    if isinstance(credential, ServiceAccountKey):
        given = _json(credential.key.read(), f"the key ({credential.key.describe()})")
        if given.get("type") != "service_account":
            what = f"the key ({credential.key.describe()}) is not the key file of a service account"
            raise Misconfigured(what, "Make a key of type JSON for the service account, and store the file as it is.")
        address = given.get("token_uri")
        if not isinstance(address, str) or (address != TOKEN_URI and not _is_of(address, settings.endpoint)):
            what = f"the key ({credential.key.describe()}) has a token_uri that is not Google's"
            raise Misconfigured(what, "Do not use this file: it would send a proof of identity elsewhere. Make a key.")
        return Credential(given, str(given.get("client_email", "")))
    given = _json(_text(credential.federation), f"the federation file {credential.federation}")
    if given.get("type") != "external_account":
        what = f"{credential.federation} is not a credential configuration of workload identity federation"
        raise Misconfigured(what, "Download it at the pool's provider, for this service account.")
    origin = given.get("credential_source")
    if not isinstance(origin, dict) or not ("file" in origin or origin.get("environment_id") == "aws1"):
        what = f"{credential.federation} takes the workload's token neither from a file nor from AWS"
        raise Misconfigured(what, "Make it with credential_source: {file: …}; no program and no address is asked.")
    # With this key the account would have to impersonate itself first, and then lack the right to sign.
    rest = {name: value for name, value in given.items() if name != "service_account_impersonation_url"}
    return Credential(rest, credential.service_account)


def open_credential(settings: GoogleSettings, credential: Credential, scopes: tuple[str, ...]) -> Any:
    """google-auth's credentials for these scopes, as the admin. Raises Misconfigured for a key that is none."""
    given = dict(credential.given)
    try:
        if isinstance(settings.credential, ServiceAccountKey):
            return service_account.Credentials.from_service_account_info(given, scopes=scopes, subject=settings.admin)
        if "environment_id" in given["credential_source"]:
            del given["credential_source"]
            source: Any = aws.Credentials.from_info({**given, _SUPPLIER: AwsWorkload()}, scopes=[_CLOUD])
        else:
            source = identity_pool.Credentials.from_info(given, scopes=[_CLOUD])
    except Exception as error:  # noqa: BLE001 - whatever a broken file makes google-auth raise
        reason = type(error).__name__
        what = f"the credential of {credential.account or 'the service account'} cannot be used ({reason})"
        raise Misconfigured(what, f"{_LOOK} A key file is stored as it was downloaded.") from None
    return impersonated_credentials.Credentials(
        source, target_principal=credential.account, target_scopes=list(scopes), subject=settings.admin
    )


def _is_of(address: str, endpoint: GoogleEndpoint | None) -> bool:
    return endpoint is not None and address.startswith(f"{endpoint.origin}/")


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(orjson.loads(content), dict)
    except orjson.JSONDecodeError:
        return False


def _json(text: str, what: str) -> dict[str, Any]:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise Misconfigured(f"{what} is not JSON", "Store the file as it was downloaded.")
    return given


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Misconfigured(f"the federation file {path} cannot be read ({reason})", _LOOK) from None
