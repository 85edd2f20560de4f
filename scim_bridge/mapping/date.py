"""Dates as directories write them, made comparable. Pure: what day it is, a mapping says itself (`today`).

Everything is compared by the day, in the mapping's time zone, as `today` is. A day is a day: midnight by the clock of
anyone who wrote it is how a system without dates writes one (31 March as 2027-03-31T00:00:00+09:00), and means that day
everywhere. No date at all (an empty text, or a FILETIME that means *never*) is None; what is neither is refused, so
that a typing slip never lets anyone in.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from scim_bridge.model.text import trimmed

_DAY = re.compile(
    "([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{4})([0-9]{2})([0-9]{2})|([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"
)
"""2027-03-13 and 20270313 (ISO 8601), and 2027/3/13, as spreadsheets in Japan write it."""
_SHEET = re.compile("([0-9]{4})/([0-9]{1,2})/([0-9]{1,2}) ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
"""2027/3/13 0:00, as they write a day that they take for a point in time."""
_GENERALIZED = re.compile(r"([0-9]{10})([0-9]{2})?([0-9]{2})?(?:[.,][0-9]+)?(Z|[+-][0-9]{2}(?:[0-9]{2})?)")
"""RFC 4517 §3.3.13: 20270313120000Z; minutes, seconds and their fraction may be missing."""
_FILETIME = re.compile(r"0|[0-9]{16,19}")
"""Active Directory's Integer8: intervals of 100 ns since 1601 (UTC)."""
_NEVER = ("0", "9223372036854775807")
"""What accountExpires holds for an account that never expires (Microsoft, *Account-Expires attribute*)."""
_FILETIME_BEGINS = datetime(1601, 1, 1, tzinfo=UTC)


def day_of(text: str, zone: tzinfo = UTC) -> date | None:
    """The day of a date, a date-time, a GeneralizedTime or a FILETIME; None for no date. zone: where days are counted.

    Raises ValueError with a text for people.
    """
    text = trimmed(text)
    if not text:
        return None
    try:
        if _FILETIME.fullmatch(text):
            return _of_filetime(text, zone)
        return _of_plain_day(text) or _of_generalized(text, zone) or _of_sheet(text) or _of_date_time(text, zone)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a date; write it as 2027-03-13") from None


def is_before(one: str, other: str, zone: tzinfo = UTC) -> bool:
    """Whether one day comes before the other. Never, if either is not a date."""
    first, second = day_of(one, zone), day_of(other, zone)
    return first is not None and second is not None and first < second


def is_after(one: str, other: str, zone: tzinfo = UTC) -> bool:
    """Whether one day comes after the other. Never, if either is not a date."""
    return is_before(other, one, zone)


def add_days(text: str, days: int, zone: tzinfo = UTC) -> str:
    """The day so many days later (earlier, if negative), as YYYY-MM-DD; "" if there is no date."""
    day = day_of(text, zone)
    try:
        return "" if day is None else (day + timedelta(days=days)).isoformat()
    except OverflowError:
        raise ValueError(f"{days} days from {text} is beyond the calendar") from None


def _of_filetime(text: str, zone: tzinfo) -> date | None:
    if text in _NEVER:
        return None
    return _day_in(zone, _FILETIME_BEGINS + timedelta(microseconds=int(text) // 10))


def _of_plain_day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    return date(year, month, day)


def _of_generalized(text: str, zone: tzinfo) -> date | None:
    found = _GENERALIZED.fullmatch(text)
    if found is None:
        return None
    hour, minute, second, offset = found.groups()
    moment = datetime.strptime(f"{hour}{minute or '00'}{second or '00'}{_offset(offset)}", "%Y%m%d%H%M%S%z")
    return _day_in(zone, moment)


def _offset(text: str) -> str:
    return text if text == "Z" or len(text) > len("+09") else f"{text}00"


def _of_sheet(text: str) -> date | None:
    found = _SHEET.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups("0"))
    time(hour, minute, second)  # raises ValueError for what no clock shows
    return date(year, month, day)


def _of_date_time(text: str, zone: tzinfo) -> date:
    """RFC 3339; one without an offset is as the clock on the wall showed it.

    Python reads more forms than these, so the length is looked at.
    """
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}", text):
        raise ValueError(text)
    return _day_in(zone, datetime.fromisoformat(text.upper()))


def _day_in(zone: tzinfo, moment: datetime) -> date:
    """The day of a moment: the one it was written for, if it is midnight by its own offset, else that of the zone."""
    is_day = moment.tzinfo is None or moment.time() == time()
    return moment.date() if is_day else moment.astimezone(zone).date()
