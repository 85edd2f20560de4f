"""Lines of a CSV file that are not records: what stands above the header, a header again, what stands below the rows.

Each function gives a clause for a sentence that names the file and the line, or "". Nothing is passed over but the two
first lines that programs write by themselves (preamble): a line that is not understood today may be a record tomorrow,
and a person can remove it from the export.
"""

import csv
import re
from collections.abc import Collection, Sequence

from scim_bridge.model.text import normal
from scim_bridge.model.wording import counted

_WORDS = re.compile(
    r"(grand |sub)?(totals?|totale|totaal|sum|summe|gesamt|insgesamt|somme|count|rows?|records?"
    r"|合計|総計|計|件数|総件数)[:： =]*[0-9.,]*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9][0-9.,\s]*[%件名人]?")
_COUNT = re.compile(
    r"\(?\s*[0-9][0-9.,]*\s*(rows?|row\(s\)|records?|entries|users?|groups?|objects?|zeilen?|datensätze|lignes?|filas?"
    r"|件|行|名)\b.*",
    re.IGNORECASE,
)
_DASHES = re.compile(r"[-+=─]{1,}")
_EXCEL = re.compile(r"sep=\S?[,;\t|]*", re.IGNORECASE)
_PREAMBLE = re.compile(r"(?:#TYPE [^\s,;|]+|sep=(?P<delimiter>[,;\t|]))[,;\t|]*[ \r]*", re.IGNORECASE)
"""With the delimiters by which a spreadsheet fills the line up."""
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff")) | {
    0x00A0: " ",
    0x202F: " ",
    0x2007: " ",
}
_LONGEST = 1000
"""Characters in which a line that a program wrote above the header ends."""
_LOOKED_AT = 20
"""Lines in which the header is looked for."""


def clean_name(cell: str) -> str:
    """A column's name as a person sees it: trimmed, in NFC, without characters that no one sees."""
    cell = cell.strip()
    return cell if cell.isascii() else normal(cell.translate(_INVISIBLE)).strip("\u200c\u200d")


def shown(cell: str) -> str:
    """A name for a sentence: as it is, or with the characters that no one sees as escapes."""
    return cell if cell.isprintable() else repr(cell)


def quoted(line: str) -> str:
    """A line for a sentence, shortened, without the delimiters at its end."""
    line = re.sub(r"[,;\t|]{2,}$", "", line.strip())
    return repr(line if len(line) <= 60 else f"{line[:59]}…")


def preamble(text: str, declared: str, delimiters: str) -> tuple[int, str]:
    """The length of a first line that a program wrote for another (Windows PowerShell's #TYPE, Excel's sep=), if a
    header follows; else 0. And the delimiter: the one that sep= tells if "auto" is declared, else the declared one.
    """
    first, _, rest = text[:_LONGEST].partition("\n")
    written = _PREAMBLE.fullmatch(first)
    if not written or not rest:
        return 0, declared
    length = len(first) + 1
    told = (written["delimiter"] or declared) if declared == "auto" else declared
    end = text.find("\n", length)
    header = text[length : end if end >= 0 else len(text)]
    return (length, told) if _is_header(Split(told, delimiters)(header), (), 1) else (0, declared)


def above_header(text: str, needed: Collection[str], split: "Split") -> str:
    """What the first line is if it is not the header, and where the header is."""
    lines = text.split("\n", _LOOKED_AT + 1)[: _LOOKED_AT + 1]
    first, filled = lines[0].strip(), sum(map(bool, split(lines[0])))
    at = next((n for n, line in enumerate(lines[1:], start=2) if _is_header(split(line), needed, filled)), 0)
    there = f"; the header is in line {at}" if at else ""
    if _EXCEL.fullmatch(first):
        return f"{quoted(first)} tells Excel the delimiter and is not the header{there}; leave it out of the export"
    if first.startswith("#TYPE"):
        return f"{quoted(first)} is not the header{there}; leave it out of the export (Export-Csv -NoTypeInformation)"
    if at:
        lines_above = "this line" if at == 2 else f"lines 1 to {at - 1}"
        what = f"{quoted(first)} is" if first else "this line is blank and"
        return f"{what} not the header{there}; leave {lines_above} out of the export"
    return ""


def _is_header(cells: Sequence[str], needed: Collection[str], filled: int) -> bool:
    """Whether a line below the first may be the header: it has the columns that are needed, or is below a title.

    filled: the cells of the first line that are not empty.
    """
    names = set(cells)
    if needed:
        return names.issuperset(needed)
    return filled <= 1 < len(cells) == len(names) and "" not in names


def header_again(cells: Sequence[str], names: Collection[str]) -> str:
    """Whether a row is a header: more than half of its cells are names of columns, each another one.

    names: those of the header, in small letters.
    """
    found = {name for cell in cells if (name := clean_name(cell).casefold()) in names}
    if 2 * len(found) <= len(cells):
        return ""
    return (
        "this row is a header again, not a record: two exports were run together; export everything at once, or leave "
        "the second header out"
    )


def dashes(cells: Sequence[str]) -> str:
    """Whether a row is the line that some database clients draw below the header."""
    if not all(map(_DASHES.fullmatch, map(str.strip, cells))):
        return ""
    return "this row is a line of dashes, not a record; leave it out of the export"


def below_rows(cells: Sequence[str]) -> str:
    """Whether the last row is a total, or says how many rows there are. One of its cells may be all that it has."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return ""
    is_total = _WORDS.fullmatch(filled[0]) and all(map(_NUMBER.fullmatch, filled[1:]))
    if not is_total and not (len(filled) == 1 and _COUNT.fullmatch(filled[0])):
        return ""
    return f"{quoted(', '.join(filled))} is a total, not a record; leave it out of the export"


def odd_row(row: Sequence[str], width: int, delimiter: str, *, is_cut: bool) -> str:
    """Why a row of another width than the header's is not a record. is_cut: the file ends with it, in mid-line."""
    found = f"{counted(len(row), 'cell')} where the header has {width}"
    if is_cut and len(row) < width:
        return f"the file ends in the middle of this row ({found}): it was cut short; export it again"
    if len(row) == width + 1 and not row[-1].strip():
        return f"{found}: the row ends with {delimiter!r}, and the header does not"
    if len(row) == 1:
        return f"{quoted(row[0])} is not a record ({found})"
    return found


class Split:
    """Takes one line apart. declared: the delimiter, or "auto" for the one that the line uses most."""

    def __init__(self, declared: str, delimiters: str) -> None:
        self._declared, self._delimiters = declared, delimiters

    def __call__(self, line: str) -> list[str]:
        """The cells, trimmed; none if the line is broken."""
        chosen = self._declared
        if chosen == "auto":
            chosen = max(self._delimiters, key=line.count)
        try:
            return [clean_name(cell) for row in csv.reader([line.rstrip("\r\n")], delimiter=chosen) for cell in row]
        except csv.Error:
            return []
