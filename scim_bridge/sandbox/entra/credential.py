"""What an application proves itself with (secrets, certificates, federated credentials), and the access tokens it gets.

learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import base64
import functools
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from scim_bridge.sandbox.entra.refusal import unauthorized

Proof = Literal["0", "1", "2"]
"""appidacr: how the application proved itself: not at all, by a secret, by a certificate or an assertion."""
KEY_ID = "sandbox-1"
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
_SKEW = 300


class TokenRefusal(Exception):
    """No token. number: of the error AADSTS…; detail: what its text names beside client and tenant."""

    def __init__(self, number: int, detail: str = "") -> None:
        super().__init__(f"AADSTS{number}")
        self.number = number
        self.detail = detail


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Whose tokens stand for the application: this issuer, subject and audience. key: PEM, the issuer's public one."""

    issuer: str
    subject: str
    key: bytes
    audience: str = EXCHANGE_AUDIENCE


class Registration:
    """One application. clock: seconds since 1970; audiences: what a client assertion may be meant for."""

    def __init__(self, client: str, audiences: list[str], clock: Callable[[], float]) -> None:
        self.client = client
        self._audiences = audiences
        self._clock = clock
        self._secrets: dict[str, float | None] = {}
        self._certificates: dict[str, x509.Certificate] = {}
        self._federated: list[FederatedCredential] = []

    def add_secret(self, value: str, expires: float | None = None) -> None:
        """Accept this secret, until a moment in seconds since 1970."""
        self._secrets[value] = expires

    def remove_secret(self, value: str) -> None:
        """Accept it no longer."""
        self._secrets.pop(value, None)

    def add_certificate(self, pem: bytes) -> None:
        """Accept assertions signed with the key of this certificate."""
        certificate = x509.load_pem_x509_certificate(pem)
        content = certificate.public_bytes(Encoding.DER)
        for name in ("sha256", "sha1"):
            self._certificates[_thumbprint(content, name)] = certificate

    def trust(self, credential: FederatedCredential) -> None:
        """Accept this issuer's tokens in place of an assertion of our own."""
        self._federated.append(credential)

    def check(self, form: dict[str, str]) -> Proof:
        """Whether a token request proves that it is the application's. Raises TokenRefusal."""
        if "client_assertion" in form:
            self._check_assertion(form["client_assertion"])
            return "2"
        secret = form.get("client_secret")
        if secret is None:
            raise TokenRefusal(7000218)
        if secret not in self._secrets:
            raise TokenRefusal(7000215)
        expires = self._secrets[secret]
        if expires is not None and expires <= self._clock():
            raise TokenRefusal(7000222)
        return "1"

    def _check_assertion(self, assertion: str) -> None:
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise TokenRefusal(50027) from None
        if str(claims.get("iss")).startswith("https://"):
            self._check_federated(assertion, claims)
        else:
            self._check_own(assertion, header, claims)
        self._check_time(claims)

    def _check_own(self, assertion: str, header: dict[str, Any], claims: dict[str, Any]) -> None:
        """Signed with a registered key (learn.microsoft.com/entra/identity-platform/certificate-credentials)."""
        if claims.get("iss") != self.client or claims.get("sub") != self.client:
            raise TokenRefusal(700021)
        thumbprint = str(header.get("x5t#S256") or header.get("x5t"))
        certificate = self._certificates.get(thumbprint.rstrip("="))
        if certificate is None:
            raise TokenRefusal(700027, "No certificate of this thumbprint is registered.")
        if certificate.not_valid_after_utc.timestamp() <= self._clock():
            raise TokenRefusal(700027, "The certificate is expired.")
        if not _is_signed(assertion, certificate.public_key(), ["PS256", "RS256"]):
            raise TokenRefusal(700027, "The signature does not fit the key.")
        if claims.get("aud") not in self._audiences:
            raise TokenRefusal(700023)

    def _check_federated(self, assertion: str, claims: dict[str, Any]) -> None:
        """Issuer, subject and audience must be equal letter by letter (learn.microsoft.com/entra/workload-id)."""
        left = [one for one in self._federated if one.issuer == claims.get("iss")]
        if not left:
            raise TokenRefusal(700211, str(claims.get("iss")))
        left = [one for one in left if one.subject == claims.get("sub")]
        if not left:
            raise TokenRefusal(700213, str(claims.get("sub")))
        given = claims.get("aud")
        audiences = given if isinstance(given, list) else [given]
        left = [one for one in left if one.audience in audiences]
        if not left:
            raise TokenRefusal(700212, str(given))
        if not any(_is_signed(assertion, load_pem_public_key(one.key), ["RS256", "ES256"]) for one in left):
            raise TokenRefusal(700027, "The signature does not fit the issuer's keys.")

    def _check_time(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        if not isinstance(claims.get("exp"), int | float):
            raise TokenRefusal(50027)
        if claims["exp"] <= now - _SKEW or claims.get("nbf", 0) > now + _SKEW:
            raise TokenRefusal(700024)


def _is_signed(assertion: str, key: Any, algorithms: list[str]) -> bool:
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=algorithms,
            options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except (jwt.InvalidTokenError, TypeError, ValueError):
        return False
    return True


def _thumbprint(content: bytes, name: str) -> str:
    return base64.urlsafe_b64encode(hashlib.new(name, content).digest()).rstrip(b"=").decode()


@functools.cache
def signing_key() -> rsa.RSAPrivateKey:
    """The key of this process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Issued:
    """What a token says that matters here. number: tokens are counted, so that all up to one can be revoked."""

    roles: frozenset[str]
    expires: float
    number: int


class Tokens:
    """Issues access tokens, JWTs as Microsoft's v1 tokens for Graph are, and checks them.

    A client should not look into them, save to show which roles it was granted
    (learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
    audience: the origin of Graph; clock: seconds since 1970.
    """

    def __init__(self, tenant: str, audience: str, clock: Callable[[], float]) -> None:
        self._tenant, self._audience, self._clock = tenant, audience, clock
        self._issued: dict[str, Issued] = {}
        self._revoked_until = 0

    def issue(self, client: str, roles: tuple[str, ...], lifetime: int, proof: Proof) -> str:
        """A token for Graph, good for so many seconds."""
        now = int(self._clock())
        number = len(self._issued) + 1
        claims: dict[str, Any] = {
            "aud": self._audience,
            "iss": f"https://sts.windows.net/{self._tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "app_displayname": "scim-bridge",
            "appid": client,
            "appidacr": proof,
            "idp": f"https://sts.windows.net/{self._tenant}/",
            "idtyp": "app",
            "oid": str(uuid.uuid5(uuid.NAMESPACE_OID, client)),
            "roles": list(roles),
            "sub": str(uuid.uuid5(uuid.NAMESPACE_OID, client)),
            "tid": self._tenant,
            "uti": f"sandbox-{number}",
            "ver": "1.0",
        }
        token = jwt.encode(claims, signing_key(), algorithm="RS256", headers={"kid": KEY_ID})
        self._issued[token] = Issued(frozenset(roles), now + lifetime, number)
        return token

    def revoke(self) -> None:
        """Let every token issued so far be refused."""
        self._revoked_until = len(self._issued)

    def roles(self, authorization: str) -> frozenset[str]:
        """The roles of the token in an Authorization header. Raises a 401."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("Access token is empty.")
        issued = self._issued.get(token)
        if issued is None:
            raise unauthorized("IDX14100: JWT is not well formed, or its signature or audience is not valid here.")
        if issued.expires <= self._clock() or issued.number <= self._revoked_until:
            raise unauthorized("Lifetime validation failed, the token is expired.")
        return issued.roles
