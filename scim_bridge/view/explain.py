"""Everything about one identity, step by step, as `explain` shows it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rule:
    """One attribute's rule and what it gave. value is None where it failed; failure says why."""

    path: str
    rule: str
    place: str
    value: object
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InSource:
    """What the source shows. places: where; empty if it does not show it. record: the values as rules see them; raw:
    what they were before the source decoded them. groups: those of a user, or the users of a group.
    """

    places: tuple[str, ...]
    record: dict[str, object]
    raw: dict[str, str]
    scope: str
    rules: tuple[Rule, ...]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlan:
    """What the plan makes of it. situation, action: the row of the situation table; but: why the plan does nothing of
    it, "" if it does something. operations, conflicts: what the plan does and what waits.
    """

    situation: str
    action: str
    but: str = ""
    operations: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OnTarget:
    """Its resource, if there is one. applied, seen: by path, what was last applied and what was last seen."""

    target_id: str | None = None
    applied: dict[str, object] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way into an account. via: the group that it comes through, None for directly; level: as in model/access."""

    via: str | None
    account: str
    account_id: str
    permission_set: str
    allows: tuple[str, ...]
    level: str

    def __str__(self) -> str:
        place = self.account if self.account == self.account_id else f"{self.account} ({self.account_id})"
        through = f", through {self.via}" if self.via is not None else ""
        return f"{self.permission_set} on {place}{through}: {'; '.join(self.allows)}"


@dataclass(frozen=True, slots=True)
class InAws:
    """What it opened in AWS when that was last read. applications: by name.

    sessions: for how long sessions may run after a deactivation, "" for a group and for a user without any access.
    is_outdated: runs have changed users, groups or memberships since.
    """

    as_of: datetime
    ways: tuple[Way, ...]
    applications: tuple[str, ...]
    sessions: str = ""
    is_outdated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One user or group on its way through the picture. access: None where it was never read."""

    kind: str
    name: str
    source_id: str
    source: InSource
    plan: InPlan
    target: OnTarget
    access: InAws | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A group of a user, or a user of a group. side, id: by which its own page is found. is_wanted: the source shows
    it there; is_there: AWS does."""

    side: Literal["source", "target"]
    id: str
    name: str
    is_wanted: bool
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """One user or group as the state knows it. more_members: how many are not listed.
    is_compared: false for a group so large that its members were not compared. seen_at: when the target last
    showed the resource. departed: since when its record has left. doubt: why the next run may find it otherwise, "" if
    nothing says so.
    """

    connection: str
    told: Explanation
    members: tuple[Member, ...]
    more_members: int
    is_compared: bool
    seen_at: datetime | None
    departed: datetime | None
    doubt: str

    def with_told(self, told: Explanation) -> "Portrait":
        """The same with more told."""
        return replace(self, told=told)
