"""What an answer other than success means: the error whose branch says what happens next.

Decided by the status alone: bodies have changed over time, may be empty, and hold one generic sentence for most 400s
(docs/identity-center.md §1.3, §5, §6).
"""

import httpx
import orjson

from scim_bridge.errors import (
    BridgeError,
    CredentialsRefused,
    EndpointDown,
    Hold,
    NameTaken,
    NotThere,
    Refused,
    ServerFault,
    Throttled,
)
from scim_bridge.retry import seconds_of

_GENERIC = "Request is unparsable"
_LONGEST_DETAIL = 300


def request_id_of(response: httpx.Response) -> str:
    """AWS's id of the request, by which CloudTrail and its support find it; "" if there is none."""
    return str(response.headers.get("x-amzn-requestid", ""))


def error_of(response: httpx.Response) -> BridgeError:
    """The error for any answer from 300 up; to be raised by the caller. Of a 401 or 403 the body says nothing more.

    Retry: 429 and 5xx but 501 (after: seconds, if the endpoint asks for a wait). Stop: 401, 403, redirects. Hold: all
    others.
    """
    status = response.status_code
    if status == 429:
        return Throttled("the endpoint throttles requests (429)", after=seconds_of(response.headers.get("retry-after")))
    # 501 is a refusal: the server will not learn the operation while we wait (RFC 9110 §15.6.2).
    if status >= 500 and status != 501:
        return ServerFault(f"the endpoint answered {status}", after=seconds_of(response.headers.get("retry-after")))
    if status == 401:
        # A wrong tenant id gives 401 too, not 404 (docs/identity-center.md §1.3), so both causes are named.
        return CredentialsRefused(
            "the endpoint refuses the token (401): it is wrong, expired or deleted, "
            "or the tenant id in the URL is wrong",
            "Compare target.url and the token with Settings → Automatic provisioning in IAM Identity Center.",
        )
    if status == 403:
        return CredentialsRefused(
            "the endpoint denies access (403): the token may not do this, "
            "or the identity store accepts SCIM from other networks only",
            "Check the token's permissions and the allowed source addresses (ScimAllowSourceIps).",
        )
    if status < 400:
        return EndpointDown(
            f"the endpoint redirects to another address ({status}), and a token is never carried to another address",
            "Compare target.url with the console.",
        )
    return _refusal(status, _detail(response), request_id_of(response))


def _refusal(status: int, detail: str, request_id: str) -> Hold:
    """The Hold for an answer that concerns one object."""
    trace = f"request id {request_id}" if request_id else "no request id"
    if status == 404:
        return NotThere(f"the target answered 404, not found ({trace})", request_id=request_id)
    if status == 409:
        # Which attribute clashes is not said: userName, primary email or externalId (docs/identity-center.md §4.5).
        # After a lost answer the clash may be with what that attempt created: the engine looks first.
        return NameTaken(f"the target answered 409, a unique value is taken ({trace})", request_id=request_id)
    advice = "AWS says which attribute in CloudTrail only: look for this request id there."
    return Refused(
        f"the target refused it with {status}: {detail} ({trace})",
        advice if _GENERIC in detail else "",
        request_id=request_id,
    )


def _detail(response: httpx.Response) -> str:
    """The error text; keys are read without regard to case, since they have changed over time."""
    try:
        keys = {str(key).lower(): value for key, value in orjson.loads(response.content).items()}
        text = str(keys.get("detail") or keys.get("message") or "")
    except (orjson.JSONDecodeError, AttributeError):
        text = response.text
    return " ".join(text.split()).rstrip(".")[:_LONGEST_DETAIL] or "no reason given"
