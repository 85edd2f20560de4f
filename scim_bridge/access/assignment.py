"""Reads which account assignments depend on users and groups: sso-admin, and Organizations for the accounts' names.

Only reads. A refusal or an outage is part of the answer, never an error: it must not keep a revocation from passing.
Calls and their quota (20 a second for all clients of sso-admin together):
https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListAccountAssignmentsForPrincipal.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from scim_bridge.access.aws import Aws
from scim_bridge.access.instance import find_instance
from scim_bridge.access.refusal import NotReadable
from scim_bridge.config.settings import AccessSettings
from scim_bridge.model.assignment import Access, Assignment, Assignments, NoAccess, Principal
from scim_bridge.model.identity import TargetKey

MOST = 200
"""Principals looked up in one run: ten seconds of the quota that other tools of the organization share."""
LONGEST = 20.0
"""Seconds after which no one else is looked up: the first revocation waits for this."""
_PATIENCE = 5.0
"""Seconds for which one throttled call is tried again, for the same reason."""
_NOBODY = "00000000-0000-0000-0000-000000000000"

Held = tuple[str, str]
"""An assignment as AWS names it: account id, ARN of the permission set."""


@contextmanager
def open_access(settings: AccessSettings | None) -> Iterator[Access]:
    """Anyone who can tell what depends on a user or a group of this connection. Nothing is sent before someone asks."""
    if settings is None:
        yield NoAccess()
        return
    with open_aws(settings) as access:
        yield access


@contextmanager
def open_aws(settings: AccessSettings) -> Iterator["AwsAccess"]:
    """The same where `access` is configured."""
    access = AwsAccess(settings.region, settings.requests_per_second)
    try:
        yield access
    finally:
        access.close()


class AwsAccess:
    """The assignments of one Identity Center instance (model.assignment.Access). Credentials: AWS's usual chain."""

    def __init__(self, region: str, requests_per_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._aws = Aws(region, requests_per_second, patience=_PATIENCE)
        self._clock = clock
        self._instance = ""
        self._held: dict[Principal, tuple[Held, ...]] = {}
        self._accounts: dict[str, str] = {}
        self._sets: dict[str, str] = {}
        self._reason = ""

    def close(self) -> None:
        """Let go of the connections."""
        self._aws.close()

    def look_up(self, principals: Sequence[Principal]) -> Assignments:
        """The assignments of these, as far as they could be read: MOST of them, within LONGEST seconds."""
        deadline = self._clock() + LONGEST
        reason = self._reason or self._read([p for p in principals if p not in self._held], deadline)
        read = {principal: self._held[principal] for principal in principals if principal in self._held}
        self._learn_names({held for all_held in read.values() for held in all_held}, deadline)
        found = {principal: tuple(sorted(map(self._named, held))) for principal, held in read.items()}
        return Assignments(found, len(set(principals)) - len(found), reason)

    def check(self) -> str:
        """What can be read, in words. Raises NotReadable, naming the permission that is missing."""
        self._find_instance()
        try:
            self._read_one(TargetKey("user", _NOBODY))
        except NotReadable as refused:
            if not refused.is_unknown:
                raise
        try:
            next(iter(self._accounts_listed()), None)
        except NotReadable as refused:
            return f"reads assignments; accounts are shown by id alone, for {refused.what}"
        return "reads assignments, and the names of accounts"

    def _read(self, principals: Sequence[Principal], deadline: float) -> str:
        """Fill what is held; why some are missing, "" if none is. A refusal holds for all of them, and for the run."""
        reason = ""
        for number, principal in enumerate(principals):
            if number == MOST:
                return f"a run looks up {MOST} at most"
            if self._clock() > deadline:
                return f"AWS took longer than {LONGEST:.0f} s"
            try:
                self._held[principal] = self._read_one(principal)
            except NotReadable as refused:
                reason = str(refused)
                if not refused.is_unknown:
                    self._reason = reason
                    break
        return reason

    def _find_instance(self) -> str:
        if not self._instance:
            self._instance = find_instance(self._aws)["InstanceArn"]
        return self._instance

    def _read_one(self, principal: Principal) -> tuple[Held, ...]:
        kind, target_id = principal
        items = self._aws.every(
            "sso:ListAccountAssignmentsForPrincipal",
            "AccountAssignments",
            InstanceArn=self._find_instance(),
            PrincipalId=target_id,
            PrincipalType=kind.upper(),
        )
        # A user's answer also names what comes through groups (their PrincipalId), which does not depend on the user.
        mine = (item for item in items if item.get("PrincipalId", target_id) == target_id)
        return tuple(dict.fromkeys((item["AccountId"], item["PermissionSetArn"]) for item in mine))

    def _learn_names(self, held: Iterable[Held], deadline: float) -> None:
        """Names for ids, where they can be had; a name is worth no warning."""
        accounts = {account for account, _ in held} - self._accounts.keys()
        try:
            for arn in sorted({arn for _, arn in held} - self._sets.keys()):
                if self._clock() <= deadline:
                    self._sets[arn] = self._name_of(arn)
            for page in self._accounts_listed() if accounts else ():
                self._accounts |= {account["Id"]: account["Name"] for account in page.get("Accounts", ())}
                if accounts <= self._accounts.keys() or self._clock() > deadline:
                    return
        except NotReadable:
            return

    def _name_of(self, arn: str) -> str:
        asked = {"InstanceArn": self._find_instance(), "PermissionSetArn": arn}
        return str(self._aws.ask("sso:DescribePermissionSet", **asked)["PermissionSet"]["Name"])

    def _accounts_listed(self) -> Iterator[Mapping[str, Any]]:
        return self._aws.pages("organizations:ListAccounts")

    def _named(self, held: Held) -> Assignment:
        account, arn = held
        name = self._accounts.get(account)
        return Assignment(f"{name} ({account})" if name else account, self._sets.get(arn) or arn.rpartition("/")[2])
