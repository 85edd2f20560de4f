"""How far a run in progress has come, as the state has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scim_bridge.model.traffic import Use


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """The step that a run is at. total: None while it is unknown. Times are UTC; noted: when this was written down.

    requests: how many have been sent to the target so far. uses: what it sends recently, by kind of request.
    """

    run: int
    connection: str
    step: str
    done: int
    total: int | None
    step_began: datetime
    noted: datetime
    requests: int
    uses: Mapping[str, Use] = field(default_factory=dict)

    @property
    def pace(self) -> float | None:
        """Things done a second in this step, None while nothing is known of it."""
        took = (self.noted - self.step_began).total_seconds()
        return self.done / took if took >= 1 and self.done else None

    @property
    def left(self) -> timedelta | None:
        """How long the rest of this step takes at its pace, None while that is unknown."""
        if self.total is None or not self.pace:
            return None
        return timedelta(seconds=max(0, self.total - self.done) / self.pace)
