"""What an operator allows: the policy of a connection (docs/design.md §3)."""

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from scim_bridge.model.identity import Kind
from scim_bridge.model.text import folded


@dataclass(frozen=True, slots=True)
class Limit:
    """At most this many, or at most this share in percent."""

    value: int
    is_percentage: bool

    def __str__(self) -> str:
        return f"{self.value}%" if self.is_percentage else str(self.value)


def percent(value: int) -> Limit:
    """A share of the base, in percent."""
    return Limit(value, is_percentage=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run, and all runs of a `window` together, may take away or change.

    Up to `floor` objects a percentage does not trip, unless they are all.
    """

    deactivate: Limit = percent(10)
    delete: Limit = percent(5)
    remove_members: Limit = percent(20)
    shrink_source: Limit = percent(20)
    missing: Limit = percent(20)
    mapping_change: Limit = percent(20)
    floor: int = 3
    window: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class Protect:
    """Globs over userName and group displayName, compared as folded text: what matches is never changed or deleted."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def of(self, kind: Kind) -> tuple[str, ...]:
        """The globs for one kind."""
        return self.users if kind == "user" else self.groups

    def covers(self, kind: Kind, *names: object) -> bool:
        """Whether any of these names is protected; an empty name never is."""
        pattern = self._users if kind == "user" else self._groups
        return pattern is not None and any(
            text and pattern.match(text) for text in (folded(str(name)) for name in names if name)
        )

    @cached_property
    def _users(self) -> re.Pattern[str] | None:
        return _one_of(self.users)

    @cached_property
    def _groups(self) -> re.Pattern[str] | None:
        return _one_of(self.groups)


def _one_of(globs: Iterable[str]) -> re.Pattern[str] | None:
    expressions = [fnmatch.translate(folded(glob)) for glob in globs]
    return re.compile("|".join(expressions)) if expressions else None


Rehire = Literal["ask", "link", "separate"]
"""What to do when a record claims the name of someone who has left: ask, the same resource, or a new one."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything an operator decides once for a connection. delete_after: the grace; None: nothing is ever deleted."""

    deprovision: Literal["deactivate", "keep"] = "deactivate"
    delete_after: timedelta | None = None
    adopt: Literal["first-run", "always", "ask"] = "first-run"
    rehire: Rehire = "ask"
    orphans: Literal["report", "keep", "deactivate"] = "report"
    drift: Literal["overwrite", "report"] = "overwrite"
    protect: Protect = field(default_factory=Protect)
    limits: Limits = field(default_factory=Limits)
