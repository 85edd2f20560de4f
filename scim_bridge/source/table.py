"""A CSV file as rows of trimmed cells, each with its line; everything that makes the file untrustworthy, at once."""

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scim_bridge.model.text import trimmed
from scim_bridge.source.decoding import Unreadable, read_text
from scim_bridge.source.stray_line import (
    Split,
    above_header,
    below_rows,
    clean_name,
    dashes,
    header_again,
    odd_row,
    preamble,
    shown,
)

_DELIMITERS = ",;\t|"
_NAMES = {"\t": "tab"}
_CTRL_Z = "\x1a"
_DRAWN = frozenset("-=+─")


@dataclass(kw_only=True)
class Table:
    """One file, opened: its header and an iterator over (line, cells). problems, count: grow while rows are read.

    text, digest: what the file holds, and a hash of its bytes. body: where in the text the rows begin. given: the rows,
    each with its line, of which alone this table consists; None for all that the file has.
    """

    name: str
    header: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    count: int = 0
    text: str = ""
    digest: str = ""
    body: int = 0
    given: Sequence[tuple[int, list[str]]] | None = None
    _reader: "Iterator[list[str]] | None" = None
    delimiter: str = ","
    _ends_in_mid_line: bool = False
    _above: int = 0
    """Lines above the header that were passed over."""

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name.casefold() for name in self.header)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Rows as wide as the header, cells trimmed, each with the line on which it starts; blank ones left out."""
        for line, row in self.raw_rows():
            cells = list(map(trimmed, row))
            if any(cells) and not self.is_stray(line, cells):
                yield line, cells

    def raw_rows(self) -> Iterator[tuple[int, list[str]]]:
        """As rows(), but as they stand: for who can tell by a look-up that a row is a record with nothing to trim.

        Who reads these asks is_stray about all others.
        """
        if self.given is not None:
            yield from self.given
        reader = self._reader
        if reader is None:
            return
        width, above = len(self.header), self._above
        line = start = above + reader.line_num  # type: ignore[attr-defined]  # csv.reader has it
        odd: list[tuple[int, list[str]]] = []
        try:
            for row in reader:
                start, line = line + 1, above + reader.line_num  # type: ignore[attr-defined]
                if len(row) == width:
                    self.count += 1
                    yield start, row
                elif any(map(trimmed, row)):
                    odd.append((start, row))
        except csv.Error as error:
            self.problems.append(f"{self.name}, line {line + 1}: {_quoting(error)}")
        for at, row in odd:
            why = odd_row(row, width, self.delimiter, is_cut=self._ends_in_mid_line and at == start)
            self.problems.append(f"{self.name}, line {at}, column {min(len(row), width) + 1}: {why}")

    def is_stray(self, line: int, cells: Sequence[str]) -> bool:
        """Whether a row is a header again, or a line of dashes: then it is a problem of the file, and not a record."""
        if cells[-1].casefold() in self._names or cells[0].casefold() in self._names:
            why = header_again(cells, self._names)
        elif cells[0][:1] in _DRAWN:
            why = dashes(cells)
        else:
            return False
        if why:
            self.problems.append(f"{self.name}, line {line}: {why}")
        return bool(why)

    def _begin(self, text: str, delimiter: str, needed: Sequence[str]) -> None:
        """Read the header; if that is in order, the rows can be read. Raises Unreadable."""
        skipped, delimiter = preamble(text, delimiter, _DELIMITERS)
        self._above = int(skipped > 0)
        at = f"{self.name}, line {1 + self._above}"
        lines = io.StringIO(text, newline="")
        lines.seek(skipped)
        split = Split(delimiter, _DELIMITERS)

        def above() -> str:
            return "" if skipped else above_header(text, needed, split)

        self.delimiter = _delimiter(at, text[skipped : text.find("\n", skipped) + 1 or None], delimiter, above)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        try:
            written = next(reader, [])
        except csv.Error as error:
            raise Unreadable(f"{at}: {_quoting(error)}") from None
        self.header = tuple(map(clean_name, written))
        problems = _header_problems(at, written, self.header, needed)
        if (problems or len(self.header) == 1) and (stray := above()):
            raise Unreadable(f"{at}: {stray}")
        self.problems += problems or end_problems(self.name, text, self.delimiter)
        self.text, self.body = text, lines.tell()
        self._ends_in_mid_line = not text.endswith(("\n", "\r"))
        if not self.problems:
            self._reader = reader


def open_table(path: Path, encoding: str, delimiter: str, needed: Sequence[str]) -> Table:
    """Read a file up to its header. needed: the columns that must be there. Every trouble is in Table.problems."""
    table = Table(name=path.name)
    try:
        text, table.digest = read_text(path, encoding)
        csv.field_size_limit(sys.maxsize)
        table._begin(text, delimiter, needed)  # noqa: SLF001 - it is being built here
    except Unreadable as trouble:
        table.problems.append(str(trouble))
    return table


def end_problems(name: str, text: str, delimiter: str) -> list[str]:
    """What stands below the rows: the mark by which DOS ends a file, or a total."""
    text = text.rstrip(f" \r\n{_DELIMITERS}")
    line = text[text.rfind("\n") + 1 :]
    at = f"{name}, line {text.count(chr(10)) + 1}"
    if line.endswith(_CTRL_Z):
        return [f"{at}: the file ends with Ctrl-Z (the end-of-file mark of DOS); leave it out of the export"]
    total = below_rows(Split(delimiter, _DELIMITERS)(line)) if "\n" in text else ""
    return [f"{at}: {total}"] if total else []


def _quoting(error: csv.Error) -> str:
    if "end of data" in str(error):
        return "a quotation mark opens here and never closes, or the file was cut short"
    return f"the quoting is broken ({error})"


def _header_problems(at: str, written: Sequence[str], header: Sequence[str], needed: Sequence[str]) -> list[str]:
    """What is wrong with the header. at: its file and line; written: its cells as they stand."""
    if not any(header):
        return [f"{at}: there is no header"]
    first: dict[str, int] = {}
    problems = []
    for column, cell in enumerate(header, start=1):
        place = f"{at}, column {column}"
        if not cell:
            problems.append(f"{place}: the header is empty")
        elif cell in first:
            problems.append(f"{place}: header {written[column - 1].strip()!r} stands in column {first[cell]} already")
        first.setdefault(cell, column)
    there = ", ".join(map(shown, header))
    problems += [f"{at}: there is no column {n!r} (there are: {there})" for n in needed if n not in first]
    return problems


def _delimiter(at: str, header: str, declared: str, above: Callable[[], str]) -> str:
    """The declared delimiter, or the only one of , ; tab | that the header line uses outside quotation marks.

    at: the header's file and line; above: tells what the line is if it is not the header.
    """
    if declared != "auto":
        return declared
    outside = "".join(header.split('"')[::2])
    used = [candidate for candidate in _DELIMITERS if candidate in outside]
    if len(used) > 1:
        named = " and ".join(_NAMES.get(candidate, candidate) for candidate in used)
        raise Unreadable(f"{at}: {above() or f'the header uses {named}; declare the delimiter (source.delimiter)'}")
    return used[0] if used else ","
