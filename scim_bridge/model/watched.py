"""What is watched of all connections: totals, ages and counts, for metrics and alerts. No names of people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scim_bridge.model.run import Quarantine

BUCKETS = (1, 5, 15, 60, 300, 900, 3_600, 14_400)
"""Seconds: so long did a run take at most."""
PLANNED = ("done", "shadow", "stopped_by_guard")
"""Outcomes of runs that have read both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotal:
    """Runs of one kind (sync, only, apply, rollback) and outcome (model/run.py) since the state began.

    seconds: of all together. buckets: how many took as long as each of BUCKETS at most, and longer than the one before;
    the last one is of those that took longer than all. last_*: of the newest one; last_ended is None where its end is
    not known.
    """

    connection: str
    kind: str
    outcome: str
    runs: int
    requests: int
    throttled: int
    seconds: float
    buckets: tuple[int, ...]
    last_run: int
    last_started: datetime
    last_ended: datetime | None

    @property
    def has_read_source(self) -> bool:
        """Whether such runs have read the source: they came as far as a plan about everyone."""
        return self.kind == "sync" and self.outcome in PLANNED

    @property
    def is_good(self) -> bool:
        """Whether all is well after such a run."""
        return self.kind == "sync" and self.outcome in ("done", "shadow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """All of it. operations: connection, kind, outcome → how many. conflicts: connection, kind → undecided ones.

    target_read: connection → when the whole target was last read. paused: since when; quarantined; tripped: the run
    whose plan waits for approval. waiting: connection → how many orders wait, and since when the oldest does.
    counts: connection → what → (source shows, target holds); paces: the paces that were found; both by the newest run
    about everyone. running: connection → since when.
    """

    runs: tuple[RunTotal, ...] = ()
    operations: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    conflicts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    target_read: Mapping[str, datetime] = field(default_factory=dict)
    paused: Mapping[str, datetime] = field(default_factory=dict)
    quarantined: Mapping[str, Quarantine] = field(default_factory=dict)
    tripped: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    paces: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    running: Mapping[str, datetime] = field(default_factory=dict)
