"""Learning of changes: what every way has in common, and the text in which its position is remembered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.entry import keys_of, read
from scim_bridge.source.ldap.layout import MEMBER_URL

NOTHING = json.dumps({"kind": "none"})
"""The watermark of a reading after which nothing can be said about changes."""
MANY = 2_000
"""Up to so many entries are read one by one, more of them only where that is less than a quarter of all."""


class Lost(Exception):
    """The changes since the memory cannot be had: "everything was read, because …" this."""


class Untracked(Exception):
    """The server cannot say what changes, or not to this account: "everything was read, because …" this."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since a memory: key → new text, None for what is gone; and how far that goes."""

    watermark: str
    entries: Mapping[str, str | None]


class Tracker(Protocol):
    """A way to learn of changes."""

    def start(self) -> str:
        """The watermark of now, taken before everything is read: what happens meanwhile is learned again next time.

        Raises Untracked.
        """
        ...

    def changes(self, memory: Memory) -> Changes:
        """What has changed since. Raises Lost if that cannot be had, SourceUnreadable."""
        ...


def position(watermark: str) -> dict[str, Any]:
    """A watermark read; one of another version says nothing."""
    try:
        read = json.loads(watermark)
    except ValueError:
        return {"kind": "none"}
    return read if isinstance(read, dict) and "kind" in read else {"kind": "none"}


def dynamic_group(entries: Mapping[str, str]) -> str:
    """Why changes cannot be followed where a group is dynamic, as the rest of "because …"; "" where none is."""
    for key in keys_of(entries, "group"):
        if f'"{MEMBER_URL}":' in entries[key]:  # a quote within a value would have a backslash before it
            return f"the members of {read(entries[key])[0]} are worked out by its {MEMBER_URL}, which no server reports"
    return ""


def refuse_many(number: int, memory: Memory) -> None:
    """Raise Lost if so many entries would have to be read one by one that reading everything takes less."""
    if number > max(MANY, len(memory.entries) // 4):
        raise Lost(f"{number:,} entries changed, which is more than reading everything takes")


def refuse_moved_places(memory: Memory, changed: Mapping[str, str | None]) -> None:
    """Raise Lost if a place that holds entries was renamed, moved, deleted or is new: those in it are not reported."""
    for key, text in changed.items():
        if not key.startswith("place "):
            continue
        before = memory.entries.get(key)
        if text is None and before is not None:
            raise Lost(f"{json.loads(before)[0]} is gone from there, and what was in it with it")
        if text is not None and (before is None or json.loads(before)[0] != json.loads(text)[0]):
            raise Lost(f"{json.loads(text)[0]} is new or has moved, and what came with it is not reported")
