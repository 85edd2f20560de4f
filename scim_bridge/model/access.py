"""Who may enter what, as it was read: accounts, permission sets, assignments, applications, and the people they name.

Values only. They are read in access/, kept in state/ as differences, and shown by view/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from scim_bridge.model.assignment import Principal

Level = Literal["administrator", "can-become-administrator", "power", "billing", "write", "read", "unknown"]
"""What a permission set allows at the worst, the worst first."""
USABLE = frozenset({"ACTIVE", "PENDING_CLOSURE"})
"""States of an account that people can enter: one whose closure is pending still works."""
ALL_USERS = "all users"
"""What stands in the place of a group where an application requires no assignment."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the organization. name: its id where names could not be read."""

    id: str
    name: str
    state: str = "ACTIVE"

    @property
    def is_usable(self) -> bool:
        """Whether people can still enter it."""
        return self.state in USABLE


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a permission set allows, as far as the set goes. words: for people, the worst first."""

    level: Level
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSet:
    """A permission set, or an existing role that people may take (is_role).

    centrally: what it allows in the management account and in the delegated administrator's, where Identity Center
    itself can be changed. seconds: how long a session lasts. limited_by: the permissions boundary, "" for none.
    """

    arn: str
    name: str
    allowed: Allowed
    centrally: Allowed
    seconds: int = 3600
    limited_by: str = ""
    is_role: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """An assignment as AWS has it. permission_set: ARN of a set, or of a role. principal: as AWS names it."""

    account: str
    permission_set: str
    principal: Principal


@dataclass(frozen=True, slots=True)
class Application:
    """An application. is_open: no assignment is required, so all users have it. has_tile: it is shown in the portal."""

    arn: str
    name: str
    is_open: bool = False
    has_tile: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """An assignment to an application."""

    application: str
    principal: Principal


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the identity store. name: userName."""

    id: str
    name: str
    display: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class People:
    """Users and groups by id. members: the users of each group that has an assignment; of the others no one asked."""

    users: Mapping[str, Person] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of Identity Center. management: account id of the organization's management account, "" if unknown.

    delegated: the account that administers Identity Center in its place, "" for none. region: "" if unknown.
    """

    arn: str
    store: str
    management: str = ""
    delegated: str = ""
    region: str = ""

    def is_central(self, account: str) -> bool:
        """Whether Identity Center itself can be changed from this account."""
        return account in (self.management, self.delegated)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReading:
    """Everything, at one moment. requests: how many it took. warnings: what could not be read, each a sentence.

    tags: attributes for access control, the key of the session tag to where its value comes from.
    """

    as_of: datetime
    instance: Instance
    people: People
    accounts: Mapping[str, Account]
    sets: Mapping[str, PermissionSet]
    edges: frozenset[Edge]
    applications: Mapping[str, Application] = field(default_factory=dict)
    uses: frozenset[Use] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Renewed:
    """What is assigned to a few, as it is now. of: these; sets: permission sets that were not known before, by ARN."""

    of: frozenset[Principal]
    edges: frozenset[Edge]
    uses: frozenset[Use]
    sets: Mapping[str, PermissionSet]

    def over(self, older: AccessReading) -> AccessReading:
        """An older reading with this in it. Roles of the account access manager are as they were read."""
        sets = {**older.sets, **self.sets}
        kept = (e for e in older.edges if e.principal not in self.of or sets[e.permission_set].is_role)
        edges = frozenset(kept) | self.edges
        new = {edge.account: Account(edge.account, edge.account) for edge in self.edges}
        used = (use for use in self.uses if use.application in older.applications)
        uses = frozenset(use for use in older.uses if use.principal not in self.of) | frozenset(used)
        return replace(older, sets=sets, edges=edges, uses=uses, accounts=new | dict(older.accounts))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AccessRow:
    """One way in: an active user, directly (via is None) or through a group, into an account, with a permission set.

    role: ARN of the role that the user is in the account, with * for what cannot be known from outside of it.
    """

    user: str
    user_id: str
    display: str
    via: str | None
    account: str
    account_id: str
    permission_set: str
    allows: tuple[str, ...]
    level: Level
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow:
    """One way to an application. user: None where all users have it."""

    user: str | None
    user_id: str | None
    display: str | None
    via: str | None
    application: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanRow:
    """An assignment whose user or group is gone. account: or the application's name; permission_set: None for these."""

    kind: str
    principal_id: str
    account: str
    account_id: str | None
    permission_set: str | None


@dataclass(frozen=True, slots=True)
class Cause:
    """What made a difference. run: that of ours which did it, None if someone else did. decision: on which conflict."""

    what: str
    run: int | None = None
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A way in that came or went, or an application (account is then None)."""

    row: AccessRow | ApplicationRow
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different. changed: permission sets that allow something else now: name, before, after."""

    gained: tuple[Step, ...] = ()
    lost: tuple[Step, ...] = ()
    changed: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
