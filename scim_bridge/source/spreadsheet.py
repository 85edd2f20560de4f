"""What a spreadsheet destroys when an export is opened and saved in it, as notices; what it was cannot be known again.

Lost leading zeros show only beside the ids of before, so they are found where plans are made (plan/lost_zeros.py).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from scim_bridge.model.identity import Notice, Record, is_rounded

KIND = "spreadsheet"
_FIRST = frozenset("=#")
_FORMULA = re.compile(r'="[^"]*"')
_FAULT = re.compile(r"#(REF!|NAME\?|VALUE!|N/A|NUM!|NULL!|DIV/0!)|#{4,}")
_IS_DATE = re.compile(r"date|datum|fecha|day\b|birth|start|end\b|expir|日", re.IGNORECASE)
_DAYS = re.compile("[2-7][0-9]{4}")
"""Days since 1899-12-30, by which spreadsheets count: from 1954 to 2119."""
_SAMPLE = 50


def notices(file: str, id_column: str, records: Sequence[Record]) -> list[Notice]:
    """What is wrong with the ids of a file, and with the columns of dates."""
    return [*_of_ids(file, id_column, records), *_of_dates(file, records)]


def _of_ids(file: str, id_column: str, records: Iterable[Record]) -> list[Notice]:
    suspects = [record for record in records if "E+" in record.id or record.id[:1] in _FIRST]
    kinds: tuple[tuple[Callable[[str], object], str], ...] = (
        (is_rounded, "is what a spreadsheet makes of a long number, and the number's last digits are lost"),
        (_FORMULA.fullmatch, "is a spreadsheet's formula for a text; an export without it holds another id"),
        (_FAULT.fullmatch, "is a spreadsheet's error in place of a value"),
    )
    found = []
    for is_broken, what in kinds:
        broken = [record for record in suspects if is_broken(record.id)]
        if broken:
            others = f" (and {len(broken) - 1:,} more)" if len(broken) > 1 else ""
            said = f"{broken[0].place}: {id_column} {broken[0].id!r}{others} {what}; export the column as text"
            found.append(Notice(KIND, file, said))
    return found


def _of_dates(file: str, records: Sequence[Record]) -> list[Notice]:
    """Columns of dates whose values are counts of days. A column is looked at by its first values alone."""
    found = []
    for column in records[0].attributes if records else ():
        if not _IS_DATE.search(column):
            continue
        filled = (str(record.attributes[column]) for record in records[: 20 * _SAMPLE])
        values = [value for value in filled if value][:_SAMPLE]
        if values and all(map(_DAYS.fullmatch, values)):
            day = date(1899, 12, 30) + timedelta(days=int(values[0]))
            detail = (
                f"column {column}: {values[0]!r} is a date as a spreadsheet counts days ({day.isoformat()}), not a "
                "date that rules can read; export the column as text, such as 2027-03-13"
            )
            found.append(Notice(KIND, file, f"{file}, {detail}"))
    return found
