"""What is new since the look before, what is over, and when a message may be sent."""

from datetime import UTC, datetime, time

import pytest

from scim_bridge.model.alert import (
    EVENTS,
    Condition,
    Event,
    Key,
    Noted,
    QuietHours,
    compare,
    text_of,
    title_of,
    to_note,
)

ALL = frozenset(EVENTS)


def condition(event: Event, mark: str = "", *, is_event: bool = False, sentence: str = "it is so") -> Condition:
    return Condition(Key("corp", event), sentence, mark, is_event=is_event)


def noted(*conditions: Condition) -> dict[Key, Noted]:
    return {each.key: to_note(each) for each in conditions}


def said(
    before: tuple[Condition, ...], now: tuple[Condition, ...], events: frozenset[Event] = ALL
) -> list[tuple[str, str]]:
    return [(line.event, line.sentence) for line in compare(noted(*before), now, events).lines]


def test_what_begins_is_told_once_and_what_ends_is_told_once() -> None:
    guard = condition("guard")
    assert said((), (guard,)) == [("guard", "it is so")]
    assert said((guard,), (guard,)) == []
    assert said((guard,), ()) == [("resolved", "resolved: it is so")]
    assert said((), ()) == []


def test_what_grows_is_told_again() -> None:
    assert said((condition("token", "90"),), (condition("token", "30"),)) == [("token", "it is so")]


def test_another_sentence_alone_is_noted_and_not_told() -> None:
    look = compare(noted(condition("conflicts", "1")), [condition("conflicts", "1", sentence="2 now")], ALL)
    assert (look.lines, [each.sentence for each in look.now]) == ((), ["2 now"])


def test_what_has_happened_before_anyone_looked_is_not_told_and_is_never_over() -> None:
    first, second = condition("drift", "1", is_event=True), condition("drift", "2", is_event=True)
    assert said((), (first,)) == []
    assert said((first,), (second,)) == [("drift", "it is so")]
    assert said((second,), ()) == []


def test_only_wanted_events_are_told() -> None:
    guard, failed = condition("guard"), condition("failed")
    assert said((), (guard, failed), frozenset({"failed"})) == [("failed", "it is so")]
    assert said((failed,), (), frozenset({"failed"})) == []
    assert said((guard, failed), (), frozenset({"failed", "resolved"})) == [("resolved", "resolved: it is so")]


def test_a_schedule_that_fails_for_another_reason_is_not_well_again() -> None:
    assert said((condition("failed"),), (condition("quarantine"),)) == [("quarantine", "it is so")]


def test_the_command_is_left_out_once_it_is_over() -> None:
    assert said((condition("guard", sentence="run 3 was stopped. See: show 3"),), ()) == [
        ("resolved", "resolved: run 3 was stopped.")
    ]


def test_a_message_names_the_most_urgent_first() -> None:
    lines = compare({}, [condition("token"), condition("guard", sentence="stopped")], ALL).lines
    assert title_of(lines) == "scim-bridge: a plan was stopped by the guard, and 1 more"
    assert text_of(lines) == "corp: stopped\ncorp: it is so"


@pytest.mark.parametrize(
    ("hours", "now", "then"),
    [
        ((22, 6), "13T21:59", "13T21:59"),
        ((22, 6), "13T22:00", "14T06:00"),
        ((22, 6), "13T05:59", "13T06:00"),
        ((22, 6), "13T06:00", "13T06:00"),
        ((12, 13), "13T12:30", "13T13:00"),
        ((12, 13), "13T13:00", "13T13:00"),
    ],
)
def test_quiet_hours_may_go_over_midnight(hours: tuple[int, int], now: str, then: str) -> None:
    quiet = QuietHours(time(hours[0]), time(hours[1]))
    at = datetime.fromisoformat(f"2027-03-{now}").replace(tzinfo=UTC)
    assert quiet.over_at(at) == datetime.fromisoformat(f"2027-03-{then}").replace(tzinfo=UTC)
