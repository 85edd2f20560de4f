"""A CSV file as rows of trimmed cells, each with its line; everything that makes the file untrustworthy, at once."""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scim_bridge.model.text import normal, trimmed
from scim_bridge.source.decoding import Unreadable, read_text

_DELIMITERS = ",;\t|"
_NAMES = {"\t": "tab"}


@dataclass(slots=True)
class Table:
    """One file, opened: its header and an iterator over (line, cells). problems, count: grow while rows are read."""

    name: str
    header: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    count: int = 0
    _reader: "Iterator[list[str]] | None" = None

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Rows as wide as the header, cells trimmed, each with the line on which it starts; blank ones left out."""
        for line, row in self.raw_rows():
            cells = list(map(trimmed, row))
            if any(cells):
                yield line, cells

    def raw_rows(self) -> Iterator[tuple[int, list[str]]]:
        """As rows(), but as they stand: for who can tell by a look-up that there is nothing to trim."""
        reader = self._reader
        if reader is None:
            return
        width = len(self.header)
        line = 1
        try:
            for row in reader:
                start, line = line + 1, reader.line_num  # type: ignore[attr-defined]  # csv.reader has it
                if len(row) == width:
                    self.count += 1
                    yield start, row
                elif any(map(trimmed, row)):
                    self.problems.append(
                        f"{self.name}, line {start}, column {min(len(row), width) + 1}: "
                        f"{len(row)} cells where the header has {width}"
                    )
        except csv.Error as error:
            self.problems.append(f"{self.name}, line {line + 1}: {_quoting(error)}")


def open_table(path: Path, encoding: str, delimiter: str, needed: Sequence[str]) -> Table:
    """Read a file up to its header. needed: the columns that must be there. Every trouble is in Table.problems."""
    table = Table(path.name)
    try:
        text = read_text(path, encoding)
        chosen = _delimiter(path.name, text, delimiter)
    except Unreadable as trouble:
        table.problems.append(str(trouble))
        return table
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=chosen, strict=True)
    try:
        table.header = tuple(map(normal, next(reader, [])))
    except csv.Error as error:
        table.problems.append(f"{path.name}, line 1: {_quoting(error)}")
        return table
    table.problems += _header_problems(table, needed)
    if not table.problems:
        table._reader = reader  # noqa: SLF001 - the table is being built here
    return table


def _quoting(error: csv.Error) -> str:
    if "end of data" in str(error):
        return "a quotation mark opens here and never closes"
    return f"the quoting is broken ({error})"


def _header_problems(table: Table, needed: Sequence[str]) -> list[str]:
    if not any(table.header):
        return [f"{table.name}, line 1: there is no header"]
    first: dict[str, int] = {}
    problems = []
    for column, name in enumerate(table.header, start=1):
        if not name:
            problems.append(f"{table.name}, line 1, column {column}: the header is empty")
        elif name in first:
            problems.append(
                f"{table.name}, line 1, column {column}: header {name!r} stands in column {first[name]} already"
            )
        first.setdefault(name, column)
    there = ", ".join(table.header)
    problems += [
        f"{table.name}, line 1: there is no column {n!r} (there are: {there})" for n in needed if n not in first
    ]
    return problems


def _delimiter(name: str, text: str, declared: str) -> str:
    """The declared delimiter, or the only one of , ; tab | that the header line uses outside quotation marks."""
    if declared != "auto":
        return declared
    outside = "".join(text.split("\n", 1)[0].split('"')[::2])
    used = [candidate for candidate in _DELIMITERS if candidate in outside]
    if len(used) > 1:
        named = " and ".join(_NAMES.get(candidate, candidate) for candidate in used)
        raise Unreadable(f"{name}, line 1: the header uses {named}; declare the delimiter (source.delimiter)")
    return used[0] if used else ","
