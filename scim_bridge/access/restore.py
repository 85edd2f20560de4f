"""Makes assignments that are missing: one after the other, each journaled before it is sent and when it has ended.

Account assignments are asynchronous: only SUCCEEDED is a success, and it is asked for after 1, 2, 4 … 15 seconds.
Nothing is deleted. Cut and run again, it first waits for what is under way; what is there by then is not made again,
since what is missing is read once more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scim_bridge.access.aws import Aws
from scim_bridge.access.backup import ToMake
from scim_bridge.access.journal import Journal, Note
from scim_bridge.access.refusal import NotReadable
from scim_bridge.model.access import Instance

_LONGEST = 300.0
"""Seconds for which one request is waited for: a first assignment of a set also makes a role in the account."""
_PAUSES = (1.0, 2.0, 4.0, 8.0)
_LAST_PAUSE = 15.0
_BUSY = "ConflictException"
"""Others have requests under way: 15 may be outstanding in an instance (User guide, limits)."""


@dataclass(frozen=True, slots=True)
class Made:
    """The outcome of one. failure: why it is not there, "" if it is."""

    what: ToMake
    failure: str = ""


class Restorer:
    """Makes assignments of one instance. wait: between two looks at a request."""

    def __init__(self, aws: Aws, instance: Instance, journal: Journal, wait: Callable[[float], None]) -> None:
        self._aws, self._instance, self._journal, self._wait = aws, instance.arn, journal, wait

    def settle(self) -> None:
        """Wait for all that is under way, so that the next reading shows what an earlier, cut restore had sent.

        Its last request may be in no journal: the process was ended before the answer came.
        """
        call, asked = "sso:ListAccountAssignmentCreationStatus", {"InstanceArn": self._instance}
        name = "AccountAssignmentsCreationStatus"
        for request in self._aws.every(call, name, **asked, Filter={"Status": "IN_PROGRESS"}):
            self._end("of an earlier restore, or of someone else", request["RequestId"])

    def make_all(self, missing: tuple[ToMake, ...], note: Note) -> list[Made]:
        """Each in its turn. What AWS refuses is in the outcome, and the others go on."""
        made = []
        for number, one in enumerate(missing, start=1):
            try:
                failure = self._make(one)
            except NotReadable as refused:
                failure = str(refused)
            made.append(Made(one, failure))
            note("assignments", number, len(missing))
        return made

    def _make(self, one: ToMake) -> str:
        """Make it; why it is not there, "" if it is."""
        who = {"PrincipalType": one.principal.kind.upper(), "PrincipalId": one.principal.id}
        self._journal.write(str(one.saved))
        if one.saved.application:
            self._aws.ask("sso:CreateApplicationAssignment", ApplicationArn=one.arn, **who)
            self._journal.write(str(one.saved), status="SUCCEEDED")
            return ""
        asked = {"InstanceArn": self._instance, "TargetId": one.account, "TargetType": "AWS_ACCOUNT"} | who
        begun = self._create(asked | {"PermissionSetArn": one.arn})
        request = begun["RequestId"]
        self._journal.write(str(one.saved), request=request, status="IN_PROGRESS")
        return self._end(str(one.saved), request)

    def _create(self, asked: dict[str, str]) -> Any:
        for pause in self._pauses():
            try:
                return self._aws.ask("sso:CreateAccountAssignment", **asked)["AccountAssignmentCreationStatus"]
            except NotReadable as refused:
                if refused.code != _BUSY:
                    raise
            self._wait(pause)
        raise NotReadable("AWS has too many assignments under way", "Run the same command again later.")

    def _end(self, what: str, request: str) -> str:
        """Wait until a request has ended; why it failed, "" if it did not."""
        call = "sso:DescribeAccountAssignmentCreationStatus"
        asked = {"InstanceArn": self._instance, "AccountAssignmentCreationRequestId": request}
        for pause in self._pauses():
            told = self._aws.ask(call, **asked)["AccountAssignmentCreationStatus"]
            if told["Status"] != "IN_PROGRESS":
                self._journal.write(what, request=request, status=told["Status"])
                return str(told.get("FailureReason", "AWS gave no reason")) if told["Status"] == "FAILED" else ""
            self._wait(pause)
        return "AWS has not finished it; run the same command again to look"

    def _pauses(self) -> Iterator[float]:
        """Pauses between two looks, until the longest time is over."""
        waited = 0.0
        for number in range(1000):
            pause = _PAUSES[number] if number < len(_PAUSES) else _LAST_PAUSE
            yield pause
            waited += pause
            if waited >= _LONGEST:
                return
