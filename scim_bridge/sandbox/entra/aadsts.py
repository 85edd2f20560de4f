"""The token endpoint's errors: number, HTTP status, OAuth error and text.

learn.microsoft.com/entra/identity-platform/reference-error-codes lists the numbers; the page says that they may change
and that a client should branch on the OAuth error. Status and OAuth error of 53003 and 7002xx are as users report them.
"""

import uuid
from datetime import datetime
from typing import Any

ERRORS: dict[int, tuple[int, str, str]] = {
    7000215: (
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the "
        "client secret ID, for a secret added to app '{client}'.",
    ),
    7000222: (401, "invalid_client", "The provided client secret keys for app '{client}' are expired."),
    7000218: (
        401,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    700016: (
        400,
        "unauthorized_client",
        "Application with identifier '{client}' was not found in the directory '{tenant}'.",
    ),
    7000112: (401, "unauthorized_client", "Application '{client}' is disabled."),
    90002: (400, "invalid_request", "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."),
    900144: (400, "invalid_request", "The request body must contain the following parameter: '{detail}'."),
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{detail}'."),
    1002012: (
        400,
        "invalid_scope",
        "The provided value for scope {detail} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
    ),
    500011: (400, "invalid_resource", "The resource principal named {detail} was not found in the tenant '{tenant}'."),
    50027: (401, "invalid_client", "JWT token is invalid or malformed."),
    700021: (401, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."),
    700023: (401, "invalid_client", "Client assertion audience claim does not match Realm issuer."),
    700024: (401, "invalid_client", "Client assertion is not within its valid time range."),
    700027: (401, "invalid_client", "Client assertion failed signature validation. {detail}"),
    700211: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion issuer '{detail}'.",
    ),
    700212: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion audience '{detail}'.",
    ),
    700213: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion subject '{detail}'.",
    ),
    53003: (400, "access_denied", "Access has been blocked by Conditional Access policies."),
    650052: (400, "invalid_client", "The app is trying to access a service that the organization lacks."),
    90033: (503, "temporarily_unavailable", "A transient error has occurred. Please try again."),
}


class TokenRefusal(Exception):
    """No token, by one of ERRORS."""

    def __init__(self, number: int, detail: str = "") -> None:
        super().__init__(f"AADSTS{number}")
        self.number = number
        self.detail = detail

    @property
    def status(self) -> int:
        """The HTTP status."""
        return ERRORS[self.number][0]


def body(refusal: TokenRefusal, names: dict[str, str], trace: str, now: datetime) -> dict[str, Any]:
    """The error body. names: client and tenant; trace: the id of this request."""
    _, error, text = ERRORS[refusal.number]
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
