"""Where tokens come from: the token endpoint, which checks a signed assertion, and the two ways to one without a key.

developers.google.com/identity/protocols/oauth2/service-account: an assertion is a JWT, signed with the service
account's key, for an admin (`sub`) and scopes that the account's domain-wide delegation must grant, all of them.
Without a key: a workload's own token is exchanged at the security token service (cloud.google.com/iam/docs/reference/
sts/rest), and with what that gives, the IAM credentials API signs the assertion (signJwt).
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scim_bridge.sandbox.google.directory import Directory
from scim_bridge.sandbox.google.knobs import GoogleKnobs
from scim_bridge.sandbox.google.refusal import GoogleRefusal, TokenRefusal, unauthorized
from scim_bridge.sandbox.google.workload import AWS_TOKEN, is_proof

AUDIENCE = "https://oauth2.googleapis.com/token"
"""What every assertion is meant for, wherever it is sent."""
ACCOUNT = "bridge@sandbox-project.iam.gserviceaccount.com"
CLIENT_ID = "100000000000000000001"
SUBJECT_TOKEN = "sandbox-workload-token"  # noqa: S105 - not a secret
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST, _SKEW = 3600, 300
_NOT_GRANTED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the "
    "scopes requested."
)
_TIME = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
    "values in the JWT claim."
)


@functools.cache
def _private_key(number: int) -> rsa.RSAPrivateKey:  # noqa: ARG001 - what it is kept by
    """The key of this number, in this process: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Issued:
    """What an access token allows, until when (seconds since 1970). number: tokens are counted."""

    scopes: frozenset[str]
    expires: float
    number: int


class Tokens:
    """Keys of the service account, and the access tokens issued. clock: seconds since 1970."""

    def __init__(self, directory: Directory, clock: Callable[[], float]) -> None:
        self._directory, self._clock = directory, clock
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._issued: dict[str, Issued] = {}
        self._workloads: set[str] = set()
        self._revoked_until = 0
        self.subject_tokens = {SUBJECT_TOKEN}
        self.aws_keys: dict[str, str] = {}
        """Access key id → secret key of the workloads in AWS that the pool lets in."""
        self.may_sign = True
        self.new_key()

    def new_key(self) -> None:
        """Make another key; those of before are still good."""
        number = len(self._keys)
        self._keys[f"sandbox-key-{number}"] = _private_key(number)

    def revoke_key(self) -> None:
        """Let the newest key be refused from now on."""
        self._keys[next(reversed(self._keys))] = _private_key(-1)

    def key_file(self, token_uri: str = AUDIENCE) -> dict[str, str]:
        """The service account's key file, as the console lets one download it."""
        name = next(reversed(self._keys))
        pem = self._keys[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return {
            "type": "service_account",
            "project_id": "sandbox-project",
            "private_key_id": name,
            "private_key": pem,
            "client_email": ACCOUNT,
            "client_id": CLIENT_ID,
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        }

    def token(self, form: Mapping[str, str], knobs: GoogleKnobs) -> dict[str, Any]:
        """The answer to a token request. Raises TokenRefusal."""
        if form.get("grant_type") != _GRANT:
            raise TokenRefusal(400, "unsupported_grant_type", "Invalid grant_type: " + form.get("grant_type", ""))
        claims = self._claims(form.get("assertion", ""))
        self._check_time(claims, self._clock() + knobs.skew)
        asked = frozenset(str(claims.get("scope", "")).split())
        if not asked:
            raise TokenRefusal(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        if not asked <= knobs.granted:
            raise TokenRefusal(401, "unauthorized_client", _NOT_GRANTED)
        admin = self._directory.users.get(self._directory.user_id(str(claims.get("sub", ""))) or "")
        # Only the primary address of a living account serves, and none that is suspended.
        if admin is None or admin["primaryEmail"] != claims.get("sub") or admin.get("suspended"):
            raise TokenRefusal(400, "invalid_grant", "Invalid email or User ID")
        return {"access_token": self._issue(asked, knobs), "expires_in": knobs.token_lifetime, "token_type": "Bearer"}

    def exchange(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of the security token service to a workload's own token. Raises TokenRefusal."""
        token, audience = str(given.get("subject_token", "")), str(given.get("audience", ""))
        is_aws = given.get("subject_token_type") == AWS_TOKEN
        if not is_proof(token, audience, self.aws_keys) if is_aws else token not in self.subject_tokens:
            raise TokenRefusal(400, "invalid_grant", "The given credential is rejected by the attribute condition.")
        token = f"sandbox-workload-{len(self._workloads) + 1}"
        self._workloads.add(token)
        kind = "urn:ietf:params:oauth:token-type:access_token"
        return {"access_token": token, "issued_token_type": kind, "token_type": "Bearer", "expires_in": 3600}

    def sign(self, account: str, authorization: str, body: bytes) -> dict[str, str]:
        """The answer of signJwt: the payload signed with a key of the account's. Raises GoogleRefusal."""
        if authorization.partition(" ")[2] not in self._workloads:
            raise unauthorized()
        if account != ACCOUNT or not self.may_sign:
            message = "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist)."
            raise GoogleRefusal(403, "forbidden", message)
        name = next(reversed(self._keys))
        payload = orjson.loads(orjson.loads(body)["payload"])
        return {"keyId": name, "signedJwt": jwt.encode(payload, self._keys[name], "RS256", headers={"kid": name})}

    def revoke(self) -> None:
        """Let every access token issued so far be refused."""
        self._revoked_until = len(self._issued)

    def scopes(self, authorization: str) -> frozenset[str]:
        """The scopes of the token in an Authorization header. Raises a 401."""
        scheme, _, token = authorization.partition(" ")
        issued = self._issued.get(token) if scheme.lower() == "bearer" else None
        if issued is None or issued.expires <= self._clock() or issued.number <= self._revoked_until:
            raise unauthorized()
        return issued.scopes

    def _issue(self, scopes: frozenset[str], knobs: GoogleKnobs) -> str:
        number = len(self._issued) + 1
        token = f"ya29.sandbox-{number}"
        self._issued[token] = Issued(scopes, self._clock() + knobs.token_lifetime, number)
        return token

    def _claims(self, assertion: str) -> dict[str, Any]:
        unchecked: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            key = self._keys[jwt.get_unverified_header(assertion)["kid"]].public_key()
            claims: dict[str, Any] = jwt.decode(
                assertion, key, algorithms=["RS256"], audience=AUDIENCE, options=unchecked
            )
        except jwt.InvalidAudienceError:
            raise TokenRefusal(400, "invalid_grant", "Invalid JWT: Invalid audience.") from None
        except (jwt.InvalidTokenError, KeyError):
            raise TokenRefusal(400, "invalid_grant", "Invalid JWT Signature.") from None
        if claims.get("iss") != ACCOUNT:
            raise TokenRefusal(400, "invalid_grant", "Invalid grant: account not found")
        return claims

    def _check_time(self, claims: Mapping[str, Any], now: float) -> None:
        issued, expires = claims.get("iat", 0), claims.get("exp", 0)
        if not now - _SKEW < expires <= issued + _LONGEST or issued > now + _SKEW:
            raise TokenRefusal(400, "invalid_grant", _TIME)
