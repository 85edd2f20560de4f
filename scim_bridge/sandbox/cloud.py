"""What AWS holds beside users and groups: accounts, permission sets, assignments, applications, roles, attributes.

Ids have the forms of the services' models. Assignments name principals by id and outlive them, as AWS's do.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

PrincipalType = Literal["USER", "GROUP"]
Principal = tuple[PrincipalType, str]
AccountState = Literal["PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"]
STORE = "d-9067a1b2c3"
_INSTANCE = "ssoins-7223a1b2c3d4e5f6"
_DAY = 1_700_000_000.0
_NOT_IN_A_NAME = re.compile(r"[^\w+=,.@-]")


@dataclass(slots=True)
class Account:
    """An account of the organization."""

    id: str
    name: str
    state: AccountState = "ACTIVE"


@dataclass(slots=True, kw_only=True)
class PermissionSet:
    """What a set is made of. inline: a policy document as text; boundary: as the API has it."""

    arn: str
    name: str
    duration: str = "PT1H"
    description: str = ""
    managed: list[dict[str, str]] = field(default_factory=list)
    customer: list[dict[str, str]] = field(default_factory=list)
    inline: str = ""
    boundary: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Application:
    """An application of the instance. principals: who is assigned."""

    arn: str
    name: str
    provider: str = "arn:aws:sso::aws:applicationProvider/custom"
    status: Literal["ENABLED", "DISABLED"] = "ENABLED"
    visibility: Literal["ENABLED", "DISABLED"] = "ENABLED"
    is_assignment_required: bool = True
    principals: list[Principal] = field(default_factory=list)


@dataclass(slots=True)
class Entitlement:
    """An existing IAM role that a user or a group may take (account access manager)."""

    id: str
    account: str
    role: str
    principal: Principal


@dataclass(slots=True, kw_only=True)
class Instance:
    """An instance of Identity Center. owner: the account; has_permission_sets: false for one without accounts.

    regions: additional ones. key: ARN of a customer managed key, "" for AWS's. issuers: names of token issuers.
    """

    arn: str = f"arn:aws:sso:::instance/{_INSTANCE}"
    store: str = STORE
    owner: str = ""
    has_permission_sets: bool = True
    region: str = "eu-west-1"
    regions: list[str] = field(default_factory=list)
    key: str = ""
    issuers: list[str] = field(default_factory=list)
    created: float = _DAY


@dataclass(frozen=True, slots=True, order=True)
class Assignment:
    """Who may enter which account with which permission set."""

    account: str
    permission_set: str
    kind: PrincipalType
    principal: str


class Cloud:
    """Everything, changed in place. management: account id of the organization's management account."""

    def __init__(self) -> None:
        self.management = "999999999999"
        self.delegated: str | None = None
        self.accounts: dict[str, Account] = {self.management: Account(self.management, "management")}
        self.instances: list[Instance] = [Instance()]
        self.sets: dict[str, PermissionSet] = {}
        self.assignments: dict[Assignment, None] = {}
        self.applications: dict[str, Application] = {}
        self.entitlements: list[Entitlement] = []
        self.attributes: dict[str, str] | None = None
        self.policies: dict[str, Any] | None = None
        self.requests: dict[str, dict[str, Any]] = {}
        self.has_memberships = True

    @property
    def instance(self) -> Instance:
        """The organization's own instance, the first one."""
        return self.instances[0]

    @property
    def caller(self) -> str:
        """The account whose credentials ask: the management account."""
        return self.management

    def forget(self, principal_id: str) -> None:
        """Take away every assignment of a principal."""
        for one in [a for a in self.assignments if a.principal == principal_id]:
            del self.assignments[one]
        for application in self.applications.values():
            application.principals = [p for p in application.principals if p[1] != principal_id]

    def add_set(self, name: str, **what: Any) -> PermissionSet:
        """One more permission set."""
        arn = f"arn:aws:sso:::permissionSet/{_INSTANCE}/ps-{len(self.sets) + 1:016x}"
        self.sets[arn] = PermissionSet(arn=arn, name=name, **what)
        return self.sets[arn]

    def add_application(self, name: str, **what: Any) -> Application:
        """One more application."""
        arn = f"arn:aws:sso::{self.management}:application/{_INSTANCE}/apl-{len(self.applications) + 1:016x}"
        self.applications[arn] = Application(arn=arn, name=name, **what)
        return self.applications[arn]

    def assign(self, accounts: Iterable[str], arn: str, principal: Principal) -> None:
        """Let a principal enter these accounts with a permission set."""
        for account in accounts:
            self.assignments[Assignment(account, arn, *principal)] = None

    def set_named(self, name: str) -> PermissionSet:
        """The set of this name. Raises ValueError if there is none."""
        found = next((one for one in self.sets.values() if one.name == name), None)
        if found is None:
            raise ValueError(f"there is no permission set {name!r}")
        return found

    def account_named(self, name: str) -> str:
        """The id of the account with this name or id. Raises ValueError if there is none."""
        if name in self.accounts:
            return name
        found = next((one.id for one in self.accounts.values() if one.name == name), None)
        if found is None:
            raise ValueError(f"there is no account {name!r}")
        return found


def file_name(arn: str) -> str:
    """The name of a policy in its ARN, without its path."""
    return _NOT_IN_A_NAME.sub("", arn.rpartition("/")[2])
