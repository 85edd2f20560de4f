"""The login host: OpenID discovery, keys, and the token endpoint for client credentials.

learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, …/v2-protocols-oidc
"""

from typing import Any
from urllib.parse import parse_qsl

import jwt

from scim_bridge.sandbox.entra.aadsts import TokenRefusal
from scim_bridge.sandbox.entra.access_token import KEY_ID, Tokens, signing_key
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.registration import Registration

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


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
