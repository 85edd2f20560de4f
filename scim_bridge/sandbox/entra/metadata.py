"""The metadata endpoint of a virtual machine, where managed identities get their tokens: plain HTTP on loopback.

learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from typing import Any
from urllib.parse import parse_qsl

from scim_bridge.sandbox.entra.access_token import Tokens
from scim_bridge.sandbox.entra.knobs import EntraKnobs

PATH = "metadata/identity/oauth2/token"
_CHOICES = ("client_id", "object_id", "msi_res_id", "mi_res_id")


class MetadataRefusal(Exception):
    """A 400 of the metadata endpoint: OAuth error and text."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class Metadata:
    """Issues tokens to the machine's identities. client: the system-assigned one's; None = the machine has none.

    assigned: ids (of whichever sort) of user-assigned identities, to their client id.
    """

    def __init__(self, client: str | None, resource: str, tokens: Tokens) -> None:
        self.client = client
        self.assigned: dict[str, str] = {}
        self._resource, self._tokens = resource, tokens

    def token(self, query: str, headers: dict[str, str], knobs: EntraKnobs, now: float) -> dict[str, Any]:
        """The answer to a token request; numbers are strings. Raises MetadataRefusal."""
        if headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in headers:
            raise MetadataRefusal("invalid_request", "Required metadata header not specified")
        given = dict(parse_qsl(query))
        if "api-version" not in given:
            raise MetadataRefusal("invalid_request", "Required query variable 'api-version' is missing")
        if given.get("resource", "").rstrip("/") != self._resource:
            raise MetadataRefusal(
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
            raise MetadataRefusal("invalid_request", "Identity not found")
        return found
