"""A file in pieces of some thousand rows, so that a changed file is compared with the remembered one piece by piece.

A piece begins where a row begins and ends where one ends, quoted line breaks included. A piece that is the same text as
before, at a place where a row begins, therefore has the same rows as before: it need not be looked at. Between two such
pieces lies what has changed, and only there rows are taken apart. Where the pieces stand does not matter, so a row that
is put in at the beginning of a file costs no more than one at its end.
"""

import csv
import hashlib
import io
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

SIZE = 1 << 13
"""Characters of a piece: some hundred rows, so that a thousand changes all over a file leave most of it unchanged."""
_AHEAD = 1 << 20
"""How much more than the pieces that are missing may have been put in before the next known piece is given up."""
Row = tuple[int, list[str]]
"""The line on which a row starts, and its cells as they stand."""


class Unlike(Exception):
    """A file cannot be compared with what is remembered of it: "everything was read, because …" this."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file. name: a hash of its text; length: characters; lines: how many lines end in it."""

    name: str
    length: int
    lines: int


@dataclass(frozen=True, slots=True)
class Change:
    """Where a file differs: the remembered pieces that are not there any more, and what stands in their place."""

    before: tuple[Piece, ...]
    start: int
    end: int


def piece_of(text: str) -> Piece:
    """The piece with this text."""
    name = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return Piece(name, len(text), lines_of(text))


def lines_of(text: str) -> int:
    """How many lines end in a text, as csv counts them."""
    return text.count("\n") + (text.count("\r") - text.count("\r\n") if "\r" in text else 0)


def packed(text: str) -> str:
    """A piece's text, to be remembered."""
    return b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), 1)).decode()


def unpacked(entry: str) -> str:
    """The text of a remembered piece."""
    return zlib.decompress(b64decode(entry)).decode("utf-8", "surrogatepass")


def rows_of(text: str, delimiter: str, line: int) -> Iterator[Row]:
    """The rows of a text that begins with a row. line: the lines before it. Raises csv.Error."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = line + 1
    for row in reader:
        yield start, row
        start = line + reader.line_num + 1


def cut(text: str, start: int, end: int, delimiter: str, size: int = SIZE) -> Iterator[tuple[int, int]]:
    """Where the pieces of a part of a text begin and end; it begins and ends with a row.

    size: characters that a piece has at least.
    """
    while start < end:
        enough = size
        while True:
            until = (text.find("\n", start + enough, end) + 1) or end
            if until == end or _ends_with_a_row(text[start:until], delimiter):
                break
            enough = 2 * (until - start)
        yield start, until
        start = until


def _ends_with_a_row(text: str, delimiter: str) -> bool:
    """Whether the last line break of a text ends a row. Without quotation marks, each does."""
    if '"' not in text:
        return True
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True


def compared(
    text: str, start: int, known: Sequence[Piece], read: Callable[[Piece], str], most: int
) -> Iterator[Piece | Change]:
    """A text from `start` on as the known pieces that are still there, in their order, and what differs in between.

    read: gives the text of a remembered piece. most: characters that may differ in one place; Unlike if more do.
    """
    at, first = start, 0
    while first < len(known):
        piece = known[first]
        if _ends_a_line(text, at + piece.length) and piece_of(text[at : at + piece.length]) == piece:
            yield piece
            at, first = at + piece.length, first + 1
            continue
        there, following = _next_known(text, at, known[first:], read, most)
        yield Change(tuple(known[first : first + following]), at, there)
        at, first = there, first + following
    if at < len(text):
        yield Change((), at, len(text))


def _next_known(text: str, at: int, known: Sequence[Piece], read: Callable[[Piece], str], most: int) -> tuple[int, int]:
    """Where the next piece that is still there stands, and which it is; the end of the text if there is none.

    Looked for are the next one, the second, the fourth, and so on: what lies before it is compared by rows anyway.
    """
    following = 1
    while following < len(known):
        missing = sum(piece.length for piece in known[:following])
        if missing > most:
            break
        there = _place(text, read(known[following]), at, at + missing + known[following].length + _AHEAD)
        if there >= 0:
            return there, following
        following *= 2
    if max(sum(piece.length for piece in known), len(text) - at) > most:
        raise Unlike("too much of it has changed")
    return len(text), len(known)


def _place(text: str, piece: str, start: int, end: int) -> int:
    """Where these lines stand in a part of a text, as whole lines; -1 if they do not."""
    there = text.find(piece, start, end)
    while there >= 0:
        is_at_line = there == start or text[there - 1] == "\n"
        if is_at_line and _ends_a_line(text, there + len(piece)):
            return there
        there = text.find(piece, there + 1, end)
    return -1


def _ends_a_line(text: str, end: int) -> bool:
    return end == len(text) or text[end - 1 : end] == "\n"
