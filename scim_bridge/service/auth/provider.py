"""Sign-in at an OpenID provider: authorization code with PKCE, and an ID token that is believed only when all fits.

Authlib's defaults believe too much (tried with forged tokens): it takes the algorithms that the provider lists, `none`
among them, and does not compare `aud` with the client. `_Strict` fixes that.

Sources: OpenID Connect Core 1.0, 3.1.3.7 (ID Token Validation); Discovery 1.0, 4.3 (the issuer is the one that was
configured); RP-Initiated Logout 1.0; RFC 7636 (PKCE).
"""

import asyncio
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import Request, Response
from joserfc.errors import JoseError

from scim_bridge.config.service import AuthSettings
from scim_bridge.service.auth.vouched import NotVouched, ProviderDown, Vouched

with warnings.catch_warnings():
    # It prefers a fork of httpx where that is installed, and complains at its import where it is not. Its own filter
    # for that comes with this import, and goes before all others that are there already.
    from authlib.deprecate import AuthlibDeprecationWarning

    warnings.filterwarnings("ignore", message="The httpx module is deprecated", category=AuthlibDeprecationWarning)
    from authlib.integrations.starlette_client import OAuth, OAuthError, StarletteOAuth2App

CALLBACK, SIGNED_OUT = "/sign-in/callback", "/signed-out"
_ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signed with a key that only the provider has. With a secret that both have (HS256), we could sign for ourselves."""
_LEEWAY = 60
"""Seconds that the two clocks may differ."""
_SCOPES = ("openid", "profile", "email", "groups")
_PATIENCE = 10.0
_KEPT = 3_600.0
"""Seconds for which the provider's metadata and keys are kept. A key that it has given up is not believed longer."""


class _Strict(StarletteOAuth2App):  # type: ignore[misc]  # Authlib has no types
    """Believes an ID token of this issuer, for this client, signed with a key of its own, and nothing else."""

    issuer = ""

    async def load_server_metadata(self) -> dict[str, Any]:
        """The provider's metadata, with what we do not accept left out."""
        if self.server_metadata.get("_loaded_at", time.time()) < time.time() - _KEPT:
            self.server_metadata.clear()
        metadata: dict[str, Any] = await super().load_server_metadata()
        if metadata.get("issuer", "").rstrip("/") != self.issuer.rstrip("/"):
            raise ValueError(f"its metadata are of another issuer: {metadata.get('issuer', '')!r}"[:200])
        listed = metadata.get("id_token_signing_alg_values_supported") or ()
        metadata["id_token_signing_alg_values_supported"] = [a for a in listed if a in _ASYMMETRIC] or ["RS256"]
        # Some providers refuse a scope that they do not know; others send groups only if they are asked for.
        known = metadata.get("scopes_supported") or _SCOPES[:3]
        self.client_kwargs["scope"] = " ".join(scope for scope in _SCOPES if scope in known or scope == "openid")
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic, post = "client_secret_basic", "client_secret_post"
        self.client_kwargs["token_endpoint_auth_method"] = basic if basic in ways else post
        return metadata

    async def parse_id_token(
        self, token: Any, nonce: str, claims_options: Any = None, **_: Any
    ) -> Mapping[str, Any] | None:
        """The claims of the ID token. Raises JoseError for one that is not to be believed."""
        claims_options = {
            "iss": {"essential": True, "value": (await self.load_server_metadata())["issuer"]},
            "aud": {"essential": True, "value": self.client_id},
            "exp": {"essential": True},
            "sub": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        }
        found: Mapping[str, Any] | None = await super().parse_id_token(token, nonce, claims_options, leeway=_LEEWAY)
        return found


class Provider:
    """The provider of one service. public_url: where the browser comes back to."""

    def __init__(self, auth: AuthSettings, public_url: str) -> None:
        self._auth = auth
        self._public_url = public_url
        registered = OAuth().register(
            "provider",
            client_cls=_Strict,
            client_id=auth.client,
            client_secret=auth.secret.read(),
            server_metadata_url=f"{auth.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"code_challenge_method": "S256", "timeout": _PATIENCE},
        )
        registered.issuer = auth.issuer
        self._client = registered

    def look(self) -> str:
        """What the provider says of itself, in a sentence. Raises ProviderDown if it says nothing that can be used."""
        with self._down_if_unreadable():
            asyncio.run(self._client.load_server_metadata())
        return f"{self._auth.issuer} answers, and is the issuer that is configured"

    async def send_there(self, request: Request) -> Response:
        """Send the browser to the provider. Raises ProviderDown."""
        with self._down_if_unreadable():
            there: Response = await self._client.authorize_redirect(request, self._public_url + CALLBACK)
        return there

    async def vouched(self, request: Request) -> Vouched:
        """Who has come back. Raises NotVouched or ProviderDown."""
        self._client.client_secret = self._auth.secret.read()  # it may have been renewed since
        try:
            with self._down_if_unreadable():
                token = await self._client.authorize_access_token(request)
                claims: Mapping[str, Any] = token.get("userinfo") or {}
                if not claims.get("sub"):
                    raise NotVouched("it sent no ID token")
                groups = claims.get(self._auth.groups_claim)
                if groups is None:
                    groups = (await self._user_info(token, claims["sub"])).get(self._auth.groups_claim)
        except OAuthError as error:
            raise NotVouched(f"{error.error}: {error.description}"[:200]) from None
        except JoseError as error:
            raise NotVouched(f"its ID token is not to be believed: {error.error}"[:200]) from None
        return Vouched(_name_of(claims), _groups_of(groups))

    async def _user_info(self, token: Any, subject: str) -> Mapping[str, Any]:
        """Some providers put groups there alone. What is said of another subject is ignored (Core 1.0, 5.3.2)."""
        if not (await self._client.load_server_metadata()).get("userinfo_endpoint"):
            return {}
        said: Mapping[str, Any] = await self._client.userinfo(token=token)
        return said if said.get("sub") == subject else {}

    async def sign_out_url(self) -> str:
        """Where the browser signs out of the provider too; "" if the provider has no such page. Raises ProviderDown."""
        with self._down_if_unreadable():
            page = (await self._client.load_server_metadata()).get("end_session_endpoint", "")
        back = {"client_id": self._auth.client, "post_logout_redirect_uri": self._public_url + SIGNED_OUT}
        return f"{page}?{urlencode(back)}" if page else ""

    @contextmanager
    def _down_if_unreadable(self) -> Iterator[None]:
        try:
            yield
        except (OAuthError, JoseError):
            raise
        except httpx.HTTPStatusError as error:
            raise ProviderDown(self._auth.issuer, f"HTTP {error.response.status_code}") from None
        except httpx.HTTPError as error:
            raise ProviderDown(self._auth.issuer, type(error).__name__) from None
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:  # no JSON, or not such JSON
            raise ProviderDown(self._auth.issuer, f"{type(error).__name__}: {error}"[:200]) from None


def _name_of(claims: Mapping[str, Any]) -> str:
    """What people know the user by. What would steer a terminal, or pass for a token's owner, is left out."""
    names = (claims.get(claim) for claim in ("preferred_username", "email", "sub"))
    name = next(str(name) for name in names if name)
    return "".join(sign for sign in name if sign.isprintable() and sign not in "()")[:200] or "unnamed"


def _groups_of(said: object) -> frozenset[str] | None:
    if isinstance(said, str):
        return frozenset({said})
    return frozenset(each for each in said if isinstance(each, str)) if isinstance(said, list) else None
