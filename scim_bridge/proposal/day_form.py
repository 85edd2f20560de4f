"""How a column writes its days, and the expression that makes them days a mapping can compare."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scim_bridge.mapping.date import day_of

_ZEROS = re.compile(r"[0\s./:年月日-]+")
_YEAR_FIRST = re.compile(r"([0-9]{4})[./年-]\s*([0-9]{1,2})[./月-]\s*([0-9]{1,2})日?(\s.*)?")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})(\s.*)?")
_SERIAL = re.compile(r"[0-9]{5}")
_BEGIN = date(1899, 12, 30)
"""Day 0 of a spreadsheet's calendar, for days since 1 March 1900."""


@dataclass(frozen=True, slots=True)
class DayForm:
    """rule: from the column as a rule spells it to an expression that yields a comparable day, "" for none.

    write: a day as this column writes it, for the mapping's tests. note: what a person should know, "" if nothing.
    """

    rule: Callable[[str], str]
    write: Callable[[date], str]
    note: str = ""


PLAIN = DayForm(lambda column: column, date.isoformat)


def day_form(texts: Sequence[str], *, is_english: bool) -> DayForm | None:
    """How all these texts (empty ones left out) are written, None if they are not all days.

    is_english: whether 3/4/2027 is the fourth of March where nothing in the column says otherwise.
    """
    has_zeros = any(_ZEROS.fullmatch(text) for text in texts)
    days = [text for text in texts if not _ZEROS.fullmatch(text)]
    found = _form_of(days, is_english=is_english)
    if found is None or not has_zeros:
        return found
    inner = found.rule
    return DayForm(lambda column: inner(f'{column}.regexReplace(r"^[0./: -]+$", "")'), found.write, found.note)


def day_form_of_some(texts: Sequence[str], *, is_english: bool) -> tuple[DayForm | None, tuple[str, ...]]:
    """How those of these texts that are days are written, and the texts that the rule cannot read as a day.

    None if there is no day among them, or days of several forms. A rule leaves 2027-03-13 as it is, so days in that
    form may stand among others. A number of five digits is only a day where every text is such a number.
    """
    form = day_form(texts, is_english=is_english)
    if form is not None:
        return form, ()
    days = [text for text in texts if not _SERIAL.fullmatch(text) and day_form([text], is_english=is_english)]
    if all(map(_ZEROS.fullmatch, days)):
        return None, ()
    others = [text for text in days if not _is_day(text)]
    return day_form(others, is_english=is_english), tuple(text for text in texts if text not in days)


def _form_of(days: Sequence[str], *, is_english: bool) -> DayForm | None:
    if all(map(_is_day, days)):
        return PLAIN
    if all(_SERIAL.fullmatch(text) for text in days):
        return DayForm(
            lambda column: f'({column} == "" ? "" : addDays("{_BEGIN}", int({column})))',
            lambda day: str((day - _BEGIN).days),
            f"the days are a spreadsheet's numbers (such as {days[0]}, which is {_BEGIN + timedelta(int(days[0]))})",
        )
    if all((match := _YEAR_FIRST.fullmatch(text)) and _is_day("/".join(match.groups()[:3])) for text in days):
        return _reordered(r"^(\d{4})[./年-]\s*(\d{1,2})[./月-]\s*(\d{1,2})日?(\s.*)?$", r"\1/\2/\3", date.isoformat)
    return _year_last(days, is_english=is_english)


def _year_last(days: Sequence[str], *, is_english: bool) -> DayForm | None:
    """13.3.2027, 13/3/2027 or 3/13/2027: which of the two is the month, the days that cannot be one say."""
    found = [match for text in days if (match := _YEAR_LAST.fullmatch(text))]
    signs = {match[2] for match in found}
    if len(found) < len(days) or len(signs) != 1:
        return None
    (sign,) = signs
    can_be_day_first = all(_is_day(f"{match[4]}/{match[3]}/{match[1]}") for match in found)
    can_be_month_first = sign != "." and all(_is_day(f"{match[4]}/{match[1]}/{match[3]}") for match in found)
    if not can_be_day_first and not can_be_month_first:
        return None
    is_month_first = can_be_month_first and (is_english or not can_be_day_first)
    order, form = (r"\3/\1/\2", f"%m{sign}%d{sign}%Y") if is_month_first else (r"\3/\2/\1", f"%d{sign}%m{sign}%Y")
    note = ""
    if can_be_day_first and can_be_month_first:
        read = "month, day, year" if is_month_first else "day, month, year"
        note = f"no value says whether the day or the month comes first, so they are read as {read} (such as {days[0]})"
    return _reordered(r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})(\s.*)?$", order, lambda day: day.strftime(form), note)


def _reordered(pattern: str, order: str, write: Callable[[date], str], note: str = "") -> DayForm:
    return DayForm(lambda column: f'{column}.regexReplace(r"{pattern}", r"{order}")', write, note)


def _is_day(text: str) -> bool:
    try:
        return day_of(text) is not None
    except ValueError:
        return False
