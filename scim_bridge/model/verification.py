"""How often the whole target is read again, so that what someone else changed there is seen (drift)."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

_REPAIRS = 4
"""Days, or intervals of `verify`, over which it is counted how often the same value was set back: three in a row, and
some room."""
_SHARE = 0.02
"""Of the permitted requests, for looking again at what most likely has not changed."""
_ASSUMED = 10.0
"""Requests a second where there is no ceiling: half of the smallest quota that is documented, since it is shared."""
SHORTEST, LONGEST = timedelta(minutes=15), timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ReadingCost:
    """What a whole reading costs. measured: requests of the last one, 0 if there was none.

    users, groups: how many the target holds; members: the size of each group that has members.
    """

    measured: int = 0
    users: int = 0
    groups: int = 0
    members: tuple[int, ...] = ()

    def requests(self, page: int, *, shows_members: bool) -> int:
        """Requests of the next reading: as many as there are pages, or as the last one took if that is more.

        page: resources a page. shows_members: groups are listed with their members, so that no one asks for them.
        """
        pages = max(1, ceil(self.users / page)) + max(1, ceil(self.groups / page))
        if not shows_members:
            pages += sum(ceil(size / page) for size in self.members) + self.groups - len(self.members)
        return max(self.measured, pages)


@dataclass(frozen=True, slots=True)
class Verification:
    """When to read everything again. fixed: as someone wrote it, None for `auto`.

    per_second: the ceiling of requests, None if there is none.
    """

    fixed: timedelta | None
    per_second: float | None

    def every(self, requests: int) -> timedelta:
        """How old a reading of the target may be, if one costs this many requests."""
        if self.fixed is not None:
            return self.fixed
        per_second = self.per_second or _ASSUMED
        return min(LONGEST, max(SHORTEST, timedelta(seconds=requests / (_SHARE * per_second))))

    @property
    def bounds(self) -> tuple[timedelta, timedelta]:
        """The shortest and the longest that `every` gives, whatever a reading costs."""
        return (self.fixed, self.fixed) if self.fixed is not None else (SHORTEST, LONGEST)

    @property
    def source_every(self) -> timedelta:
        """How old a whole reading of the source may be. The requests to a target say nothing of what that costs."""
        return self.fixed if self.fixed is not None else LONGEST

    @property
    def repairs_within(self) -> timedelta:
        """How far a run looks back for values that were set back before: another provisioner shows itself in time."""
        return _REPAIRS * self.source_every
