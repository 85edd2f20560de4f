"""The section `service` as it is written (config/service.py says what it means).

What would let anyone in, or send passwords and cookies in the clear, is refused here, before anything listens.
"""

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from scim_bridge.config import form
from scim_bridge.config.section import Address, Issuer, PublicUrl, Reference, Section, Text


class Tls(Section):
    """The service's certificate with its chain, and its key: PEM files."""

    cert_file: Text
    key_file: Text


class Roles(Section):
    """Groups of the provider, by the role that their members have. Each role may do all that those before it may."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [role], "properties": {role: {"minItems": 1}}}
                for role in ("viewer", "operator", "approver")
            ]
        }
    )

    viewer: list[Text] = Field(default=[])
    operator: list[Text] = Field(default=[])
    approver: list[Text] = Field(default=[])

    @model_validator(mode="after")
    def _lets_someone_in(self) -> "Roles":
        if not (self.viewer or self.operator or self.approver):
            raise ValueError(" names no group, so no one could sign in; give at least one role a group")
        return self


class Auth(Section):
    """The OpenID provider that users sign in at. secret: of the client, env:NAME or file:PATH.

    separation: the user who started a plan may not approve it.
    """

    issuer: Issuer
    client: Text
    secret: Reference
    groups_claim: Text = "groups"
    roles: Roles
    separation: bool = False


_BEYOND: dict[str, Any] = {"properties": {"listen": {"not": {"pattern": form.LISTEN_LOOPBACK}}}, "required": ["listen"]}
_BEHIND_PROXY: dict[str, Any] = {"properties": {"behind_proxy": {"const": True}}, "required": ["behind_proxy"]}
_IS_ENCRYPTED: dict[str, Any] = {
    "anyOf": [{"required": ["tls"], "properties": {"tls": {"type": "object"}}}, _BEHIND_PROXY]
}


class Service(Section):
    """Where the pages and the API are served. public_url: as browsers know it. behind_proxy: one that adds the TLS."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"if": _BEYOND, "then": {"required": ["auth"], "properties": {"auth": {"type": "object"}}}},
                {"if": _BEYOND, "then": _IS_ENCRYPTED},
                {
                    "if": {
                        "anyOf": [{"required": ["auth"], "properties": {"auth": {"type": "object"}}}, _BEHIND_PROXY]
                    },
                    "then": {"required": ["public_url"]},
                },
                {
                    "if": {"anyOf": [_BEHIND_PROXY, _BEYOND]},
                    "then": {"properties": {"public_url": {"pattern": "^https:"}}},
                },
            ]
        }
    )

    listen: Address = "127.0.0.1:8080"
    public_url: PublicUrl = ""
    tls: Tls | None = None
    behind_proxy: bool = False
    auth: Auth | None = None

    @model_validator(mode="after")
    def _is_safe_there(self) -> "Service":
        is_beyond = not form.is_loopback_address(self.listen)
        beyond = f" listens on {self.listen}, which is beyond loopback,"
        if is_beyond and self.auth is None:
            raise ValueError(f"{beyond} without service.auth, so anyone could use it; add auth, or listen on 127.0.0.1")
        if is_beyond and self.tls is None and not self.behind_proxy:
            raise ValueError(
                f"{beyond} without TLS; add service.tls, or behind_proxy: true if a proxy in front of it adds TLS"
            )
        if (self.auth is not None or self.behind_proxy) and not self.public_url:
            raise ValueError(
                " needs the key public_url, the address that browsers open, such as https://bridge.example"
            )
        if (self.behind_proxy or is_beyond) and not self.public_url.startswith("https:"):
            raise ValueError(": public_url is opened from other machines, so it has to begin with https:")
        return self
