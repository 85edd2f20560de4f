"""Nothing of the audit can be changed, removed, put in or put elsewhere without a walk along it showing where."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import Entry, chained, line_of, verify

MORNING = datetime(2027, 3, 1, 8, tzinfo=UTC)


def audit(length: int) -> list[Entry]:
    found: list[Entry] = []
    for number in range(1, length + 1):
        entry = Entry(
            number=number,
            at=MORNING + timedelta(seconds=number, microseconds=number),
            actor=Actor(f"user{number % 3}@host", "command"),
            action="pause",
            connection="corp",
            detail=f"because {number}",
        )
        found.append(replace(entry, hash=chained(found[-1].hash if found else "", entry)))
    return found


def test_what_nobody_touched_is_whole() -> None:
    entries = audit(5)
    found = verify(entries, entries[2].hash)
    assert (found.entries, found.head, found.broken, found.holds) == (5, entries[-1].hash, "", True)
    assert verify([]).broken == ""


def test_a_hash_that_was_noted_shows_an_audit_that_was_made_anew() -> None:
    noted = audit(5)[-1].hash
    anew = audit(6)[1:]
    again = [replace(entry, number=entry.number - 1) for entry in anew]
    chain: list[Entry] = []
    for entry in again:
        chain.append(replace(entry, hash=chained(chain[-1].hash if chain else "", entry)))
    assert (verify(chain).broken, verify(chain, noted).holds) == ("", False)


FIELDS: list[dict[str, Any]] = [
    {"at": MORNING},
    {"actor": Actor("somebody else")},
    {"actor": Actor("user0@host", "page")},
    {"action": "resume"},
    {"connection": "other"},
    {"subject": "x"},
    {"detail": ""},
    {"hash": "0" * 64},
]


@given(at=st.integers(0, 8), change=st.sampled_from(FIELDS))
def test_a_changed_entry_is_named(at: int, change: dict[str, Any]) -> None:
    entries = audit(9)
    changed = replace(entries[at], **change)
    found = verify([*entries[:at], changed, *entries[at + 1 :]])
    assert found.entries in (at, at + 1)
    assert f"entry {at + 1} " in found.broken or f"entry {at + 2} " in found.broken or change == {"hash": ""}


@given(at=st.integers(0, 7))
def test_an_entry_that_was_removed_is_missed(at: int) -> None:
    entries = audit(9)
    assert verify([*entries[:at], *entries[at + 1 :]]).broken == f"entry {at + 1} is missing: the next one is {at + 2}"


@given(at=st.integers(0, 7))
def test_renumbering_does_not_hide_that(at: int) -> None:
    entries = audit(9)
    rest = [replace(entry, number=entry.number - 1) for entry in entries[at + 1 :]]
    assert verify([*entries[:at], *rest]).broken == f"entry {at + 1} or the one before it was changed"


@pytest.mark.parametrize("name", ["ann\n2 root", 'x","via":"page', "\u202eevil", "a" * 10_000])
def test_a_hostile_name_stays_one_value_of_one_line(name: str) -> None:
    entry = replace(audit(1)[0], actor=Actor(name))
    line = line_of(entry)
    assert line.count(b"\n") == 1
    assert orjson.loads(line)["who"] == name


def test_two_values_cannot_pass_for_one() -> None:
    one = replace(audit(1)[0], subject="a", detail="b")
    assert chained("", one) != chained("", replace(one, subject="ab", detail=""))
