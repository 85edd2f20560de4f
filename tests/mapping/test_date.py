"""The dates that directories hold, in all their forms, are the same day; what is not a date is refused."""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.date import add_days, day_of, is_after, is_before

BEGIN_OF_FILETIME = datetime(1601, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2027-03-13",
        " 2027-03-13 ",
        "20270313",
        "2027/03/13",
        "2027/3/13",
        "2027-03-13T00:00:00Z",
        "2027-03-13T23:59:59.9999999Z",
        "2027-03-13t08:30:00z",
        "2027-03-13 08:30:00",
        "2027-03-14T08:59:59+09:00",
        "2027-03-12T19:00:00-05:00",
        "20270313120000Z",
        "20270313120000.0Z",
        "20270313120000,5Z",
        "202703131200Z",
        "2027031312Z",
        "20270314085959+0900",
        "2027031408+09",
        "134493696000000000",
    ],
)
def test_every_form_is_the_same_day(text: str) -> None:
    assert day_of(text) == date(2027, 3, 13)


@pytest.mark.parametrize("text", ["", "  ", "0", "9223372036854775807"])
def test_no_date_and_never_are_none(text: str) -> None:
    assert day_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "2027-02-30",
        "2027-13-01",
        "2027-3-1",
        "2027031",
        "13/03/2027",
        "03.13.2027",
        "20270313120000",
        "2027031325Z",
        "20270313120000+99",
        "2027-03-13T25:00:00Z",
        "2027-W10-6",
        "2027-W10-6T00:00",
        "1",
        "45729",
        "9223372036854775806",
        "２０２７-03-13",
        "2027-03-13 and more",
    ],
)
def test_what_is_no_date_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date; write it as 2027-03-13") as error:
        day_of(text)
    assert repr(text) in str(error.value)


@given(st.integers(100 * 365 * 86_400, 7_000 * 365 * 86_400))
def test_a_moment_is_the_same_day_in_each_form_of_a_directory(seconds: int) -> None:
    moment = BEGIN_OF_FILETIME + timedelta(seconds=seconds)
    filetime = (moment - BEGIN_OF_FILETIME) // timedelta(microseconds=1) * 10
    forms = (moment.isoformat(), f"{moment:%Y-%m-%d}", f"{moment.year:04}{moment:%m%d%H%M%S}Z", str(filetime))
    assert {day_of(form) for form in forms} == {moment.date()}


@given(st.dates(), st.dates())
def test_days_compare_as_the_calendar_has_them(one: date, other: date) -> None:
    assert is_before(one.isoformat(), other.isoformat()) is (one < other)
    assert is_after(one.isoformat(), other.isoformat()) is (one > other)


@given(st.dates(date(1000, 1, 1), date(3000, 1, 1)), st.integers(-10_000, 10_000))
def test_adding_days_and_taking_them_away_gives_the_same_day(day: date, days: int) -> None:
    assert add_days(add_days(day.isoformat(), days), -days) == day.isoformat()


TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
LAST_DAY = date(2027, 3, 31)
MOMENTS = st.builds(datetime.combine, st.dates(date(1900, 1, 2), date(2200, 1, 1)), st.times(), st.just(UTC))
FILETIME = str((datetime(2027, 3, 31, tzinfo=UTC) - BEGIN_OF_FILETIME) // timedelta(microseconds=1) * 10)


@pytest.mark.parametrize("zone", [UTC, TOKYO, NEW_YORK])
@pytest.mark.parametrize(
    "text",
    [
        "2027-03-31T00:00:00+09:00",
        "2027-03-31T00:00:00-05:00",
        "2027-03-31T00:00:00.000Z",
        "2027-03-31T00:00+14:00",
        "2027-03-31 00:00:00+00:00",
        "20270331000000Z",
        "20270331000000+0900",
        "2027033100+09",
        "20270331000000.0Z",
        FILETIME,
        "2027-03-31T00:00:00",
        "2027-03-31 23:30:00",
        "2027/3/31 0:00",
        "2027/03/31 00:00:00",
        "2027/3/31 23:59",
        "2027-03-31",
        "2027/3/31",
    ],
)
def test_a_day_is_that_day_wherever_it_was_written_and_is_read(text: str, zone: tzinfo) -> None:
    assert day_of(text, zone) == LAST_DAY
    assert not is_before(text, "2027-03-31", zone)
    assert is_before(text, "2027-04-01", zone)
    assert not is_after(text, "2027-03-31", zone)
    assert add_days(text, 1, zone) == "2027-04-01"


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(-14 * 60, 14 * 60), st.sampled_from([UTC, TOKYO]))
def test_midnight_by_its_own_offset_is_the_day_written(day: date, minutes: int, zone: tzinfo) -> None:
    midnight = datetime.combine(day, time(), timezone(timedelta(minutes=minutes)))
    assert day_of(midnight.isoformat(), zone) == day


@given(MOMENTS, st.sampled_from([TOKYO, NEW_YORK]))
def test_a_time_is_the_day_of_the_mappings_time_zone(moment: datetime, zone: tzinfo) -> None:
    expected = moment.date() if moment.time() == time() else moment.astimezone(zone).date()
    assert day_of(moment.isoformat(), zone) == expected


def test_midnight_elsewhere_written_in_utc_is_turned_by_the_time_zone() -> None:
    for text in ("2027-03-30T15:00:00Z", "20270330150000Z"):
        assert (day_of(text, TOKYO), day_of(text)) == (LAST_DAY, date(2027, 3, 30))


@pytest.mark.parametrize("text", ["2027/3/31 24:00", "2027/3/31 9", "2027/2/30 0:00", "31/3/2027 0:00"])
def test_no_such_time_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        day_of(text)
