"""A plan document looked at piece by piece: its operations are written one a line, so few of them are ever parsed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from scim_bridge.model.text import folded

_BEGIN, _END = b',\n "operations": [', b"\n ],\n "


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for. after: how many lines are passed over. kind, text: "" for any. text: of a name or an id."""

    after: int = 0
    kind: str = ""
    text: str = ""


def head_of(saved: bytes) -> dict[str, Any]:
    """Everything but the operations."""
    before, _, rest = saved.partition(_BEGIN)
    after = rest.rpartition(_END)[2] if _END in rest else rest.removeprefix(b"],\n ")
    found: dict[str, Any] = orjson.loads(before + b"}")
    found |= orjson.loads(b"{" + after)
    return found


def operations_of(saved: bytes, wanted: Filter, limit: int) -> list[tuple[int, dict[str, Any]]]:
    """At most so many operations that are looked for, each with the number of its line (from 1)."""
    found = []
    for number, line in _lines(saved):
        if number <= wanted.after:
            continue
        if wanted.kind and f'"kind":"{wanted.kind}"'.encode() not in line[:200]:
            continue
        if wanted.text and folded(wanted.text) not in folded(line.decode()):
            continue
        operation = orjson.loads(line)
        if _fits(operation, wanted):
            found.append((number, operation))
            if len(found) == limit:
                break
    return found


def _lines(saved: bytes) -> Iterator[tuple[int, bytes]]:
    _, _, rest = saved.partition(_BEGIN)
    place, number = 1, 0
    while rest[place : place + 3] == b"  {":
        end = rest.index(b"\n", place)
        number += 1
        yield number, rest[place + 2 : end].removesuffix(b",")
        place = end + 1


def _fits(operation: Mapping[str, Any], wanted: Filter) -> bool:
    if wanted.kind and operation["kind"] != wanted.kind:
        return False
    names = [operation.get(key) for key in ("subject", "renamed_to", "source_id", "target_id")]
    names += [member.get(key) for member in operation.get("members", ()) for key in ("name", "source_id", "target_id")]
    return not wanted.text or any(folded(wanted.text) in folded(str(name)) for name in names if name)
