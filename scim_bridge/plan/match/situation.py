"""The situation table (docs/design.md §2.2): what correlation found for one identity, and the action that follows.

This is the table of the manual, row by row, tried from the top. `explain` prints the row that applied.
How the columns are found out is decided in correlate.py; what an action does, in decide/actions.py.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

RecordColumn = Literal["valid", "invalid", "none"]
"""none: no record, or one that is out of scope."""
LinkColumn = Literal["there", "gone", "no"]
"""Whether a link is recorded, and whether the resource it names is still on the target."""
TargetColumn = Literal["one", "taken", "contested", "several", "nothing", "unwanted"]
"""What externalId and the match attributes found, where no link decides. unwanted: nothing, and nothing is created, as
the record is inactive and the policy wants no such user."""
Name = Literal[
    "protected",
    "invalid",
    "linked",
    "inactive",
    "missing",
    "found",
    "taken",
    "contested",
    "ambiguous",
    "absent",
    "departed",
    "vanished",
    "orphan",
    "excluded",
]
Action = Literal[
    "nothing", "revoke only", "update", "adopt", "create", "hold", "deprovision", "forget", "orphan policy"
]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one identity before anything is decided: the columns of the table.

    is_protected: its resource has a protected name on the target, or was linked under one.
    """

    record: RecordColumn
    link: LinkColumn
    target: TargetColumn
    is_protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; an empty column fits anything."""

    situation: Name
    action: Action
    record: tuple[RecordColumn, ...] = ()
    link: tuple[LinkColumn, ...] = ()
    target: tuple[TargetColumn, ...] = ()
    only_protected: bool = False

    def fits(self, facts: Facts) -> bool:
        """Whether this row applies."""
        return (
            (not self.record or facts.record in self.record)
            and (not self.link or facts.link in self.link)
            and (not self.target or facts.target in self.target)
            and (facts.is_protected or not self.only_protected)
        )


# First protected, so that nothing below can touch it; then invalid, so that no decision rests on a broken record. What
# others hold (taken, contested, several) stands above missing and found: a link whose resource is gone is no reason to
# take someone else's.
# fmt: off
TABLE = (
    Row(situation="protected", action="nothing",       only_protected=True),
    Row(situation="invalid",   action="revoke only",   record=("invalid",)),
    Row(situation="linked",    action="update",        record=("valid",), link=("there",)),
    Row(situation="taken",     action="hold",          record=("valid",), target=("taken",)),
    Row(situation="contested", action="hold",          record=("valid",), target=("contested",)),
    Row(situation="ambiguous", action="hold",          record=("valid",), target=("several",)),
    Row(situation="inactive",  action="nothing",       record=("valid",), target=("unwanted",)),
    Row(situation="missing",   action="adopt",         record=("valid",), link=("gone",), target=("one",)),
    Row(situation="missing",   action="create",        record=("valid",), link=("gone",), target=("nothing",)),
    Row(situation="found",     action="adopt",         record=("valid",), link=("no",),   target=("one",)),
    Row(situation="absent",    action="create",        record=("valid",), link=("no",),   target=("nothing",)),
    Row(situation="departed",  action="deprovision",   record=("none",),  link=("there",)),
    Row(situation="vanished",  action="forget",        record=("none",),  link=("gone",)),
    Row(situation="orphan",    action="orphan policy", record=("none",),  link=("no",),   target=("one",)),
    Row(situation="excluded",  action="nothing",       record=("none",),  link=("no",)),
)
# fmt: on


@cache
def situation(facts: Facts) -> Row:
    """The first row that fits. A test proves that every combination of the columns meets one."""
    # No default: a combination without a row is a fault of the table, and must stop the run rather than do something.
    return next(row for row in TABLE if row.fits(facts))
