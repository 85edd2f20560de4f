"""A CSV file as it is remembered, and as it stands now: which rows have come and gone, and rows by what they say.

The text of each piece is remembered, packed, under its name. So the rows that were there before are known exactly, and
an unchanged piece costs its hash. Whatever could make a file untrustworthy, or its rows other rows than they seem, is
not judged here: `Unlike` is raised, everything is read, and that tells what is wrong in full.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import orjson

from scim_bridge.model.text import trimmed
from scim_bridge.source.decoding import Unreadable, begins_with, digest_of, read_text
from scim_bridge.source.piece import (
    SIZE,
    Piece,
    Row,
    Unlike,
    compared,
    cut,
    lines_of,
    packed,
    piece_of,
    rows_of,
    unpacked,
)
from scim_bridge.source.table import Table, end_problems

_MUCH = 1 << 20
"""So many characters may differ at one place in a file of any size; in a large one, a quarter of it."""
_MANY = 10_000
"""So many rows may have come or gone in a file of any size; in a large one, a quarter of its lines."""
_TAIL = 1 << 13
FOLDING = re.compile("[\u00df\u0130\u0149\u017f\u037e\u1e9a\u1e9e\u1fef\u212a\ufb00-\ufb06]")
"""Characters that are others, or have others in them, of ASCII in the form in which names are compared (ß is ss)."""
_PLAIN = re.compile("[!#-~]+")
"""What of a name stands in a file letter for letter, if need be in another case; a quotation mark may be doubled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """What is remembered of a file. digest: of its bytes; head: its text down to the header."""

    digest: str
    head: str
    header: tuple[str, ...]
    delimiter: str
    pieces: tuple[Piece, ...]

    def text(self) -> str:
        """For the memory."""
        pieces = [[piece.name, piece.length, piece.lines] for piece in self.pieces]
        return orjson.dumps([self.digest, self.head, self.header, self.delimiter, pieces]).decode()

    @classmethod
    def read(cls, text: str) -> "KeptFile":
        """What was remembered."""
        digest, head, header, delimiter, pieces = orjson.loads(text)
        every = tuple(Piece(*piece) for piece in pieces)
        return cls(digest=digest, head=head, header=tuple(header), delimiter=delimiter, pieces=every)


def entries_of(part: str, table: Table, size: int = SIZE) -> dict[str, str]:
    """A file that was read whole, to be remembered: part → what is known of it, and each piece under its name."""
    texts = [
        table.text[start:end] for start, end in cut(table.text, table.body, len(table.text), table.delimiter, size)
    ]
    pieces = tuple(map(piece_of, texts))
    kept = KeptFile(
        digest=table.digest,
        head=table.text[: table.body],
        header=table.header,
        delimiter=table.delimiter,
        pieces=pieces,
    )
    return {part: kept.text()} | {_key(part, piece): packed(text) for piece, text in zip(pieces, texts, strict=True)}


def header_of(part: str, path: Path, encoding: str, entries: Mapping[str, str]) -> tuple[str, ...]:
    """The columns of a file, of which only its beginning is read; none if that is not as it is remembered.

    Raises Unreadable. What is wrong further below is found by who reads the rows.
    """
    text = entries.get(part)
    if text is None:
        return ()
    kept = KeptFile.read(text)
    return kept.header if begins_with(path, kept.head, encoding) else ()


def _key(part: str, piece: Piece) -> str:
    return f"{part} {piece.name}"


@dataclass(kw_only=True)
class StandingFile:
    """A file as it stands now, beside what is remembered of it. part: users, groups or members.

    come, gone: rows that are there and were not, and the other way round, as often as they are. A row that stands on
    another line has neither come nor gone.
    """

    part: str
    path: Path
    encoding: str
    entries: Mapping[str, str] = field(repr=False)
    size: int = SIZE
    come: list[Row] = field(default_factory=list)
    gone: list[list[str]] = field(default_factory=list)
    learned: dict[str, str | None] = field(default_factory=dict)

    @cached_property
    def kept(self) -> KeptFile:
        """What is remembered. Raises Unlike if nothing is."""
        text = self.entries.get(self.part)
        if text is None:
            raise Unlike(f"nothing is remembered of {self.path.name}")
        return KeptFile.read(text)

    @cached_property
    def digest(self) -> str:
        """Of the file's bytes now. Raises Unreadable."""
        return digest_of(self.path)

    @property
    def is_changed(self) -> bool:
        """Whether the file holds something else than is remembered."""
        return self.digest != self.kept.digest

    @cached_property
    def table(self) -> Table:
        """The columns, and nothing of the rows."""
        return Table(name=self.path.name, header=self.kept.header, delimiter=self.kept.delimiter)

    def column(self, name: str) -> int:
        """Where a column stands, from 0. Raises Unlike if there is none."""
        if name not in self.kept.header:
            raise Unlike(f"{self.path.name} has no column {name!r}")
        return self.kept.header.index(name)

    @cached_property
    def _text(self) -> str:
        text, digest = read_text(self.path, self.encoding)
        if digest != self.digest:
            raise Unreadable(f"{self.path.name}: is being written at this moment; try again when it is complete")
        if not text.startswith(self.kept.head) or self.kept.head[-1:] != "\n":
            raise Unlike(f"the header of {self.path.name} has changed")
        return text

    @cached_property
    def _places(self) -> list[tuple[int, int, int]]:
        """Of each piece, where it begins and ends, and how many lines stand above it."""
        kept, text = self.kept, self._text
        at, line = len(kept.head), lines_of(kept.head)
        places: list[tuple[int, int, int]] = []
        if not self.is_changed:
            for piece in kept.pieces:
                places.append((at, at + piece.length, line))
                at, line = at + piece.length, line + piece.lines
            return places
        pieces: list[Piece] = []
        most = max(_MUCH, len(text) // 4)
        for part in compared(text, at, kept.pieces, self._remembered, most):
            if isinstance(part, Piece):
                parts = [(at, at + part.length, part)]
            else:
                self._note(part.before, text[part.start : part.end], line)
                bounds = cut(text, part.start, part.end, kept.delimiter, self.size)
                parts = [(start, end, piece_of(text[start:end])) for start, end in bounds]
            for start, end, piece in parts:
                places.append((start, end, line))
                pieces.append(piece)
                at, line = end, line + piece.lines
        if end_problems(self.path.name, text[-_TAIL:], kept.delimiter):
            raise Unlike(f"{self.path.name} ends with what is not a record")
        self._learn(pieces, places)
        return places

    def load(self) -> None:
        """Read the text, whether or not it has changed. Raises Unlike, Unreadable."""
        _ = self._text

    def compare(self) -> None:
        """Find out what has come and gone, and what is to be remembered. Raises Unlike, Unreadable."""
        if self.is_changed:
            _ = self._places

    def _remembered(self, piece: Piece) -> str:
        text = self.entries.get(_key(self.part, piece))
        if text is None:
            raise Unlike(f"a part of {self.path.name} is not remembered")
        return unpacked(text)

    def _note(self, before: tuple[Piece, ...], text: str, line: int) -> None:
        """Compare the rows of a part that differs. Raises Unlike for a row that may not be one."""
        were = [row for piece in before for _, row in self._split(self._remembered(piece), 0)]
        left = Counter(were)
        for at, row in self._split(text, line):
            if left[row]:
                left[row] -= 1
            else:
                self._take(at, row, self.come)
        gone: list[Row] = []
        for row, number in left.items():
            for _ in range(number):
                self._take(0, row, gone)
        self.gone += [cells for _, cells in gone]
        if len(self.come) + len(self.gone) > max(_MANY, sum(piece.lines for piece in self.kept.pieces) // 4):
            raise Unlike(f"more than a quarter of the rows of {self.path.name} have changed")

    def _split(self, text: str, line: int) -> Iterator[tuple[int, str]]:
        """Rows as they stand. Without quotation marks a row is a line, and only lines that differ are taken apart."""
        if '"' not in text:
            return enumerate(io.StringIO(text, newline=""), start=line + 1)
        return self._quoted(text, line)

    def _quoted(self, text: str, line: int) -> Iterator[tuple[int, str]]:
        lines = io.StringIO(text, newline="").readlines()
        end = 0
        try:
            reader = csv.reader(lines, delimiter=self.kept.delimiter, strict=True)
            for _ in reader:
                start, end = end, reader.line_num
                yield line + start + 1, "".join(lines[start:end])
        except csv.Error:
            raise Unlike(f"the quoting of {self.path.name} is broken") from None

    def _take(self, line: int, row: str, into: list[Row]) -> None:
        """Take a row apart. Raises Unlike if it is not one that a record has."""
        try:
            (cells,) = csv.reader(io.StringIO(row, newline=""), delimiter=self.kept.delimiter, strict=True)
        except (csv.Error, ValueError):
            raise Unlike(f"the quoting of {self.path.name} is broken") from None
        trim = list(map(trimmed, cells))
        if not any(trim):
            return
        if len(cells) != len(self.kept.header) or self.table.is_stray(line, trim):
            raise Unlike(f"a row of {self.path.name} is not a record")
        into.append((line, trim))

    def _learn(self, pieces: list[Piece], places: list[tuple[int, int, int]]) -> None:
        kept = self.kept
        known = {piece.name for piece in kept.pieces}
        there = {piece.name for piece in pieces}
        self.learned = {_key(self.part, piece): None for piece in kept.pieces if piece.name not in there}
        for piece, (start, end, _) in zip(pieces, places, strict=True):
            if piece.name not in known:
                self.learned[_key(self.part, piece)] = packed(self._text[start:end])
        now = KeptFile(
            digest=self.digest, head=kept.head, header=kept.header, delimiter=kept.delimiter, pieces=tuple(pieces)
        )
        self.learned[self.part] = now.text()

    def rows(self) -> Iterator[Row]:
        """All rows, with their cells trimmed."""
        for place in self._places:
            for line, row in self._rows(place):
                if any(cells := list(map(trimmed, row))):
                    yield line, cells

    def rows_with(self, column: int, keys: Set[str], key: Callable[[str], str]) -> list[Row]:
        """The rows that have one of these in a column. key: brings a cell into the form in which they are compared."""
        found = []
        for place in self._places_with(keys):
            for line, row in self._rows(place):
                # Trimming and comparing come last: most rows are others, whatever form their cells are brought into.
                if (row[column] in keys or key(row[column]) in keys) and any(cells := list(map(trimmed, row))):
                    found.append((line, cells))
        return found

    def _rows(self, place: tuple[int, int, int]) -> Iterator[Row]:
        start, end, line = place
        width = len(self.kept.header)
        rows = rows_of(self._text[start:end], self.kept.delimiter, line)
        return ((at, row) for at, row in rows if len(row) == width)

    def _places_with(self, keys: Set[str]) -> list[tuple[int, int, int]]:
        """The pieces that may have a cell that is one of these: no other has what each of them must have."""
        if not keys:
            return []
        sure = [max(_PLAIN.findall(key), key=len, default="") for key in keys]
        if len(sure) > _FEW or not all(sure):
            return self._places
        found = []
        for place in self._places:
            text = self._text[place[0] : place[1]].lower()
            if any(part.lower() in text for part in sure) or (not text.isascii() and FOLDING.search(text)):
                found.append(place)
        return found


_FEW = 16
"""Up to so many names are looked for in the text of each piece before its rows are taken apart."""
