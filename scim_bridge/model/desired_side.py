"""What the source wants, as the state keeps it: each record mapped and fitted, and what is true of all together.

A run about some loads of this what concerns them, and moves it on by what has changed (docs/design.md §1.3).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from scim_bridge.model.identity import (
    DISPLAY_NAME,
    INDEXED,
    MANAGER,
    AmbiguousMember,
    Desired,
    Kind,
    Notice,
    OutOfScope,
    Record,
    SourceCounts,
    SourceKey,
    Whom,
    is_rounded,
)
from scim_bridge.model.source import DirectMembers
from scim_bridge.model.text import folded, normal

MAY_BE = "may be"
"""In the place of a path: the resource (a target id) that a record may be."""
CALLED = "called"
"""In the place of a path: the name of a record that is out of scope, so that people find it."""
KNOWN_AS = "known as"
"""In the place of a path: a name by which people look for a user. It concerns no one else: many have the same one."""
NAMED_BY: Mapping[Kind, tuple[str, ...]] = {"user": (DISPLAY_NAME, "name.familyName"), "group": ()}
"""The paths of these names. A migration has a copy: see 0020."""
_AS_LONG_AS = 64
"""So much of a name is kept to be looked for: more, no one types."""
Claim = tuple[str, str]
"""A path, and a value in the form in which values are looked up: without regard to case, whatever the path."""
_BITS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What all records of one id have become. desired: in scope; several only of those without an id.

    outside: out of scope. shown: a hash of the unmapped records; rows: how many they are. is_choosing: a rule has
    several values to choose from, so that its result depends on what was applied last.
    """

    key: SourceKey
    desired: tuple[Desired, ...] = ()
    outside: tuple[OutOfScope, ...] = ()
    shown: str = ""
    rows: int = 0
    is_choosing: bool = False

    @property
    def claims(self) -> frozenset[Claim]:
        """By what it is found, and who is found by it."""
        found = {claim for desired in self.desired for claim in found_by(self.key.kind, desired.attributes)}
        found |= {(MAY_BE, target_id) for desired in self.desired for target_id in desired.may_be}
        found |= {(CALLED, folded(out.name)) for out in self.outside if out.name}
        return frozenset(found)

    @property
    def manager(self) -> str:
        """The source id of the manager, "" if there is none."""
        return next((str(desired.attributes.get(MANAGER) or "") for desired in self.desired), "")

    def says_the_same(self, other: "Mapped") -> bool:
        """Whether the same follows from both, wherever the records stand."""
        return self.rows == other.rows and _without_places(self) == _without_places(other)

    @property
    def number(self) -> int:
        """What this adds to the hash of the whole. Order, places and unmapped columns do not matter."""
        return sum(_number_of(desired) for desired in self.desired)


def _without_places(mapped: Mapped) -> tuple[object, ...]:
    desired = [(_place(mapped.key, d), dict(d.attributes), d.flaws, d.may_be) for d in mapped.desired]
    return desired, [(out.source_id, out.rule, out.name) for out in mapped.outside]


def _place(key: SourceKey, desired: Desired) -> tuple[str, ...]:
    """What tells a record apart from all others: where it has no id, its place alone."""
    return (desired.source_id,) if key.id else desired.places


def claims_of(kind: Kind, attributes: Mapping[str, object]) -> Iterator[Claim]:
    """The values of a record or a resource by which others concern it."""
    for path in INDEXED[kind]:
        if value := attributes.get(path):
            yield path, folded(str(value))


def names_of(kind: Kind, attributes: Mapping[str, object]) -> Iterator[Claim]:
    """The names by which people look for a user. One that begins another is found with it."""
    names = {folded(str(value))[:_AS_LONG_AS] for path in NAMED_BY[kind] if (value := attributes.get(path))}
    yield from ((KNOWN_AS, name) for name in names if not any(o.startswith(name) for o in names - {name}))


def found_by(kind: Kind, attributes: Mapping[str, object]) -> Iterator[Claim]:
    """Every value under which the state finds a record or a resource: for a run, and for who looks for it by name."""
    yield from claims_of(kind, attributes)
    yield from names_of(kind, attributes)


def claims_called(kind: Kind, who: str) -> set[Claim]:
    """By what a record or a resource is found that people call so: a name, an email or an id."""
    return {(path, folded(who)) for path in (*INDEXED[kind], CALLED)}


def is_named(mapped: Mapped, who: str) -> bool:
    """Whether people call a record so."""
    return mapped.key.id == normal(who) or not mapped.claims.isdisjoint(claims_called(mapped.key.kind, who))


def _number_of(desired: Desired) -> int:
    flaws = sorted((flaw.kind, flaw.attribute) for flaw in desired.flaws)
    told = [desired.kind, desired.source_id, dict(desired.attributes), flaws]
    return _hashed(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))


def _hashed(text: bytes) -> int:
    return int.from_bytes(hashlib.sha256(text).digest(), "big")


def number_of_member(kind: Kind, source_id: str) -> int:
    """A number for one end of a membership. The membership adds the product of both ends to the hash of the whole, so
    that a group of 10,000 is one multiplication."""
    return _hashed(f"{kind}:{source_id}".encode("utf-8", "surrogatepass")) | 1


def added(digest: str, *numbers: int) -> str:
    """A hash of a set, moved on by what was added to the set (or taken away, as negative numbers)."""
    return f"{(int(digest or '0', 16) + sum(numbers)) % (1 << _BITS):064x}"


def digest_of(
    records: Iterable[Mapped], members: Mapping[str, DirectMembers], ambiguous: Iterable[AmbiguousMember]
) -> str:
    """A hash of all that is wanted: records, direct memberships of what is in scope, and what is left open."""
    total, users, groups = 0, dict[str, int](), dict[str, int]()
    for mapped in records:
        total += mapped.number
        if mapped.key.kind == "group":
            groups[mapped.key.id] = number_of_member("group", mapped.key.id)
        elif mapped.desired and mapped.key.id:
            users[mapped.key.id] = number_of_member("user", mapped.key.id)
    for group, (direct, nested) in members.items():
        inside = sum(users[user] for user in direct if user in users)
        inside += sum(groups[each] for each in nested if each in groups)
        total += groups.get(group, 0) * inside
    return added("", total, number_left_open(ambiguous))


def number_left_open(ambiguous: Iterable[AmbiguousMember]) -> int:
    """What references that fit several records add to the hash of the whole."""
    told = sorted(repr((each.reference, sorted(each.groups), sorted(each.fits), each.count)) for each in ambiguous)
    return _hashed(repr(told).encode("utf-8", "surrogatepass")) if told else 0


def key_of(record: Record, kind: Kind) -> SourceKey:
    """Under which key a record is kept: an id that a spreadsheet has rounded names no one."""
    return SourceKey(kind, "" if is_rounded(record.id) else record.id)


def shown_by(records: Iterable[Record]) -> str:
    """A hash of unmapped records of one id. Where they stand matters only where nothing else tells them apart."""
    told = [
        (
            record.id or record.place,
            sorted(record.attributes.items()),
            sorted(record.raw.items()),
            sorted(record.ambiguous.items()),
        )
        for record in records
    ]
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def mapped_of(
    records: Mapping[SourceKey, tuple[Record, ...]],
    desired: Iterable[Desired],
    outside: Iterable[OutOfScope],
    choosing: frozenset[SourceKey] = frozenset(),
) -> dict[SourceKey, Mapped]:
    """The results of a mapping, by the key of the records that they were made from; an empty one for what is gone."""
    wanted: dict[SourceKey, list[Desired]] = {}
    out: dict[SourceKey, list[OutOfScope]] = {}
    for each in desired:
        wanted.setdefault(each.key, []).append(each)
    for left in outside:
        out.setdefault(SourceKey(left.kind, "" if is_rounded(left.source_id) else left.source_id), []).append(left)
    return {
        key: Mapped(
            key=key,
            desired=tuple(wanted.get(key, ())),
            outside=tuple(out.get(key, ())),
            shown=shown_by(rows) if rows else "",
            rows=len(rows),
            is_choosing=key in choosing,
        )
        for key, rows in records.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What is true of all records together.

    made_with: a hash of all that decides about a record, beside the record: mapping, capabilities, policy,
    program. today: the mapping's day. counts: what the source shows. digest: the hash of the set of all that is wanted.
    ambiguous: references that fit several records. shown_warnings: those of the source; warnings: those of mapping and
    fit. elsewhere: what other
    connections had linked on the same target. is_settled: a run about everyone has carried out its plan since, so that
    only what changes needs a look.
    """

    made_with: str
    today: str
    counts: SourceCounts
    digest: str = ""
    ambiguous: tuple[AmbiguousMember, ...] = ()
    shown_warnings: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    elsewhere: str = ""
    is_settled: bool = False


Membership = tuple[str, SourceKey]
"""A direct membership: the id of the group, and the user or group that is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """How the desired side is moved on. records: those that are not as they were; with no rows, they are gone.

    joined, left: direct memberships. whole: what is then true of all. look: who has to be looked at until a run has
    carried out what follows.
    """

    whole: Whole
    records: Mapping[SourceKey, Mapped] = field(default_factory=dict)
    joined: frozenset[Membership] = frozenset()
    left: frozenset[Membership] = frozenset()
    look: frozenset[Whom] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredWhole:
    """The desired side as a run about everyone has found it. members: direct ones, as in a snapshot."""

    whole: Whole
    records: Mapping[SourceKey, Mapped]
    members: Mapping[str, DirectMembers]
