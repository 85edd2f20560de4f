"""A plan that is kept: what is known of it without its document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scim_bridge.model.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """One plan. run: the run that the guard stopped, None for a plan that was ordered. by: who ordered it. made: UTC.

    summary: as in the plan document. guard: the sentences of the limits that tripped. conflicts: how many it lists.
    size: of its document in bytes. applied_by: the run that has applied it to its end. declined_by, note: who has
    decided against it, and why.
    """

    id: int
    connection: str
    run: int | None
    by: Actor
    made: datetime
    summary: Mapping[str, int]
    guard: tuple[str, ...]
    conflicts: int
    size: int
    applied_by: int | None = None
    declined_by: str = ""
    note: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether limits stopped it, so that it is applied with an approval only."""
        return bool(self.guard)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not any(self.summary.values())
