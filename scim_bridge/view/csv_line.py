"""Lines of CSV that a spreadsheet opens without harm."""

import csv
import io
from collections.abc import Iterable

_BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Iterable[object]) -> str:
    """One line (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
    Injection).
    """
    line = io.StringIO()
    csv.writer(line).writerow(_harmless(cell) for cell in cells)
    return line.getvalue()


def _harmless(cell: object) -> str:
    text = "; ".join(map(str, cell)) if isinstance(cell, tuple | list) else "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in _BEGIN_FORMULAS else text
