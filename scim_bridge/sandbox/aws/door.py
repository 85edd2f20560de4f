"""The door of the AWS APIs: which call a signed request is, quota, faults, and how answers and refusals travel.

JSON 1.1 names its call in X-Amz-Target, account-access in its path. Signatures are not checked: any credentials do.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from scim_bridge.sandbox.aws.account_access import AccountAccess
from scim_bridge.sandbox.aws.iam import answer_iam
from scim_bridge.sandbox.aws.identity_store import IdentityStore
from scim_bridge.sandbox.aws.organizations import Organizations
from scim_bridge.sandbox.aws.page import Pages
from scim_bridge.sandbox.aws.refusal import AwsRefusal, denied, expired, invalid, throttled
from scim_bridge.sandbox.aws.sso_admin import SsoAdmin
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.store import Store
from scim_bridge.sandbox.traffic import Bucket
from scim_bridge.sandbox.transport import Response, disturbed

_SERVICES = {
    "SWBExternalService": "sso",
    "AWSIdentityStore": "identitystore",
    "AWSOrganizationsV20161128": "organizations",
}
_REST = {"applications-list": "ListApplications", "entitlements-list": "ListEntitlements"}
_ORGANIZATIONS = {"ListAccounts": (8.0, 12.0), "DescribeOrganization": (1.0, 2.0)}
"""Requests a second and at once (organizations/latest/userguide/orgs_reference_limits.html)."""
_OTHERS = (5.0, 8.0)
BEFORE = "aws/"
"""What stands before the call in the path of a fault: aws/sso:ListInstances."""


def is_signed(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request is for the AWS APIs: they are signed, where SCIM has a token."""
    return headers.get(b"authorization", b"").startswith(b"AWS4-HMAC-SHA256")


def call_of(path: str, headers: Mapping[bytes, bytes]) -> str:
    """The call as policies name it, "sso:ListInstances"; "" if it is none."""
    target, _, action = headers.get(b"x-amz-target", b"").decode("latin-1").partition(".")
    if action:
        return f"{_SERVICES.get(target, target)}:{action}"
    known = _REST.get(path.strip("/"))
    return f"account-access:{known}" if known else QUERY


QUERY = "iam:"
"""A request of the old query protocol, which names its call in the body."""


class Door:
    """Answers requests. counts: how often each call came; throttled: how many of them did not pass."""

    def __init__(self, store: Store, knobs: Callable[[], Knobs], now: float) -> None:
        self._store, self._knobs, self._now = store, knobs, now
        self._buckets: dict[str, Bucket] = {}
        self.counts: Counter[str] = Counter()
        self.throttled = 0

    def answer(self, call: str, body: bytes, fault: Fault | None, now: float) -> Response:
        """What the call is answered. now: seconds of a monotonic clock, for the quota."""
        if call == QUERY:
            name, response = answer_iam(self._store.cloud, body, fault)
            self.counts[name] += 1
            return disturbed(response, fault)
        self.counts[call] += 1
        service = call.partition(":")[0]
        try:
            if not self._has_quota(call, now) or (fault is not None and fault.kind == "throttle"):
                self.throttled += 1
                raise throttled(service)
            self._refuse_by(call, fault)
            response = _sent(200, self._do(call, body))
        except AwsRefusal as refused:
            told = {"__type": refused.code, "Message": refused.message, **refused.more}
            response = _sent(refused.status, told, refused.code)
        return disturbed(response, fault)

    def _refuse_by(self, call: str, fault: Fault | None) -> None:
        """What a fault says instead of the answer. Raises AwsRefusal."""
        kind = fault.kind if fault is not None else ""
        if kind == "forbidden":
            raise denied(call, self._store.cloud.caller)
        if kind == "unauthorized":
            raise expired()
        if kind == "error":
            raise AwsRefusal("InternalServerException", "The service cannot answer now.", 500)

    def _do(self, call: str, body: bytes) -> dict[str, Any]:
        service, _, action = call.partition(":")
        knobs = self._knobs()
        pages = Pages(has_empty=knobs.empty_pages)
        calls: dict[str, object] = {
            "sso": SsoAdmin(self._store, knobs, pages),
            "identitystore": IdentityStore(self._store, knobs, pages),
            "organizations": Organizations(self._store.cloud, knobs, pages),
            "account-access": AccountAccess(self._store.cloud, pages),
        }
        act = getattr(calls.get(service), action, None) if action[:1].isupper() else None
        if act is None:
            raise AwsRefusal("UnknownOperationException", f"The sandbox has no {call or 'such call'}.", 404)
        try:
            told: dict[str, Any] = act(orjson.loads(body or b"{}"))
        except (KeyError, TypeError, orjson.JSONDecodeError) as error:
            raise invalid(f"1 validation error detected: {error}") from None
        return told

    def _has_quota(self, call: str, now: float) -> bool:
        """sso-admin has one budget for all its calls, identitystore and organizations one for each."""
        rate = self._knobs().aws_rate
        if rate is None:
            return True
        service, _, action = call.partition(":")
        if service == "organizations":
            name, (pace, at_once) = call, _ORGANIZATIONS.get(action, _OTHERS)
        else:
            name, pace, at_once = service if service == "sso" else call, rate, rate
        return self._buckets.setdefault(name, Bucket(pace, self._now, at_once)).take(now)


def _sent(status: int, told: dict[str, Any], code: str = "") -> Response:
    headers = [(b"content-type", b"application/x-amz-json-1.1"), (b"x-amzn-requestid", b"sandbox")]
    more = [(b"x-amzn-errortype", code.encode())] if code else []
    return Response(status, orjson.dumps(told), headers + more)
