"""One entry as the server gave it, as text to remember: [DN, {attribute: [values]}] in JSON.

Values are text by now, binary ones as value.py writes them; what is neither text nor known is left out. Nothing is
decided here: that is for record.py, which sees remembered entries and new ones alike.
"""

import json
from collections.abc import Callable, Iterable, Mapping

import orjson

from scim_bridge.source.ldap import value
from scim_bridge.source.ldap.layout import MANAGER, Layout
from scim_bridge.source.ldap.name import split
from scim_bridge.source.ldap.schema import Attribute, is_secret
from scim_bridge.source.ldap.session import Row

Attributes = dict[str, list[str]]
Decode = Callable[[list[bytes]], list[str]]


class Writer:
    """Turns rows into text. Which attribute is decoded how is looked up once for each spelling that comes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[str, tuple[str, Decode | None]] = {}

    def text(self, row: Row) -> str:
        """A row as it is remembered."""
        dn, attributes = row
        known = self._known
        found: Attributes = {}
        for returned, values in attributes.items():
            name, decode = known.get(returned) or self._learn(returned)
            if decode is _texts and len(values) == 1:  # nearly every value of nearly every entry
                found[name] = [values[0].decode("utf-8", "surrogateescape")]
            elif decode is not None:
                found[name] = decode(values)
        return write(split(dn)[1], found)

    def _learn(self, returned: str) -> tuple[str, Decode | None]:
        """Under which name an attribute is kept (the schema's, with its options), and how its values are decoded."""
        attribute = self._layout.schema.find(returned)
        option = returned.partition(";")[2]
        name = returned if attribute is None or option else attribute.names[0]
        self._known[returned] = name, self._decoder(returned, attribute)
        return self._known[returned]

    def _decoder(self, name: str, attribute: Attribute | None) -> Decode | None:
        how: Decode | None = _texts
        if ";binary" in name.lower() or is_secret(name) or (attribute is not None and not attribute.is_text):
            how = None
        elif attribute is not None and attribute.is_guid:
            how = _guids
        elif attribute is not None and attribute.is_sid:
            how = _sids
        elif attribute is not None and attribute.is_dn and self._layout.is_ad and not self._is_resolved(name):
            how = _plain_names
        return how

    def _is_resolved(self, name: str) -> bool:
        """Whether these names are looked up by their GUID later on."""
        return name.partition(";")[0].lower() in (MANAGER, self._layout.member.lower())


def write(dn: str, attributes: Mapping[str, list[str]]) -> str:
    """An entry's text. Half surrogates, which hold a record, have a place in JSON only as escapes."""
    try:
        return orjson.dumps([dn, attributes]).decode()
    except orjson.JSONEncodeError:
        return json.dumps([dn, attributes], separators=(",", ":"))


def read(text: str) -> tuple[str, Attributes]:
    """(DN, attributes) of an entry's text."""
    try:
        dn, attributes = orjson.loads(text)
    except orjson.JSONDecodeError:
        dn, attributes = json.loads(text)
    return dn, attributes


def key(kind: str, anchor: str) -> str:
    """What an entry is remembered under. kind: user, group or place."""
    return f"{kind} {anchor}"


def keys_of(entries: Iterable[str], kind: str) -> list[str]:
    """The keys of one kind."""
    start = f"{kind} "
    return [entry for entry in entries if entry.startswith(start)]


def anchor_of(entry_key: str) -> str:
    """The id an entry is remembered under."""
    return entry_key.partition(" ")[2]


def _texts(values: list[bytes]) -> list[str]:
    return list(map(value.text, values))


def _guids(values: list[bytes]) -> list[str]:
    return [value.guid(item) for item in values]


def _sids(values: list[bytes]) -> list[str]:
    return [value.sid(item) for item in values]


def _plain_names(values: list[bytes]) -> list[str]:
    return [split(text)[1] for text in _texts(values)]
