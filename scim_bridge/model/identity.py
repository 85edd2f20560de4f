"""Users and groups on their way from the source to the target.

Record (unmapped) → Desired (mapped, then fitted) on one side, Existing on the other. Both sides speak in *paths*:
a flat dictionary from an attribute path of docs/design.md §4 ("userName", "name.givenName", "emails",
"enterprise.department", "externalId") to one value, so that one differ serves every kind and attribute.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from scim_bridge.model.text import normal

Kind = Literal["user", "group"]
KINDS: tuple[Kind, ...] = ("user", "group")


class SourceKey(NamedTuple):
    """What names a record among all: its kind and its source id ("" for a record, or a resource, that has none).

    A tuple, because a run looks up millions of them. So a SourceKey and a TargetKey with the same text are equal: only
    their types keep the two apart.
    """

    kind: Kind
    id: str


class TargetKey(NamedTuple):
    """What names a resource of the target: its kind and the id that the target gave it."""

    kind: Kind
    id: str


class Whom(NamedTuple):
    """A record, or a resource of the target: who is looked at, and whom a conflict is about.

    id: the source id, or the id that the target gave it; "" for all records of a kind that have none.
    """

    side: Literal["source", "target"]
    kind: Kind
    id: str

    @classmethod
    def record(cls, key: SourceKey) -> "Whom":
        """A record."""
        return cls("source", key.kind, key.id)

    @classmethod
    def resource(cls, kind: Kind, target_id: str) -> "Whom":
        """A resource."""
        return cls("target", kind, target_id)


AttributeType = Literal["string", "strings", "dyn"]
"""How a source types an attribute: text, a list of texts, or whatever the record holds."""
Value = str | bool | tuple[str, ...]
"""An attribute: text, or a truth for `active`; several texts only until `fit` has kept the first.

The empty string in a desired state means "ours, and to be without value".
"""

EXTERNAL_ID = "externalId"
USER_NAME = "userName"
DISPLAY_NAME = "displayName"
EMAILS = "emails"
ACTIVE = "active"
MANAGER = "enterprise.manager"

NAMES: Mapping[Kind, str] = {"user": USER_NAME, "group": DISPLAY_NAME}
"""The attribute by which people call a resource of each kind."""

INDEXED: Mapping[Kind, tuple[str, ...]] = {
    "user": (EXTERNAL_ID, USER_NAME, EMAILS),
    "group": (EXTERNAL_ID, DISPLAY_NAME),
}
"""The paths by whose values the state finds records and resources. A migration has a copy: see 0011."""


_NOTHING_DECODED: Mapping[str, str] = MappingProxyType({})


def _nothing_decoded() -> Mapping[str, str]:
    return _NOTHING_DECODED


@dataclass(frozen=True, slots=True)
class Record:
    """What the source holds about one user or group, unmapped.

    id: the anchor's value, composed and trimmed whatever the source wrote, so that two forms of one id are one id; ""
    if the record has none. place: where a person finds it ("users.csv, line 12"). raw: what an attribute was before the
    source decoded it, as text, for those that it decoded. ambiguous: the attributes that refer to a record and fit
    several, each with a sentence that names these; no rule can read them.
    """

    id: str
    attributes: Mapping[str, object]
    place: str
    raw: Mapping[str, str] = field(default_factory=_nothing_decoded)
    ambiguous: Mapping[str, str] = field(default_factory=_nothing_decoded)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", normal(self.id))


_ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?E\+[0-9]{2,3}")


def is_rounded(source_id: str) -> bool:
    """Whether a spreadsheet has made 1.23457E+11 of a long number. Many numbers become this one, so it names no one."""
    return "E+" in source_id and _ROUNDED.fullmatch(source_id) is not None


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning: something a person should know that holds nothing back: kind, about whom, and one sentence.

    about: the record or resource of which a plan says it, None for what is said of all.
    """

    kind: str
    subject: str
    detail: str
    about: Whom | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbiguousMember:
    """A reference in a membership that fits several records, so that no one can say which of them is meant.

    reference: what is written ("ann"). groups: source ids of the groups that it is a member of, or that it may mean.
    users, nested: source ids of the users and groups that it may mean, or that are the members. fits: the records that
    the reference fits, as (kind, source id or place). detail: one clause that names the reference and these records.
    remedy: a sentence. count: the memberships that are written so.
    """

    reference: str
    groups: tuple[str, ...]
    users: tuple[str, ...]
    nested: tuple[str, ...]
    fits: tuple[tuple[Kind, str], ...]
    detail: str
    remedy: str
    count: int


CHANGES = "changes"
"""The kind of the notice by which a source that is probed says how it learns of changes."""
INSTEAD = "instead"
"""The kind of the notice by which a source that is probed says that a part of it shows nothing, and what is there."""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How much a source showed: users, groups, direct memberships. The base of `shrink_source`."""

    users: int
    groups: int
    memberships: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One whole reading of a source. Only records that exist are named in members; the rest became warnings.

    members: group id → (ids of member users, ids of member groups), direct members only, each id once. ambiguous: the
    memberships of which the source leaves open whose they are; they are not in members.
    """

    users: tuple[Record, ...]
    groups: tuple[Record, ...]
    members: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    warnings: tuple[Notice, ...] = ()
    ambiguous: tuple[AmbiguousMember, ...] = ()

    @property
    def counts(self) -> SourceCounts:
        """Users, groups and direct memberships shown, the ambiguous ones included."""
        memberships = sum(len(users) + len(groups) for users, groups in self.members.values())
        memberships += sum(member.count for member in self.ambiguous)
        return SourceCounts(len(self.users), len(self.groups), memberships)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with one record. fatal: the whole object is held; else only this attribute is left alone."""

    kind: str
    attribute: str
    detail: str
    remedy: str
    fatal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What the target should hold for one record that is in scope.

    attributes: path → value for every attribute that has a rule, `externalId` and (users) `active` included; an
    attribute with a flaw that is not fatal is left out. `enterprise.manager` is the manager's *source id*.
    places: every place that shows this id; more than one makes the record invalid (duplicate_id).
    may_be: target ids of the resources that its several values name, where nothing says which of them it is.
    """

    kind: Kind
    source_id: str
    attributes: Mapping[str, Value]
    places: tuple[str, ...]
    flaws: tuple[Flaw, ...] = ()
    may_be: tuple[str, ...] = ()

    @property
    def key(self) -> SourceKey:
        """What names the record; several records without an id share one key."""
        return SourceKey(self.kind, self.source_id)

    @property
    def is_valid(self) -> bool:
        """No flaw holds the whole object."""
        return not self.flaws or not any(flaw.fatal for flaw in self.flaws)

    @property
    def name(self) -> str:
        """What people call it: userName or displayName, else its id, else its place."""
        return str(self.attributes.get(NAMES[self.kind]) or self.source_id or self.places[0])


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """A record that the mapping's scope rule leaves out. rule: where that rule is ("mapping.yaml, line 12"). name: as
    the mapping's rules would call it, "" if they give no name.
    """

    kind: Kind
    source_id: str
    place: str
    rule: str
    name: str = ""

    @property
    def key(self) -> SourceKey:
        """What names the record."""
        return SourceKey(self.kind, self.source_id)

    @property
    def subject(self) -> str:
        """What people call it: its name, and where they find it. An id alone says nothing to anyone."""
        return f"{self.name} ({self.place})" if self.name and self.name != self.place else self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The desired state: every record in scope, mapped (and, after `fit`, in the target's own form).

    members: group source id → source ids of its users, nested groups already dealt with by the mapping's rule;
    only users and groups in scope. A record without an id is in users or groups with source_id "".
    undecided: group source id → source ids of users; the source does not say whether they are members, so they stay
    as they are on the target. ambiguous: the references that leave it open. digest: a hash of all that is wanted, also
    where only a part of it is here (model/desired_side.py).
    """

    users: tuple[Desired, ...]
    groups: tuple[Desired, ...]
    members: Mapping[str, frozenset[str]]
    counts: SourceCounts
    out_of_scope: tuple[OutOfScope, ...] = ()
    warnings: tuple[Notice, ...] = ()
    undecided: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ambiguous: tuple[AmbiguousMember, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Existing:
    """A resource as the target shows it: its id and its attributes by path. `enterprise.manager` is a target id."""

    kind: Kind
    target_id: str
    attributes: Mapping[str, Value]

    @property
    def key(self) -> TargetKey:
        """What names the resource."""
        return TargetKey(self.kind, self.target_id)

    @property
    def name(self) -> str:
        """What people call it on the target."""
        return str(self.attributes.get(NAMES[self.kind]) or self.target_id)

    @property
    def external_id(self) -> str:
        """The source's key that the target remembers, in the form in which ids are compared; "" if none."""
        return normal(str(self.attributes.get(EXTERNAL_ID, "")))

    @property
    def is_active(self) -> bool:
        """Whether the user may sign in; a resource that does not say so counts as active."""
        return self.attributes.get(ACTIVE, True) is not False

    @property
    def is_open(self) -> bool:
        """A user who may sign in: what a deactivation ends."""
        return self.kind == "user" and self.is_active


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the target holds: resources by target id. Members are read later, for matched groups only."""

    users: Mapping[str, Existing] = field(default_factory=dict)
    groups: Mapping[str, Existing] = field(default_factory=dict)

    def of(self, kind: Kind) -> Mapping[str, Existing]:
        """The resources of one kind."""
        return self.users if kind == "user" else self.groups


Members = Mapping[str, frozenset[str]]
"""Group target id → target ids of its users, as last read."""
