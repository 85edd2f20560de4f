"""The endpoint's refusals: status and text, and the body they travel in (User guide, troubleshooting)."""

from datetime import datetime
from typing import Any

GENERIC = "Request is unparsable, syntactically incorrect, or violates schema."
ONE_ATTRIBUTE = (
    'Current PATCH support allows omitting "path" attribute only for Add and Replace operations '
    "modifying a single attribute."
)
NO_REPLACE = "Replacing group memberships is not supported."
NO_ROUTE = "Not found."
DUPLICATE = "Refused to create a new, duplicate resource."


class Refusal(Exception):
    """An answer other than success. why: for the sandbox's own list of invalid requests; AWS says less."""

    def __init__(self, status: int, detail: str, why: str = "") -> None:
        super().__init__(why or detail)
        self.status = status
        self.detail = detail
        self.why = why or detail


def invalid(why: str, detail: str = GENERIC) -> Refusal:
    """A ValidationException: the usual text says nothing about the reason."""
    return Refusal(400, detail, why)


def too_many(attribute: str) -> Refusal:
    """More than one value where one is allowed."""
    return Refusal(400, f"List attribute {attribute} exceeds allowed limit of 1")


def not_found(what: str) -> Refusal:
    """A ResourceNotFoundException."""
    return Refusal(404, "Resource not found.", f"{what} does not exist")


def duplicate(attribute: str) -> Refusal:
    """A ConflictException; the answer never names the attribute."""
    return Refusal(409, DUPLICATE, f"{attribute} is taken")


def body(refusal: Refusal, request_id: str, now: datetime, keys: str) -> dict[str, Any]:
    """The error body. keys: "both" the misspelt `schema` and `schemas`, "old" the first only, "lower" small letters."""
    urn = ["urn:ietf:params:scim:api:messages:2.0:Error"]
    head: dict[str, Any] = {"schema": urn} if keys == "old" else {"schema": urn, "schemas": urn}
    stamp = f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}"
    told = head | {
        "detail": refusal.detail,
        "status": str(refusal.status),
        "exceptionRequestId": request_id,
        "timeStamp": stamp,
    }
    return {key.lower(): value for key, value in told.items()} if keys == "lower" else told
