"""A look at a source before anyone has said what its attributes mean: a page of it, how each attribute is filled."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from scim_bridge.config.source import CsvSettings, MemberFile, SourceSettings
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import AttributeType, Kind, Record, Snapshot
from scim_bridge.model.source import Wanted
from scim_bridge.model.text import trimmed
from scim_bridge.source import open_source
from scim_bridge.source.newest_export import newest
from scim_bridge.source.table import open_table

Ids = Mapping[Kind, str]
_ENOUGH = 100_000
"""Rows of memberships that are looked at to find out what their columns name."""


@dataclass(frozen=True, slots=True)
class MemberTable:
    """A file of memberships as it was read. file: as a person named it."""

    file: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def column(self, name: str) -> set[str]:
        """What stands in a column, each once."""
        at = self.header.index(name)
        return {row[at] for row in self.rows if row[at]}


@dataclass(frozen=True, slots=True)
class Profile:
    """One attribute over the records seen. filled: how many have a value; distinct: how many different first values."""

    kind: Kind
    name: str
    records: int
    filled: int
    distinct: int

    @property
    def rate(self) -> int:
        """The fill rate in whole per cent, rounded down: 100 means everyone."""
        return 100 * self.filled // self.records if self.records else 0

    @property
    def is_key(self) -> bool:
        """Everyone has a value, and no one another's."""
        return 0 < self.records == self.filled == self.distinct


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen. types: the names that rules may use. profiles: those that someone or some group has."""

    snapshot: Snapshot
    types: Mapping[Kind, Mapping[str, AttributeType]]
    profiles: tuple[Profile, ...]

    def of(self, kind: Kind) -> Sequence[Record]:
        """The records of one kind."""
        return self.snapshot.users if kind == "user" else self.snapshot.groups

    def profile(self, kind: Kind, name: str) -> Profile | None:
        """How one attribute is filled, None if no one has it."""
        return next((seen for seen in self.profiles if (seen.kind, seen.name) == (kind, name)), None)


def survey(settings: SourceSettings, today: str, ids: Ids | None = None) -> Survey:
    """Read a page of users and one of groups. ids: what tells records apart, None if that is not known yet.

    Raises SourceUnreadable, also for a source without any user, and whatever else opening it may raise.
    """
    try:
        seen, types = _page(settings, today, ids or first_ids(settings))
    except SourceUnreadable as trouble:
        raise SourceUnreadable(trouble.what, _for_init(trouble.way_out), problems=trouble.problems) from None
    if not seen.users:
        raise SourceUnreadable(
            "the source shows no user, so there is nothing to propose rules from", "Look at it first."
        )
    return Survey(seen, types, (*_profiles("user", seen.users), *_profiles("group", seen.groups)))


def _page(
    settings: SourceSettings, today: str, ids: Ids
) -> tuple[Snapshot, Mapping[Kind, Mapping[str, AttributeType]]]:
    source = open_source(settings, Wanted(ids["user"], is_all=True), Wanted(ids["group"], is_all=True))
    types: dict[Kind, Mapping[str, AttributeType]] = {
        "user": source.attributes("user"),
        "group": source.attributes("group"),
    }
    return source.probe(today), types


def member_table(settings: CsvSettings, named: str) -> MemberTable | None:
    """The file of memberships, None if there is none. named: as a person named it. Raises SourceUnreadable."""
    files = newest(settings)
    if not isinstance(files.members, MemberFile):
        return None
    table = open_table(files.members.path, files.encoding, files.delimiter, ())
    rows = [cells for _, cells in islice(table.rows(), _ENOUGH)]
    if table.problems:
        raise SourceUnreadable(table.problems[0], "Fix the file, or export it again.")
    return MemberTable(named, table.header, rows)


def _for_init(way_out: str) -> str:
    """The same way out for someone who has no run yet: sources speak to operators whose next run comes by itself."""
    return re.sub(r"([Tt])he next run \w+ again", lambda found: f"{'Rr'[found[1] == 't']}un init again", way_out)


def first_ids(settings: SourceSettings) -> Ids:
    """What tells records apart as long as no one has said it: directories have `id`, of files nothing is known."""
    anchor = "" if isinstance(settings, CsvSettings) else "id"
    return {"user": anchor, "group": anchor}


def _profiles(kind: Kind, records: Sequence[Record]) -> tuple[Profile, ...]:
    return profile(kind, records, dict.fromkeys(name for record in records for name in record.attributes))


def profile(kind: Kind, records: Sequence[Record], names: Iterable[str]) -> tuple[Profile, ...]:
    """The profile of each of these attributes, in their order."""
    return tuple(_one(kind, name, records) for name in names)


def texts(records: Sequence[Record], name: str) -> list[str]:
    """The first value of an attribute, of every record that has one."""
    values = (record.attributes.get(name) for record in records)
    return [text for value in values if (text := _first(value))]


def _one(kind: Kind, name: str, records: Sequence[Record]) -> Profile:
    values = texts(records, name)
    return Profile(kind, name, len(records), len(values), len(set(values)))


def _first(value: object) -> str:
    """The first text in a value, however deep, "" if there is none."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return next((text for item in value if (text := _first(item))), "")
    return "" if value is None else trimmed(str(value))
