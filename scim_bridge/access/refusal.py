"""What AWS says instead of an answer, as one sentence with the way out: which action, and what to add to a policy.

Codes: singlesignon/latest/APIReference/CommonErrors.html and the models of the services. A refusal that has a KMS
reason is about the key of the instance, one that names an explicit deny about a policy that denies.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from scim_bridge.errors import BridgeError, Retry, ServerFault, Throttled

UNKNOWN = "ResourceNotFoundException"
_ARN = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::(\d{12}):\S+")
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_STRANGERS = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidSignatureException"}
)


class NotReadable(BridgeError):
    """AWS refused a read or did not answer. code: AWS's own, "" if there was no answer."""

    def __init__(self, what: str, way_out: str = "", *, code: str = "") -> None:
        self.code = code
        super().__init__(what, way_out)

    @property
    def is_unknown(self) -> bool:
        """AWS does not know what it was asked about."""
        return self.code == UNKNOWN

    @property
    def is_not_offered(self) -> bool:
        """This identity source has no such call: memberships, with Active Directory."""
        return self.code == "UnknownOperationException"

    @property
    def is_denied(self) -> bool:
        """No policy allows it, or one denies it."""
        return "AccessDenied" in self.code or self.code == "403"


def statement(*calls: str) -> str:
    """The statement that a policy needs for these calls, as JSON in one line."""
    action = calls[0] if len(calls) == 1 else list(calls)
    return orjson.dumps({"Effect": "Allow", "Action": action, "Resource": "*"}).decode()


def refusal_of(call: str, response: Mapping[str, Any]) -> Retry | NotReadable:
    """An error that AWS answered: one that is worth another try, or what it means."""
    error = response.get("Error", {})
    code, said = str(error.get("Code", "without a code")), str(error.get("Message", ""))
    if "Throttl" in code or "TooManyRequests" in code:
        return Throttled(f"AWS throttles {call} ({code})", _LATER)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if status >= 500:
        return ServerFault(f"AWS could not answer {call} ({code}, status {status})", "Try again later.")
    if code in _EXPIRED:
        return NotReadable(
            f"the session of these AWS credentials has expired, so AWS refused {call} ({code})",
            "Sign in again (`aws sso login`, or renew the role), then run the command again.",
            code=code,
        )
    if code in _STRANGERS:
        return NotReadable(
            f"AWS does not know these credentials: it refused {call} ({code})",
            "Check the access key and secret of the environment or profile.",
            code=code,
        )
    reason = str(response.get("Reason", ""))
    if reason.startswith("KMS"):
        return NotReadable(
            f"AWS refused {call}, since the encryption key of the instance cannot be used ({reason})",
            "Allow kms:Decrypt on that key to these credentials, through the services sso and identitystore.",
            code=code,
        )
    return NotReadable(f"AWS refused {call}{_who(said)} ({code})", _way_out(call, code, said), code=code)


_LATER = "Other programs use the same quota now. Try again later, or lower access.requests_per_second."


def _who(said: str) -> str:
    """The account that the call was tried from, which AWS's text names."""
    found = _ARN.search(said)
    return f" from account {found[1]}" if found else ""


def _way_out(call: str, code: str, said: str) -> str:
    if code == "AWSOrganizationsNotInUseException":
        return "Use credentials of an account of the organization."
    if "AccessDenied" not in code and code != "403":
        if not _is_read(call):
            return "It has changed, or another one has this value. Run the same command again: it looks first."
        return "Check the AWS credentials and access.region, or leave access out."
    if "explicit deny" in said:
        kind = "a service control policy" if "service control policy" in said else "a policy"
        return f"An explicit deny in {kind} forbids it. Change that policy, or use other credentials."
    reads = " (`scim-bridge access policy` prints all of it)" if _is_read(call) else ""
    return (
        f"Add {statement(call)} to the policy of these credentials{reads}, "
        "and use the management account or its delegated administrator."
    )


def _is_read(call: str) -> bool:
    """Whether the read-only policy has it."""
    return not call.partition(":")[2].startswith(("Create", "Update", "Delete"))
