"""What the AWS APIs answer instead of a result: status, code and text, as the services' models and pages have them.

sso-admin and identitystore answer every client error that they model with 400; common errors (an expired session, an
unknown operation) have statuses of their own (singlesignon/latest/APIReference/CommonErrors.html).
"""

from typing import Any


class AwsRefusal(Exception):
    """An answer other than success. more: further members of the body, such as Reason."""

    def __init__(self, code: str, message: str, status: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.more = code, message, status, more


def invalid(message: str) -> AwsRefusal:
    """What does not fit the model."""
    return AwsRefusal("ValidationException", message)


def not_found(what: str) -> AwsRefusal:
    """What is not there."""
    return AwsRefusal("ResourceNotFoundException", f"{what} not found.")


def throttled(service: str) -> AwsRefusal:
    """Too many requests: each service has its own name for it."""
    if service == "organizations":
        return AwsRefusal("TooManyRequestsException", "You have sent too many requests in too short a period of time.")
    return AwsRefusal("ThrottlingException", "Rate exceeded")


def denied(action: str, account: str) -> AwsRefusal:
    """No policy allows this to these credentials."""
    who = f"arn:aws:iam::{account}:user/bridge"
    why = f"is not authorized to perform: {action} because no identity-based policy allows the {action} action"
    return AwsRefusal("AccessDeniedException", f"User: {who} {why}")


def expired() -> AwsRefusal:
    """The session token of temporary credentials is too old."""
    return AwsRefusal("ExpiredTokenException", "The security token included in the request is expired", 403)
