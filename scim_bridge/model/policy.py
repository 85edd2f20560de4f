"""What an operator allows: the policy of a connection (docs/design.md §3)."""

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from scim_bridge.model.identity import Kind
from scim_bridge.model.limit import Limits
from scim_bridge.model.text import folded


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


Adopt = Literal["first-run", "takeover", "always", "ask"]
"""Whether what is found by a match attribute is adopted unasked. takeover: also where another tool wrote our ids."""
Orphans = Literal["report", "keep", "deactivate"]
Drift = Literal["overwrite", "report"]
Rehire = Literal["ask", "link", "separate"]
"""What to do when a record claims the name of someone who has left: ask, the same resource, or a new one."""


@dataclass(frozen=True, slots=True)
class KeepAdmins:
    """How many active administrators an account keeps whatever a plan does. account: its id or name, or `management`.

    break_glass: userNames that must each stay an administrator; they do not count among `users`.
    """

    users: int = 2
    account: str = "management"
    break_glass: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything an operator decides once for a connection. delete_after: the grace; None: nothing is ever deleted.

    create_inactive: whether a user is created for a record that is inactive.
    """

    deprovision: Literal["deactivate", "keep"] = "deactivate"
    delete_after: timedelta | None = None
    adopt: Adopt = "first-run"
    create_inactive: bool = True
    rehire: Rehire = "ask"
    orphans: Orphans = "report"
    drift: Drift = "overwrite"
    protect: Protect = field(default_factory=Protect)
    limits: Limits = field(default_factory=Limits)
    keep_admins: KeepAdmins | None = None
