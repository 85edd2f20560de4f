"""Reads which account assignments depend on users and groups: sso-admin, and Organizations for the accounts' names.

Only reads. A refusal or an outage is part of the answer, never an error: it must not keep a revocation from passing.
Calls and their quota (20 a second for all clients of sso-admin together):
https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListAccountAssignmentsForPrincipal.html
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from scim_bridge.config.settings import AccessSettings
from scim_bridge.errors import BridgeError
from scim_bridge.model.assignment import Access, Assignment, Assignments, NoAccess, Principal
from scim_bridge.model.identity import TargetKey

MOST = 200
"""Principals looked up in one run: ten seconds of the quota that other tools of the organization share."""
LONGEST = 20.0
"""Seconds after which no one else is looked up: the first revocation waits for this."""
_PAGE = 100
_NOBODY = "00000000-0000-0000-0000-000000000000"
_UNKNOWN = "ResourceNotFoundException"
_NEEDED = "sso:ListInstances, sso:ListAccountAssignmentsForPrincipal and sso:DescribePermissionSet"

Held = tuple[str, str]
"""An assignment as AWS names it: account id, ARN of the permission set."""


class NotReadable(BridgeError):
    """AWS refused a read or did not answer. is_unknown: it does not know whom it was asked about."""

    def __init__(self, what: str, way_out: str = "", *, is_unknown: bool = False) -> None:
        self.is_unknown = is_unknown
        super().__init__(what, way_out)


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
    access = AwsAccess(settings.region)
    try:
        yield access
    finally:
        access.close()


class AwsAccess:
    """The assignments of one Identity Center instance (model.assignment.Access). Credentials: AWS's usual chain."""

    def __init__(self, region: str, clock: Callable[[], float] = monotonic) -> None:
        self._region = region
        self._clock = clock
        self._clients: dict[str, Any] = {}
        self._instance = ""
        self._held: dict[Principal, tuple[Held, ...]] = {}
        self._accounts: dict[str, str] = {}
        self._sets: dict[str, str] = {}
        self._reason = ""

    def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            client.close()

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
            next(iter(self._pages("organizations", "list_accounts")), None)
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
        """The instance of this Region. An account sees one of an organization, and at most one of its own."""
        if not self._instance:
            seen = [i for page in self._pages("sso-admin", "list_instances") for i in page.get("Instances", ())]
            active = [i for i in seen if i.get("Status", "ACTIVE") == "ACTIVE"]
            if not active:
                raise NotReadable(
                    f"these AWS credentials see no IAM Identity Center instance in {self._region}",
                    "Set access.region to the Region of the instance, and use credentials of its account.",
                )
            self._instance = active[0]["InstanceArn"]
        return self._instance

    def _read_one(self, principal: Principal) -> tuple[Held, ...]:
        kind, target_id = principal
        pages = self._pages(
            "sso-admin",
            "list_account_assignments_for_principal",
            InstanceArn=self._find_instance(),
            PrincipalId=target_id,
            PrincipalType=kind.upper(),
        )
        items = (item for page in pages for item in page.get("AccountAssignments", ()))
        # not documented: whether a user's answer names what comes through groups; that does not depend on the user
        mine = (item for item in items if item.get("PrincipalId", target_id) == target_id)
        return tuple(dict.fromkeys((item["AccountId"], item["PermissionSetArn"]) for item in mine))

    def _learn_names(self, held: Iterable[Held], deadline: float) -> None:
        """Names for ids, where they can be had; a name is worth no warning."""
        accounts = {account for account, _ in held} - self._accounts.keys()
        try:
            for arn in sorted({arn for _, arn in held} - self._sets.keys()):
                if self._clock() <= deadline:
                    self._sets[arn] = self._ask("sso-admin", "describe_permission_set", arn)
            for page in self._pages("organizations", "list_accounts") if accounts else ():
                self._accounts |= {account["Id"]: account["Name"] for account in page.get("Accounts", ())}
                if accounts <= self._accounts.keys() or self._clock() > deadline:
                    return
        except NotReadable:
            return

    def _ask(self, service: str, operation: str, arn: str) -> str:
        with _refusals(service, operation):
            answer = self._client(service).describe_permission_set(
                InstanceArn=self._find_instance(), PermissionSetArn=arn
            )
        return str(answer["PermissionSet"]["Name"])

    def _named(self, held: Held) -> Assignment:
        account, arn = held
        name = self._accounts.get(account)
        return Assignment(f"{name} ({account})" if name else account, self._sets.get(arn) or arn.rpartition("/")[2])

    def _pages(self, service: str, operation: str, **asked: str) -> Iterator[Mapping[str, Any]]:
        size = {} if service == "organizations" else {"PageSize": _PAGE}  # there a page is 20 at most
        with _refusals(service, operation):
            yield from self._client(service).get_paginator(operation).paginate(**asked, PaginationConfig=size)

    def _client(self, service: str) -> Any:
        """A client of this service, made when first asked for: importing boto3 alone takes a third of a second."""
        if service not in self._clients:
            import boto3
            from botocore.config import Config

            logging.getLogger("botocore").setLevel(logging.INFO)  # at debug it logs session tokens
            patience = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
            # a session of its own: the default one keeps the credentials that it found first
            self._clients[service] = boto3.Session().client(service, region_name=self._region, config=patience)
        return self._clients[service]


@contextmanager
def _refusals(service: str, operation: str) -> Iterator[None]:
    """Whatever boto3 raises, as one sentence with the way out. Raises NotReadable."""
    from botocore import exceptions as aws

    action = f"{'sso' if service == 'sso-admin' else service}:{''.join(map(str.title, operation.split('_')))}"
    try:
        yield
    except aws.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "without a code"))
        raise NotReadable(f"AWS refused {action} ({code})", _way_out(code), is_unknown=code == _UNKNOWN) from None
    except (aws.ConnectionError, aws.HTTPClientError) as error:
        raise NotReadable(
            f"AWS did not answer {action} ({type(error).__name__})", "Look at the network, and at access.region."
        ) from None
    except aws.BotoCoreError as error:
        raise NotReadable(
            f"AWS could not be asked for {action} ({type(error).__name__})",
            "Give AWS credentials in one of the usual places (environment, profile, role), or leave access out.",
        ) from None


def _way_out(code: str) -> str:
    """What a person can do about a refusal."""
    if "AccessDenied" in code or code == "403":
        return f"Allow {_NEEDED} to these credentials, or leave access out."
    if "Throttl" in code or "TooMany" in code:
        return "There are too many requests now; the next full reading tries again."
    return "Look at the AWS credentials and at access.region, or leave access out."
