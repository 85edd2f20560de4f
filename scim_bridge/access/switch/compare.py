"""Who of the source is who in the identity store, before there is a link between them. Pure.

The surest sign comes first, and takes its two out of what follows: an externalId that names the record, the same name,
a name that looks the same, an email. Where a sign fits several, a person has to say.

For sign-in the name counts character by character (User guide, troubleshooting: NameID and userName), so the same name
but for case is a difference here, where a sync would see none (docs/design.md §2.4).
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import EMAILS, NAMES, Desired, Kind
from scim_bridge.model.switch import Compared, Difference, How, Pair, StoreResource, Unclear
from scim_bridge.model.text import folded, normal

_OfRecord = Callable[[Desired], Iterable[str]]
_OfResource = Callable[[StoreResource], Iterable[str]]


def compare(kind: Kind, desired: Iterable[Desired], found: Iterable[StoreResource]) -> Compared:
    """Both sides of one kind. Every record and every resource is in exactly one part of the result."""
    records = tuple(desired)
    left = _Left(list(records), list(found))
    for how, of_record, of_resource in _stages(kind):
        left.match(how, of_record, of_resource)
    return Compared(
        pairs=tuple(left.pairs),
        unclear=tuple(left.unclear),
        only_source=tuple(left.records),
        only_store=tuple(left.resources),
        duplicates=tuple(_duplicates(kind, records)),
    )


def _stages(kind: Kind) -> Iterator[tuple[How, _OfRecord, _OfResource]]:
    """The signs, the surest first. An id goes before the same name: two that exchanged names are found by it."""
    path = NAMES[kind]

    def name(form: Callable[[str], str]) -> tuple[_OfRecord, _OfResource]:
        return (lambda d: _one(form(str(d.attributes.get(path, ""))))), (lambda s: _one(form(s.name)))

    yield "id", lambda d: _one(d.source_id), lambda s: map(normal, s.external_ids)
    yield "exact", *name(str)
    yield "differs", *name(folded)
    yield "differs", *name(loose)
    if kind == "user":
        yield "email", _addresses_wanted, _addresses_there


def _one(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def loose(name: str) -> str:
    """A name as people see it: without case, width, Unicode form, blanks and what has no width."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in unicodedata.normalize("NFKC", text) if not _is_unseen(c))


def _is_unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"


def is_address(name: str) -> bool:
    """Whether a name has the form user@domain (User guide, troubleshooting: the NameID of an external provider)."""
    local, _, domain = name.rpartition("@")
    return bool(local and "@" not in local and "." in domain.strip("."))


def _addresses_wanted(record: Desired) -> Iterator[str]:
    yield from _addresses((str(record.attributes.get(EMAILS, "")), record.name))


def _addresses_there(resource: StoreResource) -> Iterator[str]:
    yield from _addresses((*resource.emails, resource.name))


def _addresses(texts: Iterable[str]) -> set[str]:
    """The email, and the name where it is one: either side may have the address in either place."""
    return {folded(text) for text in texts if is_address(text)}


@dataclass(slots=True)
class _Left:
    """What no stage has matched yet, and what the stages have found."""

    records: list[Desired]
    resources: list[StoreResource]
    pairs: list[Pair] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)

    def match(self, how: How, of_record: _OfRecord, of_resource: _OfResource) -> None:
        """Pair those whom this sign joins, one with one. More than that is unclear, and goes to no later stage."""
        theirs, ours = _by(self.resources, of_resource), _by(self.records, of_record)
        done_records: set[int] = set()
        done_resources: set[int] = set()
        for number, record in enumerate(self.records):
            if number in done_records:
                continue
            records, resources = _joined(
                number, (ours, theirs), (self.records, self.resources), (of_record, of_resource)
            )
            if not resources:
                continue
            done_records |= records
            done_resources |= resources
            if len(records) == len(resources) == 1:
                self.pairs.append(_pair(record, self.resources[next(iter(resources))], how))
            else:
                self.unclear.append(Unclear(_picked(self.records, records), _picked(self.resources, resources)))
        self.records = [one for number, one in enumerate(self.records) if number not in done_records]
        self.resources = [one for number, one in enumerate(self.resources) if number not in done_resources]


_Index = Mapping[str, list[int]]


def _by(items: Iterable[Desired] | Iterable[StoreResource], keys: Callable[..., Iterable[str]]) -> _Index:
    found: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        for key in keys(item):
            found[key].append(number)
    return found


def _joined(
    start: int,
    indexes: tuple[_Index, _Index],
    sides: tuple[list[Desired], list[StoreResource]],
    signs: tuple[_OfRecord, _OfResource],
) -> tuple[set[int], set[int]]:
    """All records and resources that this sign connects with this record, by their numbers."""
    (ours, theirs), (records, resources), (of_record, of_resource) = indexes, sides, signs
    joined: set[int] = {start}
    met: set[int] = set()
    waiting = list(of_record(records[start]))
    seen = set(waiting)
    while waiting:
        key = waiting.pop()
        joined.update(ours.get(key, ()))
        met.update(theirs.get(key, ()))
        near = [k for n in ours.get(key, ()) for k in of_record(records[n])]
        near += [k for n in theirs.get(key, ()) for k in of_resource(resources[n])]
        fresh = [k for k in near if k not in seen]
        seen.update(fresh)
        waiting += fresh
    return joined, met


def _picked(items: list, numbers: set[int]) -> tuple:  # type: ignore[type-arg]  # records or resources
    return tuple(items[number] for number in sorted(numbers))


def _pair(desired: Desired, found: StoreResource, how: How) -> Pair:
    wanted = str(desired.attributes.get(NAMES[desired.kind], ""))
    if wanted == found.name:
        return Pair(desired, found, "exact")
    differs = differences(wanted, found.name)
    return Pair(desired, found, "differs" if differs else how, differs)


_FORMS: Mapping[Difference, Callable[[str], str]] = {
    "case": str.casefold,
    "unicode": lambda text: unicodedata.normalize("NFKC", text),
    "spaces": lambda text: "".join(c for c in text if not _is_unseen(c)),
}


def differences(one: str, other: str) -> tuple[Difference, ...]:
    """In what two names that look the same differ; () if they do not look the same, or are the same."""
    if loose(one) != loose(other):
        return ()
    return tuple(each for each in _FORMS if not _same_without(each, one, other))


def _same_without(left_out: Difference, one: str, other: str) -> bool:
    """Whether two names are the same in all forms but this one: then it makes no difference."""
    for name, form in _FORMS.items():
        if name != left_out:
            one, other = form(one), form(other)
    return one == other


def _duplicates(kind: Kind, records: tuple[Desired, ...]) -> Iterator[tuple[str, tuple[Desired, ...]]]:
    """Names and emails that several records claim: each must be unique (User guide, troubleshooting)."""
    paths = (NAMES[kind], EMAILS) if kind == "user" else (NAMES[kind],)
    for path in paths:
        claimed: dict[str, list[Desired]] = defaultdict(list)
        for record in records:
            if value := str(record.attributes.get(path) or ""):
                claimed[folded(value)].append(record)
        yield from ((key, tuple(some)) for key, some in sorted(claimed.items()) if len(some) > 1)
