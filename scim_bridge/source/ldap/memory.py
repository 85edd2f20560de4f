"""What is remembered from one reading to the next: every entry as text, and how far the changes in it go.

An entry's text is two lines of JSON under the key "user ID", "group ID" or "place ID": {attribute: [names]}, the other
entries that it names, and [DN, {attribute: [values]}], everything else. Who names someone is looked for in the first
line. It is empty where nothing is named, and packed where it is long: a group may have ten thousand names. ID is the
server's own (entryUUID, nsUniqueId, objectGUID). Under "server" is what the server says about itself (server.py), in
the same form. The position of the changes, the watermark, is JSON too; each way to learn of changes (syncrepl.py,
dirsync.py, usn.py) writes its own and reads it again.

Raise source.py's _FORM when the form of entries changes: what was remembered in another form is then not used.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from scim_bridge.model.source import Memory
from scim_bridge.source.piece import packed, unpacked

Attributes = dict[str, list[str]]

NOTHING = json.dumps({"kind": "none"})
"""The watermark of a reading after which nothing can be said about changes."""
_LONG = 1_000
"""Characters above which names are packed, to a fifth or less."""
_PACKED = "~"
MANY = 2_000
"""Up to this many entries are read one by one; more of them only where that is less than an eighth of what is
remembered, half of which may be an index (excerpt.py)."""


def write(dn: str, attributes: Mapping[str, list[str]], naming: Collection[str] = ()) -> str:
    """An entry's text. naming: the attributes that name other entries, in small letters and without options."""
    named = {name: values for name, values in attributes.items() if name.partition(";")[0].lower() in naming}
    rest = {name: values for name, values in attributes.items() if name not in named} if named else attributes
    line = _dumped(named) if named else ""
    return f"{_PACKED}{packed(line)}\n{_dumped([dn, rest])}" if len(line) > _LONG else f"{line}\n{_dumped([dn, rest])}"


def read(text: str) -> tuple[str, Attributes]:
    """(DN, attributes) of an entry's text."""
    dn, attributes = _loaded(text.partition("\n")[2])
    return dn, {**attributes, **named_in(names_line(text))}


def rest_of(text: str) -> tuple[str, Attributes]:
    """(DN, attributes) of an entry's text, without those that name other entries."""
    dn, attributes = _loaded(text.partition("\n")[2])
    return dn, attributes


def names_line(text: str) -> str:
    """The line of an entry's text that names other entries, "" if there is none."""
    line = text.partition("\n")[0]
    return unpacked(line[1:]) if line.startswith(_PACKED) else line


def named_in(line: str) -> Attributes:
    """What such a line says."""
    found: Attributes = _loaded(line) if line else {}
    return found


def _dumped(body: Any) -> str:
    try:
        return orjson.dumps(body).decode()
    except orjson.JSONEncodeError:
        # orjson refuses half surrogates, which stand for bytes that are not UTF-8 (value.text). json escapes them.
        return json.dumps(body, separators=(",", ":"))


def _loaded(line: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line)


def key(kind: str, anchor: str) -> str:
    """What an entry is remembered under. kind: user, group or place; anchor: the server's id of the entry."""
    return f"{kind} {anchor}"


def keys_of(entries: Iterable[str], kind: str) -> list[str]:
    """The keys of one kind."""
    start = f"{kind} "
    return [entry for entry in entries if entry.startswith(start)]


def anchor_of(entry_key: str) -> str:
    """The id an entry is remembered under."""
    return entry_key.partition(" ")[2]


class Lost(Exception):
    """The changes since the memory cannot be had: "everything was read, because …" this."""


class Untracked(Exception):
    """The server cannot report changes, or not to this account: "everything was read, because …" this."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since a memory: key → new text, None for what is gone; and how far that goes."""

    watermark: str
    entries: Mapping[str, str | None]


class Tracker(Protocol):
    """A way to learn of changes."""

    def start(self) -> str:
        """The watermark of now. Take it before everything is read: changes during the reading come with the next one.

        Raises Untracked, SourceUnreadable.
        """
        ...

    def changes(self, memory: Memory) -> Changes:
        """What has changed since. Raises Lost if that cannot be had, Untracked, SourceUnreadable."""
        ...


def position(watermark: str) -> dict[str, Any]:
    """A watermark, read: {"kind": …} and what that kind remembers. One of another version is {"kind": "none"}."""
    try:
        found = json.loads(watermark)
    except ValueError:
        return {"kind": "none"}
    return found if isinstance(found, dict) and "kind" in found else {"kind": "none"}


def is_tracked(watermark: str) -> bool:
    """Whether the changes since this watermark can be asked for."""
    return bool(position(watermark)["kind"] != "none")


def refuse_many(number: int, memory: Memory) -> None:
    """Raise Lost if this many entries would have to be read one by one while reading everything takes less."""
    if number > MANY and number > max(MANY, len(memory.entries) // 8):
        raise Lost(f"{number:,} entries changed, which is more than reading everything takes")


def refuse_moved_places(memory: Memory, changed: Mapping[str, str | None]) -> None:
    """Raise Lost if a place that holds entries was renamed, moved, deleted or is new.

    Servers report the place alone: the entries in it have another DN, and may have entered or left a base, unreported.
    """
    for entry, text in changed.items():
        if not entry.startswith("place "):
            continue
        before = memory.entries.get(entry)
        if text is None and before is not None:
            raise Lost(f"{read(before)[0]} is gone from there, and what was in it with it")
        if text is not None and (before is None or read(before)[0] != read(text)[0]):
            raise Lost(f"{read(text)[0]} is new or has moved, and what came with it is not reported")
