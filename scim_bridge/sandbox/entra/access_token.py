"""Access tokens: JWTs as Microsoft's v1 tokens for Graph are.

learn.microsoft.com/entra/identity-platform/access-token-claims-reference

A client should not look into them, save to show which roles it was granted.
"""

import functools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from scim_bridge.sandbox.entra.refusal import unauthorized

Proof = Literal["0", "1", "2"]
"""appidacr: how the application proved itself: not at all, by a secret, by a certificate or an assertion."""
KEY_ID = "sandbox-1"


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
    """Issues access tokens and checks them. audience: the origin of Graph; clock: seconds since 1970."""

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
