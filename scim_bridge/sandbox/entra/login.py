"""Where tokens come from: the login host (OpenID discovery, keys, token endpoint), and the metadata endpoint.

learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, …/v2-protocols-oidc. The metadata
endpoint of a virtual machine is where managed identities get their tokens: plain HTTP on loopback.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

import jwt
import orjson

from scim_bridge.sandbox.entra.credential import KEY_ID, Registration, TokenRefusal, Tokens, signing_key
from scim_bridge.sandbox.entra.fault import PAGE, EntraFault
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.traffic import Logged
from scim_bridge.sandbox.transport import Headers, Response

_JSON = (b"content-type", b"application/json; charset=utf-8")
Told = tuple[int, dict[str, Any]]
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_METADATA = "metadata/identity/oauth2/token"
_CHOICES = ("client_id", "object_id", "msi_res_id", "mi_res_id")
_ERRORS: dict[int, tuple[int, str, str]] = {
    7000215: (401, "invalid_client", "The client secret sent for app '{client}' is not valid; is it the secret's id?"),
    7000222: (401, "invalid_client", "The client secrets of app '{client}' are expired."),
    7000218: (401, "invalid_client", "The request has neither 'client_assertion' nor 'client_secret'."),
    700016: (400, "unauthorized_client", "No application '{client}' in the directory '{tenant}'."),
    7000112: (401, "unauthorized_client", "Application '{client}' is disabled."),
    90002: (400, "invalid_request", "Tenant '{tenant}' not found."),
    900144: (400, "invalid_request", "The request lacks the parameter '{detail}'."),
    70003: (400, "unsupported_grant_type", "The grant type '{detail}' is not supported."),
    1002012: (400, "invalid_scope", "The scope {detail} is not valid; client credentials take <resource>/.default."),
    500011: (400, "invalid_resource", "No resource principal named {detail} in the tenant '{tenant}'."),
    50027: (401, "invalid_client", "The token presented is malformed."),
    700021: (401, "invalid_client", "The assertion is of another application than 'client_id'."),
    700023: (401, "invalid_client", "The assertion's audience is not this tenant."),
    700024: (401, "invalid_client", "The assertion is outside its time range."),
    700027: (401, "invalid_client", "The assertion's signature is refused. {detail}"),
    700211: (401, "invalid_client", "No federated credential for the assertion's issuer '{detail}'."),
    700212: (401, "invalid_client", "No federated credential for the assertion's audience '{detail}'."),
    700213: (401, "invalid_client", "No federated credential for the assertion's subject '{detail}'."),
    53003: (400, "access_denied", "Access is blocked by Conditional Access policies."),
    650052: (400, "invalid_client", "The organization has not subscribed to the service asked for."),
    90033: (503, "temporarily_unavailable", "A transient error; try again."),
}
"""HTTP status, OAuth error and text by number. The texts are ours: a client must not depend on Microsoft's.

learn.microsoft.com/entra/identity-platform/reference-error-codes lists the numbers; the page says that they may change
and that a client should branch on the OAuth error. Status and OAuth error of 70021x are as users report them
(microsoft/Agents, issue 202); those of 53003 and 650052 are a guess.
"""


class Login:
    """Answers for one tenant. origin: of this host; resource: the origin of Graph."""

    def __init__(self, tenant: str, origin: str, resource: str, registration: Registration, tokens: Tokens) -> None:
        self.tenant = tenant
        self._origin, self._resource = origin, resource
        self._registration, self._tokens = registration, tokens

    def discovery(self, tenant: str) -> dict[str, Any]:
        """The OpenID configuration. Raises TokenRefusal for another tenant."""
        self._check_tenant(tenant)
        base = f"{self._origin}/{self.tenant}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "sandbox",
        }

    def keys(self, tenant: str) -> dict[str, Any]:
        """The public key of access tokens."""
        self._check_tenant(tenant)
        key = jwt.algorithms.RSAAlgorithm.to_jwk(signing_key().public_key(), as_dict=True)
        return {"keys": [{**key, "kid": KEY_ID, "use": "sig"}]}

    def token(self, tenant: str, body: bytes, knobs: EntraKnobs) -> dict[str, Any]:
        """The answer to a token request. Raises TokenRefusal."""
        self._check_tenant(tenant)
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if "grant_type" not in form:
            raise TokenRefusal(900144, "grant_type")
        if form["grant_type"] != "client_credentials":
            raise TokenRefusal(70003, form["grant_type"])
        if form.get("client_id") != self._registration.client:
            raise TokenRefusal(700016)
        if "client_assertion" in form and form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise TokenRefusal(900144, "client_assertion_type")
        self._check_scope(form.get("scope"))
        proof = self._registration.check(form)
        token = self._tokens.issue(self._registration.client, knobs.roles, knobs.token_lifetime, proof)
        lifetime = knobs.token_lifetime
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}

    def _check_tenant(self, tenant: str) -> None:
        if tenant.lower() != self.tenant.lower():
            raise TokenRefusal(90002)

    def _check_scope(self, scope: str | None) -> None:
        if not scope:
            raise TokenRefusal(900144, "scope")
        asked = [one for one in scope.split() if one not in ("openid", "profile", "offline_access")]
        for one in asked:
            if not one.endswith("/.default"):
                raise TokenRefusal(1002012, one)
            if one.removesuffix("/.default").rstrip("/") != self._resource:
                raise TokenRefusal(500011, one.removesuffix("/.default"))


class _MetadataRefusal(Exception):
    """A 400 of the metadata endpoint: OAuth error and text."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class Metadata:
    """Issues tokens to the machine's identities. client: the system-assigned one's; None = it has none.

    learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token

    assigned: ids (of whichever sort) of user-assigned identities, to their client id.
    """

    def __init__(self, client: str | None, resource: str, tokens: Tokens) -> None:
        self.client = client
        self.assigned: dict[str, str] = {}
        self._resource, self._tokens = resource, tokens

    def token(self, query: str, headers: dict[str, str], knobs: EntraKnobs, now: float) -> dict[str, Any]:
        """The answer to a token request; numbers are strings. Raises _MetadataRefusal."""
        if headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in headers:
            raise _MetadataRefusal("invalid_request", "Required metadata header not specified")
        given = dict(parse_qsl(query))
        if "api-version" not in given:
            raise _MetadataRefusal("invalid_request", "Required query variable 'api-version' is missing")
        if given.get("resource", "").rstrip("/") != self._resource:
            raise _MetadataRefusal(
                "invalid_resource", f"AADSTS500011: The resource principal named {given.get('resource')} was not found"
            )
        client = self._identity(given)
        lifetime, start = knobs.token_lifetime, int(now)
        return {
            "access_token": self._tokens.issue(client, knobs.roles, lifetime, "2"),
            "client_id": client,
            "expires_in": str(lifetime),
            "expires_on": str(start + lifetime),
            "ext_expires_in": str(lifetime),
            "not_before": str(start),
            "resource": given["resource"],
            "token_type": "Bearer",
        }

    def _identity(self, given: dict[str, str]) -> str:
        asked = next((given[name] for name in _CHOICES if name in given), None)
        found = self.client if asked is None else self.assigned.get(asked)
        if found is None:
            raise _MetadataRefusal("invalid_request", "Identity not found")
        return found


class LoginDoor:
    """Turns requests into answers of both. client: shown in errors; clock: seconds since 1970."""

    def __init__(self, login: Login, metadata: Metadata, client: str, clock: Callable[[], float]) -> None:
        self._login, self._metadata, self._client, self._clock = login, metadata, client, clock

    def answer(self, logged: Logged, body: bytes, fault: EntraFault | None, knobs: EntraKnobs) -> Response:
        """The answer to a request, faults of status and content included."""
        request_id = str(uuid.uuid4())
        headers = self._headers(request_id, logged)
        spoilt = None if fault is None else _spoilt(fault, headers)
        if spoilt is not None:
            return spoilt
        if logged.where == "metadata":
            status, told = self._told_by_metadata(logged, knobs)
        else:
            status, told = self._told_by_login(logged, body, fault, knobs)
        return Response(status, orjson.dumps(told), [_JSON, *headers])

    def _told_by_login(self, logged: Logged, body: bytes, fault: EntraFault | None, knobs: EntraKnobs) -> Told:
        try:
            if fault is not None and fault.kind == "aadsts":
                raise TokenRefusal(fault.code)
            match (logged.method, logged.path):
                case ("GET", "v2.0/.well-known/openid-configuration"):
                    return 200, self._login.discovery(logged.tenant)
                case ("GET", "discovery/v2.0/keys"):
                    return 200, self._login.keys(logged.tenant)
                case ("POST", "oauth2/v2.0/token"):
                    return 200, self._login.token(logged.tenant, body, knobs)
        except TokenRefusal as refused:
            names = {"client": self._client, "tenant": logged.tenant}
            now = datetime.fromtimestamp(self._clock(), UTC)
            return _ERRORS[refused.number][0], _error(refused, names, str(uuid.uuid4()), now)
        return 404, {"error": "not_found", "error_description": f"There is no {logged.method} {logged.path}."}

    def _told_by_metadata(self, logged: Logged, knobs: EntraKnobs) -> Told:
        if logged.path != _METADATA or logged.method != "GET":
            return 404, {"error": "not_found", "error_description": "There is no such path."}
        try:
            return 200, self._metadata.token(logged.query, logged.headers, knobs, self._clock())
        except _MetadataRefusal as refused:
            return 400, {"error": refused.error, "error_description": refused.description}

    def _headers(self, request_id: str, logged: Logged) -> Headers:
        client_request_id = logged.headers.get("client-request-id", "")
        return [
            (b"date", formatdate(self._clock(), usegmt=True).encode()),
            (b"cache-control", b"no-store, no-cache"),
            (b"x-ms-request-id", request_id.encode()),
            *([(b"client-request-id", client_request_id.encode("latin-1", "replace"))] if client_request_id else []),
        ]


def _spoilt(fault: EntraFault, headers: Headers) -> Response | None:
    """What a fault says in place of the answer, None if it is about something else."""
    after = [] if fault.retry_after is None else [(b"retry-after", str(fault.retry_after).encode())]
    match fault.kind:
        case "throttle":
            told = {"error": "temporarily_unavailable", "error_description": "AADSTS90055: Too many requests."}
            return Response(429, orjson.dumps(told), [_JSON, *headers, *after])
        case "error":
            told = {
                "error": "temporarily_unavailable",
                "error_description": "AADSTS90033: A transient error has occurred.",
            }
            return Response(fault.status, orjson.dumps(told), [_JSON, *headers, *after])
        case "empty":
            return Response(fault.status, b"", [*headers, *after])
        case "html":
            return Response(fault.status, PAGE, [(b"content-type", b"text/html"), *after])
        case "redirect":
            return Response(302, b"", [(b"location", fault.host.encode()), *headers])
    return None


def _error(refusal: TokenRefusal, names: dict[str, str], trace: str, now: datetime) -> dict[str, Any]:
    """The body of a refusal. names: client and tenant; trace: the id of this request."""
    _, error, text = _ERRORS[refusal.number]
    correlation = str(uuid.uuid4())
    stamp = f"{now:%Y-%m-%d %H:%M:%SZ}"
    told = text.format(**names, detail=refusal.detail)
    return {
        "error": error,
        "error_description": f"AADSTS{refusal.number}: {told} Trace ID: {trace} "
        f"Correlation ID: {correlation} Timestamp: {stamp}",
        "error_codes": [refusal.number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={refusal.number}",
    }
