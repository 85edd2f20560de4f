"""An OpenID provider whose ID tokens a test writes: it answers as a real one does, and may lie in everything else."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import orjson
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "bridge", "the-secret-of-the-client-which-is-long-enough"
Forge = Callable[["Issuer", dict[str, Any]], str]


def signed(key: Any, claims: dict[str, Any], alg: str = "RS256", kid: str = "k1") -> str:
    """A token with this header and these claims."""
    every = JWSRegistry(algorithms=["RS256", "HS256", "none"])
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, registry=every)


def signed_by_hand(secret: bytes, claims: dict[str, Any]) -> str:
    """HS256 with a secret that no library would take for one."""
    parts = [orjson.dumps({"alg": "HS256", "kid": "k1"}), orjson.dumps(claims)]
    told = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return (told + b"." + urlsafe_b64encode(hmac.digest(secret, told, "sha256")).rstrip(b"=")).decode()


def honest(issuer: "Issuer", claims: dict[str, Any]) -> str:
    """The token that a provider of good faith sends."""
    return signed(issuer.key, claims)


class Issuer:
    """Has a key, and gives what `forge` makes of the right claims. user_info: what its other endpoint says."""

    def __init__(self) -> None:
        self.url = ""
        self.key: RSAKey = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
        self.forge: Forge = honest
        self.nonce = ""
        self.groups: Any = ["it-leads"]
        self.user_info: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
                Route("/authorize", self._authorize),
                Route("/end", lambda _: HTMLResponse("<title>Signed out</title><link rel=icon href=data:,>")),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", lambda _: JSONResponse(self.user_info)),
            ]
        )

    def claims(self) -> dict[str, Any]:
        now = int(time.time())
        about = {"sub": "u1", "preferred_username": "h.sato", "groups": self.groups}
        return {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self.nonce} | about

    def _discovery(self, _: Request) -> Response:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "scopes_supported": ["openid", "profile", "groups"],
        }
        return JSONResponse(document | self.metadata)

    def _authorize(self, request: Request) -> Response:
        """Knows the user already, and asks nothing."""
        self.nonce = request.query_params["nonce"]
        back = {"code": "c", "state": request.query_params["state"]}
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{urlencode(back)}")

    def _jwks(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            self.asked.append({name: str(value) for name, value in form.items()})
        claims = {name: value for name, value in self.claims().items() if value is not None}
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": self.forge(self, claims)})
