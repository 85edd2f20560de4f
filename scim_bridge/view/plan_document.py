"""A plan document looked at piece by piece: its operations are written one a line, so few of them are ever parsed.

A plan of 100,000 operations has 30 MB, which are never in memory together. What is asked of such a plan again and again
is found once, as its outline.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.plan import Trip
from scim_bridge.model.text import folded
from scim_bridge.view.effect_names import EffectNames

_OPERATION = b"  {"
"""How the line of an operation begins, and no other line of the document."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for. after: how many lines are passed over. kind, text: "" for any. text: of a name or an id."""

    after: int = 0
    kind: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan without its operations. head: everything else. counts: operations by kind. tripped: the limits.

    names: of those whom the limits have counted; None if no limit has tripped.
    """

    head: Mapping[str, Any]
    counts: Mapping[str, int]
    tripped: tuple[Trip, ...]
    names: EffectNames | None


def outline_of(saved: Callable[[], Iterable[bytes]]) -> Outline:
    """The outline of a document. saved: gives its pieces; called twice if a limit has tripped."""
    counts: Counter[str] = Counter()
    others: list[bytes] = []
    for block in _blocks(saved()):
        for kind in OPERATION_KINDS:
            # An operation begins with its id and its kind; nothing else of a plan has such a kind.
            counts[kind] += block.count(f'"kind":"{kind}"'.encode())
        if not _is_of_operations(block):
            others += [line for line in block.splitlines() if not line.startswith(_OPERATION)]
    head: dict[str, Any] = orjson.loads(others[0].removesuffix(b",") + b"}")
    head |= orjson.loads(b"{" + others[-1])
    tripped = tuple(map(Trip.of, head["guard"]["tripped"]))
    names = EffectNames.of_document(head, (each for _, each in operations_of(saved(), Filter()))) if tripped else None
    return Outline(head, {kind: counts[kind] for kind in OPERATION_KINDS if counts[kind]}, tripped, names)


def operations_of(
    saved: Iterable[bytes], wanted: Filter, limit: int | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The operations that are looked for, at most so many, each with the number of its line (from 1)."""
    found = 0
    for number, line in _lines(saved, wanted):
        if wanted.kind and f'"kind":"{wanted.kind}"'.encode() not in line[:200]:
            continue
        if wanted.text and not _may_hold(line, wanted.text):
            continue
        operation = orjson.loads(line)
        if _fits(operation, wanted):
            yield number, operation
            found += 1
            if found == limit:
                return


def _blocks(saved: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, in pieces that end with a line."""
    rest = b""
    for piece in saved:
        end = piece.rfind(b"\n") + 1
        if end:
            yield rest + piece[:end]
            rest = piece[end:]
        else:
            rest += piece
    if rest:
        yield rest


def _is_of_operations(block: bytes) -> bool:
    """Whether each of its lines is an operation."""
    return block.startswith(_OPERATION) + block.count(b"\n" + _OPERATION) == block.count(b"\n")


def _lines(saved: Iterable[bytes], wanted: Filter) -> Iterator[tuple[int, bytes]]:
    """The operations behind `after`, without those of blocks that have nothing of what is looked for."""
    number = 0
    for block in _blocks(saved):
        if _is_of_operations(block):
            count = block.count(b"\n")
            if number + count <= wanted.after or (wanted.text and not _may_hold(block, wanted.text)):
                number += count
                continue
        for line in block.splitlines():
            if line.startswith(_OPERATION):
                number += 1
                if number > wanted.after:
                    yield number, line[2:].removesuffix(b",")


def _may_hold(piece: bytes, text: str) -> bool:
    """Whether the text may be in it. Of what is ASCII alone, lower case is all that folding does."""
    wanted = folded(orjson.dumps(text)[1:-1].decode())  # as it stands in JSON
    if piece.isascii():
        return wanted.isascii() and wanted.encode() in piece.lower()
    return wanted in folded(piece.decode())


def _fits(operation: Mapping[str, Any], wanted: Filter) -> bool:
    if wanted.kind and operation["kind"] != wanted.kind:
        return False
    names = [operation.get(key) for key in ("subject", "renamed_to", "source_id", "target_id")]
    names += [member.get(key) for member in operation.get("members", ()) for key in ("name", "source_id", "target_id")]
    return not wanted.text or any(folded(wanted.text) in folded(str(name)) for name in names if name)
