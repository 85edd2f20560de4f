"""What is known of a connection at one glance, for lists of many connections."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scim_bridge.model.run import Pause, Quarantine, RunRecord, RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One connection. last: its newest run; good: the newest one about everyone that read the source and ended well.

    judged: the run that tells how the connection is: the newest about everyone, or a later one that sent something or
    met a side that failed; while the guard's stop holds the schedule, the run that was stopped.
    unsuccessful: operations of that run that are not known to have worked. conflicts: how many no one has decided.
    target_read: when the target was last read in full. Times are UTC.
    """

    connection: str
    last: RunRecord | None = None
    judged: RunRecord | None = None
    good: RunRecord | None = None
    unsuccessful: int = 0
    conflicts: int = 0
    pause: Pause | None = None
    quarantine: Quarantine | None = None
    target_read: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPoint:
    """A run in a trend. changes: how many operations it did, memberships one by one."""

    id: int
    status: RunStatus
    started: datetime
    took: timedelta | None
    changes: int
