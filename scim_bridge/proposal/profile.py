"""What a source's attributes look like: how often each has a value, and how many different ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scim_bridge.model.identity import Kind, Record
from scim_bridge.model.text import trimmed


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
