"""Account assignments are written asynchronously: a request with a status, that succeeds or fails some time later.

singlesignon/latest/APIReference/API_CreateAccountAssignment.html; 15 may be outstanding (User guide, limits).
"""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from scim_bridge.sandbox.aws.refusal import AwsRefusal, not_found
from scim_bridge.sandbox.cloud import Assignment, Cloud
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.store import Store

_MOST_OUTSTANDING = 15
_BUSY = "There are too many requests processing. Please try again later."
_FIELDS = ("TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId")


class Assigning:
    """The calls that create and delete assignments, and those that ask how it went."""

    def __init__(self, store: Store, knobs: Knobs) -> None:
        self._store, self._knobs = store, knobs

    @property
    def cloud(self) -> Cloud:
        """What AWS holds."""
        return self._store.cloud

    def CreateAccountAssignment(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102 - their own names
        return {"AccountAssignmentCreationStatus": self._begin("create", given)}

    def DeleteAccountAssignment(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return {"AccountAssignmentDeletionStatus": self._begin("delete", given)}

    def DescribeAccountAssignmentCreationStatus(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        number = given["AccountAssignmentCreationRequestId"]
        return {"AccountAssignmentCreationStatus": self._status("create", number)}

    def DescribeAccountAssignmentDeletionStatus(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        number = given["AccountAssignmentDeletionRequestId"]
        return {"AccountAssignmentDeletionStatus": self._status("delete", number)}

    def ListAccountAssignmentCreationStatus(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return {"AccountAssignmentsCreationStatus": self._statuses("create", given)}

    def ListAccountAssignmentDeletionStatus(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return {"AccountAssignmentsDeletionStatus": self._statuses("delete", given)}

    def _begin(self, what: str, given: Mapping[str, Any]) -> dict[str, Any]:
        self._settle()
        if sum(r["Status"] == "IN_PROGRESS" for r in self.cloud.requests.values()) >= _MOST_OUTSTANDING:
            raise AwsRefusal("ConflictException", _BUSY)
        if given["PermissionSetArn"] not in self.cloud.sets:
            raise not_found("PermissionSet")
        number = str(uuid5(NAMESPACE_OID, f"request {len(self.cloud.requests)}"))
        now = self._store.now().timestamp()
        request = {name: given[name] for name in _FIELDS} | {"RequestId": number, "Status": "IN_PROGRESS"}
        kept = request | {"CreatedDate": now, "what": what, "due": now + self._knobs.assignment_delay}
        self.cloud.requests[number] = kept
        return _told(kept)

    def _status(self, what: str, number: str) -> dict[str, Any]:
        self._settle()
        found = self.cloud.requests.get(number)
        if found is None or found["what"] != what:
            raise not_found("Request")
        return _told(found)

    def _statuses(self, what: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        self._settle()
        wanted = given.get("Filter", {}).get("Status")
        found = [r for r in self.cloud.requests.values() if r["what"] == what and wanted in (None, r["Status"])]
        return [{name: one[name] for name in ("Status", "RequestId", "CreatedDate")} for one in found]

    def _settle(self) -> None:
        """Carry out every request whose time has come."""
        now = self._store.now().timestamp()
        for request in self.cloud.requests.values():
            if request["Status"] == "IN_PROGRESS" and request["due"] <= now:
                reason = self._carry_out(request)
                request["Status"] = "FAILED" if reason else "SUCCEEDED"
                if reason:
                    request["FailureReason"] = reason

    def _carry_out(self, request: Mapping[str, Any]) -> str:
        """Do it; why not, "" if it was done."""
        kind, number, account = request["PrincipalType"], request["PrincipalId"], request["TargetId"]
        shelf = self._store.users if kind == "USER" else self._store.groups
        if number not in shelf.by_id:
            directory = self.cloud.instance.store
            return f"Received a 404 status error: the {kind} assignee {number} was not found in directory {directory}"
        if account not in self.cloud.accounts:
            return f"Received a 404 status error: the account {account} was not found in the organization"
        one = Assignment(account, request["PermissionSetArn"], kind, number)
        if request["what"] == "create":
            self.cloud.assignments[one] = None
        elif self.cloud.assignments.pop(one, "absent") == "absent":
            return "Received a 404 status error: EntitlementItem doesn't exist with the given entitlement key"
        return ""


def _told(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in ("what", "due")}
