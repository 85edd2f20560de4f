"""The working table of one kind's correlation: what is known of each record, of each value, and of each resource.

It is filled by candidates.py (who is who) and unique_values.py (who must wait), and read by correlate.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scim_bridge.model.capabilities import Uniqueness, fold
from scim_bridge.model.identity import ACTIVE, EMAILS, EXTERNAL_ID, NAMES, Desired, Existing, Kind
from scim_bridge.model.plan import Conflict
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.model.remembered import Link, Remembered
from scim_bridge.plan.drift import leaves_drift, left_alone
from scim_bridge.plan.match.situation import TargetColumn


@dataclass(frozen=True, slots=True)
class Terms:
    """How a connection matches. match: the mapping's match attributes. unique: the target's unique attributes.
    policy: what is protected, and what is done when names meet."""

    match: Mapping[Kind, tuple[str, ...]]
    unique: Mapping[Kind, tuple[tuple[str, Uniqueness], ...]]
    policy: Policy


def protected_resources(
    kind: Kind, existing: Mapping[str, Existing], links: Iterable[Link], protect: Protect
) -> set[str]:
    """Target ids that have a protected name, or were linked under one. Links are parsed late, so only where needed."""
    if not protect.of(kind):
        return set()
    name = NAMES[kind]
    shown = {target_id for target_id, each in existing.items() if protect.covers(kind, each.attributes.get(name))}
    return shown | {link.target_id for link in links if protect.covers(kind, link.applied.get(name))}


# Users, matched by userName. The stage that stands above a column fills it. Afterwards `is_held`, `kept` and
# `conflicts` only grow, so that the end does not depend on the order of the records; `column` changes once more where a
# name that an unpaired record counted on is not given up after all (then it is "taken"). A record without an id has its
# row as well.
#
#            | links, externalId, names (candidates.py)             | unique values (unique_values.py)
#  desired   | found_by   | target_id | column    | candidates      | is_held | kept   | conflicts
#  ----------+------------+-----------+-----------+-----------------+---------+--------+------------------
#  1  ann    | link       | t-1       | one       |                 |         |        |
#  2  ben    | externalId | t-2       | one       |                 |         | emails | duplicate_email
#  3  cho    | userName   | t-3       | one       | t-3             | yes     |        | adopt?
#  4  ann    |            |           | taken     | t-1             | yes     |        | match_taken
#  5  dee    |            |           | contested | t-5             | yes     |        | match_contested
#  6  dee    |            |           | contested | t-5             | yes     |        | match_contested
#  7  eva    |            |           | taken     | t-7 (asked)     | yes     |        | rehire?
#  8  fay    |            |           | nothing   |                 |         |        |
#  -  gus    |            |           | nothing   | t-9 (shielded)  |         |        | missing_id
#
#  path       value       holders              resource   owner                  known as
#  ---------+-----------+------------          ----------+----------------------+---------------------
#  userName | ann       | t-1                  t-1       | 1                    |
#  userName | dee       | t-5                  t-5       |                      | pointed_at
#  userName | eva       | t-7                  t-7       | 70, who has left     |
#  emails   | x@corp    | t-2, t-8             t-8       |                      | elsewhere
#                                              t-9       | 90, who has not left | pointed_at, shielded


@dataclass(slots=True, eq=False, kw_only=True)
class RecordRow:
    """What is known of one record.

    target_id: the resource it is paired with, None if there is none; found_by: "link", "externalId", a match attribute,
    "rehire" or "decision". column: of the situation table. candidates: resources that it points at by a name. asked: of
    these, the one of a user who has left, where no one knows whether the two are the same. returned: the link of the
    user who left, where a person or the policy says that they are the same. is_protected: it is or would be matched
    with a protected resource; is_misnamed: it maps to a protected name. is_held: it waits, whole. kept: paths that stay
    as they are on the target.
    """

    desired: Desired
    target_id: str | None = None
    found_by: str = ""
    column: TargetColumn = "nothing"
    candidates: frozenset[str] = frozenset()
    asked: str = ""
    returned: Link | None = None
    is_protected: bool = False
    is_misnamed: bool = False
    is_held: bool = False
    kept: frozenset[str] = frozenset()
    conflicts: tuple[Conflict, ...] = ()

    @property
    def may_change(self) -> bool:
        """It gets a resource, and no protected name is in the way: it takes what it claims, and gives up the rest."""
        return not self.is_protected and not self.is_misnamed and self.column != "unwanted"


@dataclass(frozen=True, slots=True)
class HeldValues:
    """Who holds which value on the target. unique: path → how its values are compared. holders: path → compared value →
    target ids; for unique paths, match attributes and the externalId."""

    unique: Mapping[str, Uniqueness]
    holders: Mapping[str, Mapping[str, list[str]]]

    @classmethod
    def shown_by(cls, existing: Mapping[str, Existing], kind: Kind, terms: Terms) -> "HeldValues":
        """The values of these resources."""
        unique = dict(terms.unique[kind])
        holders: dict[str, dict[str, list[str]]] = {}
        for path in {*unique, *terms.match[kind], EXTERNAL_ID}:
            how, found = unique.get(path, "folded"), holders.setdefault(path, {})
            for target_id, each in existing.items():
                value = each.attributes.get(path)
                if value:
                    found.setdefault(fold(value, how), []).append(target_id)
        return cls(unique, holders)

    def uniqueness(self, path: str) -> Uniqueness:
        """How values of this path are compared; match attributes that need not be unique are case-folded too."""
        return self.unique.get(path, "folded")

    def holding(self, path: str, value: object) -> list[str]:
        """Target ids of the resources that hold this value now."""
        if not value:
            return []
        return self.holders[path].get(fold(value, self.uniqueness(path)), [])


@dataclass(slots=True, kw_only=True)
class Resources:
    """What is known of the resources, by target id.

    elsewhere: linked by another connection. owner: source id of the record it belongs to, gone ones included.
    protected: has a protected name, or was linked under one. pointed_at: a record may be it. shielded: the record that
    lost its id, and names this resource.
    """

    existing: Mapping[str, Existing]
    elsewhere: frozenset[str]
    protected: set[str]
    owner: dict[str, str] = field(default_factory=dict)
    pointed_at: set[str] = field(default_factory=set)
    shielded: dict[str, RecordRow] = field(default_factory=dict)

    def is_spoken_for(self, target_id: str) -> bool:
        """A held record points at this resource, or another connection has it: it is not an orphan."""
        return target_id in self.pointed_at or target_id in self.elsewhere


@dataclass(slots=True, kw_only=True)
class Links:
    """The links, as decisions have changed them, by source id.

    aside: target id → a link of a restored state that the target has not confirmed. decided: records that a person gave
    a resource. decided_left: target ids of users who left while the state was lost, as a person decided. relinked: of
    a user who has left, the newcomer who gets the resource. separated: users who have left, and give their names up to
    a namesake.
    """

    of: Mapping[str, Link]
    aside: Mapping[str, Link]
    decided: frozenset[str] = frozenset()
    decided_left: set[str] = field(default_factory=set)
    relinked: dict[str, str] = field(default_factory=dict)
    separated: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Pairing:
    """One kind's table. by_id: the rows of the records that have an id. by_external_id: how many were found so."""

    kind: Kind
    terms: Terms
    known: Remembered
    rows: tuple[RecordRow, ...]
    by_id: Mapping[str, RecordRow]
    values: HeldValues
    resources: Resources
    links: Links
    by_external_id: int = 0

    @classmethod
    def empty(
        cls, kind: Kind, desired: Iterable[Desired], existing: Mapping[str, Existing], known: Remembered, terms: Terms
    ) -> "Pairing":
        """A table in which nothing is paired yet."""
        name, protect, links = NAMES[kind], terms.policy.protect, known.of(kind)
        rows = tuple(RecordRow(desired=record) for record in desired)
        for row in rows:
            row.is_misnamed = protect.covers(kind, row.desired.attributes.get(name))
        elsewhere = frozenset(key.id for key in known.linked_elsewhere if key.kind == kind)
        protected = protected_resources(kind, existing, links.values(), protect)
        return cls(
            kind=kind,
            terms=terms,
            known=known,
            rows=rows,
            by_id={row.desired.source_id: row for row in rows if row.desired.source_id},
            values=HeldValues.shown_by(existing, kind, terms),
            resources=Resources(existing=existing, elsewhere=elsewhere, protected=protected),
            links=Links(of=links, aside={link.target_id: link for link in known.aside.values() if link.kind == kind}),
        )

    def pair(self, row: RecordRow, target_id: str, by: str) -> None:
        """Give this resource to this record."""
        source_id, owner = row.desired.source_id, self.resources.owner
        before = owner.get(target_id, source_id)
        if before != source_id:
            self.links.relinked[before] = source_id
            row.returned = self.links.of[before]
        owner[target_id] = source_id
        row.target_id, row.found_by, row.column = target_id, by, "one"

    def gives_up(self, source_id: str | None, path: str, value: object) -> bool:
        """Whether the plan makes this record's resource take another value: its own record is in scope and valid."""
        if source_id in self.links.separated:
            return path in (NAMES[self.kind], EMAILS)
        row = self.by_id.get(source_id or "")
        if row is None or not row.desired.is_valid or path not in row.desired.attributes or not row.may_change:
            return False
        how = self.values.uniqueness(path)
        return fold(row.desired.attributes[path], how) != fold(value, how) and not self.keeps_drift(row, path)

    def keeps_drift(self, row: RecordRow, path: str) -> bool:
        """Under `report`, what someone else gave the resource it keeps, unless a person decided for the source."""
        link = self.links.of.get(row.desired.source_id)
        is_relinked = self.known.is_fresh and row.found_by == EXTERNAL_ID
        if not leaves_drift(self.terms.policy, link, is_relinked=is_relinked):
            return False
        if row.target_id is None or self._is_for_source(row):
            return False
        shown = self.resources.existing[row.target_id].attributes.get(path)
        return bool(left_alone({path: (shown, row.desired.attributes[path] or None)}, link))

    def _is_for_source(self, row: RecordRow) -> bool:
        return any(r.decision == "source" and r.key == row.desired.key for r in self.known.resolutions.values())

    def is_deactivated_by_us(self, row: RecordRow) -> bool:
        """We left this record's resource inactive, for this record or before its return: it may be active again."""
        link = self.links.of[row.desired.source_id] if row.found_by == "link" else row.returned
        return link is not None and link.applied.get(ACTIVE) is False
