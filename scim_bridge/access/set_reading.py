"""What permission sets are made of, and what they allow: up to five calls for each, and the policies that AWS manages.

What may not be read is left out and said once; the words then say what is not known.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from scim_bridge.access.allowed import Content, allowed
from scim_bridge.access.assignments_reading import Asking
from scim_bridge.access.aws import Aws
from scim_bridge.access.managed_policy import known_document
from scim_bridge.access.refusal import NotReadable
from scim_bridge.model.access import PermissionSet

_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


class Unread:
    """What could not be read and may be missing: each reason once. Safe to use from several threads."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._lock = threading.Lock()

    def note(self, what: str, refused: NotReadable) -> None:
        """Keep why something was not read. what: what is not known now, as a sentence begins."""
        with self._lock:
            self._reasons.setdefault(what, f"{what}: {refused}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each thing that is not known."""
        return tuple(sorted(self._reasons.values()))


class SetReader:
    """Reads permission sets of one instance."""

    def __init__(self, aws: Aws, instance: str, unread: Unread) -> None:
        self._aws, self._instance, self._unread = aws, instance, unread
        self._documents: dict[str, Mapping[str, Any] | None] = {}
        self._may_read_policies = True
        self._lock = threading.Lock()

    def read(self, asking: Asking, arns: Sequence[str]) -> dict[str, PermissionSet]:
        """These permission sets, by ARN."""
        return {one.arn: one for one in asking.each("contents", arns, self._read_one)}

    def _read_one(self, arn: str) -> PermissionSet:
        asked = {"InstanceArn": self._instance, "PermissionSetArn": arn}
        name, seconds = arn.rpartition("/")[2], 3600
        try:
            about = self._aws.ask("sso:DescribePermissionSet", **asked)["PermissionSet"]
            name, seconds = about["Name"], _seconds(about.get("SessionDuration"))
        except NotReadable as refused:
            self._unread.note("The names of permission sets are not known", refused)
        content = self._content(asked)
        return PermissionSet(
            arn=arn,
            name=name,
            seconds=seconds,
            allowed=allowed(content, is_central=False),
            centrally=allowed(content, is_central=True),
            limited_by=content.boundary,
        )

    def _content(self, asked: Mapping[str, str]) -> Content:
        try:
            managed = self._aws.every("sso:ListManagedPoliciesInPermissionSet", "AttachedManagedPolicies", **asked)
            references = self._aws.every(
                "sso:ListCustomerManagedPolicyReferencesInPermissionSet", "CustomerManagedPolicyReferences", **asked
            )
            inline = self._aws.ask("sso:GetInlinePolicyForPermissionSet", **asked).get("InlinePolicy") or ""
        except NotReadable as refused:
            self._unread.note("What permission sets allow is not known", refused)
            return Content(is_read=False)
        return Content(
            managed={one["Arn"]: self._document(one["Arn"]) for one in managed},
            customer=tuple(one["Name"] for one in references),
            inline=inline,
            boundary=self._boundary(asked),
        )

    def _boundary(self, asked: Mapping[str, str]) -> str:
        """The name of the boundary, "" if there is none."""
        try:
            found = self._aws.ask("sso:GetPermissionsBoundaryForPermissionSet", **asked)["PermissionsBoundary"]
        except NotReadable as refused:
            if not refused.is_unknown:
                self._unread.note("Whether permission sets have a permissions boundary is not known", refused)
            return ""
        reference = found.get("CustomerManagedPolicyReference")
        return str(reference["Name"] if reference else found["ManagedPolicyArn"].rpartition("/")[2])

    def _document(self, arn: str) -> Mapping[str, Any] | None:
        """An AWS managed policy, None if it may not be read. Each is read once; they are the same in every account."""
        known = known_document(arn)
        if known is not None or not self._may_read_policies:
            return known
        with self._lock:
            if arn not in self._documents:
                self._documents[arn] = self._read_document(arn)
            return self._documents[arn]

    def _read_document(self, arn: str) -> Mapping[str, Any] | None:
        try:
            version = self._aws.ask("iam:GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = self._aws.ask("iam:GetPolicyVersion", PolicyArn=arn, VersionId=version)
        except NotReadable as refused:
            self._may_read_policies = not refused.is_denied
            self._unread.note("Some AWS managed policies are known by name only", refused)
            return None
        document: Mapping[str, Any] = found["PolicyVersion"]["Document"]
        return document


def _seconds(duration: Any) -> int:
    """An ISO 8601 duration of hours and minutes in seconds; an hour where it is not told, AWS's default."""
    found = _DURATION.fullmatch(str(duration or ""))
    if found is None or not any(found.groups()):
        return 3600
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds
