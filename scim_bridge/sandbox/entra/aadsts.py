"""The token endpoint's errors: number, HTTP status, OAuth error and text.

learn.microsoft.com/entra/identity-platform/reference-error-codes lists the numbers; the page says that they may change
and that a client should branch on the OAuth error. Status and OAuth error of 70021x are as users report them
(microsoft/Agents, issue 202); those of 53003 and 650052 are a guess.
"""

import uuid
from datetime import datetime
from typing import Any

ERRORS: dict[int, tuple[int, str, str]] = {
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
"""The texts are ours: a client must not depend on Microsoft's."""


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
