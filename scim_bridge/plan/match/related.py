"""Who can have a say in what becomes of a few records and resources: the one definition, whoever holds the two sides.

Two of a kind concern each other if they claim or hold the same value by which resources are told apart, or if a link or
a decision binds them; so do those who concern these, to the end. Correlating them gives for each what correlating
everyone gives: a law of `tests/laws`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from scim_bridge.model.desired_side import MAY_BE, Claim
from scim_bridge.model.identity import Kind


class Relations(Protocol):
    """Both sides of a connection as far as anyone asks. Everything is of one kind; ids are source ids or target ids."""

    def claims(self, kind: Kind, ids: Collection[str]) -> set[Claim]:
        """What these records claim, and claimed before what has changed."""
        ...

    def values(self, kind: Kind, target_ids: Collection[str]) -> set[Claim]:
        """What these resources hold, and held before."""
        ...

    def claiming(self, kind: Kind, claims: Collection[Claim]) -> set[str]:
        """The records that claim one of these, or did."""
        ...

    def holding(self, kind: Kind, claims: Collection[Claim]) -> set[str]:
        """The resources that hold one of these, or did."""
        ...

    def bound(self, kind: Kind, ids: Collection[str], target_ids: Collection[str]) -> tuple[set[str], set[str]]:
        """Records and resources that a link or a decision binds to these."""
        ...


@dataclass(slots=True)
class Related:
    """Records (source ids, "" for those without one) and resources (target ids) of one kind."""

    ids: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)


def related(kind: Kind, relations: Relations, ids: Collection[str], targets: Collection[str] = ()) -> Related:
    """Those that these concern, with themselves."""
    found, claimed = Related(set(ids), set(targets)), set[Claim]()
    new_ids, new_targets = set(ids), set(targets)
    # To the end, not one step: a hold can pass from record to record (docs/design.md §2.4), and the one asked about may
    # be the last.
    while new_ids or new_targets:
        claims = (relations.claims(kind, new_ids) | relations.values(kind, new_targets)) - claimed
        claims |= {(MAY_BE, target_id) for target_id in new_targets} - claimed
        claimed |= claims
        more_ids, more_targets = relations.bound(kind, new_ids, new_targets)
        more_ids |= relations.claiming(kind, claims)
        more_targets |= relations.holding(kind, claims)
        more_targets |= {value for path, value in claims if path == MAY_BE}
        new_ids, new_targets = more_ids - found.ids, more_targets - found.targets
        found.ids |= new_ids
        found.targets |= new_targets
    return found
