"""What is as it was is told by hashes, and never taken for it when it is not."""

from collections.abc import Iterable, Iterator
from typing import Any

from scim_bridge.model.identity import SourceKey
from scim_bridge.model.source import Entries, Memory, SourceChanges
from scim_bridge.sandbox.google.server import GoogleSandbox
from scim_bridge.source.google.memory import STRETCHES
from scim_bridge.source.google.people import People
from scim_bridge.source.google.stretch import Held, ends_stretch, stretches_of, stretches_text
from scim_bridge.source.google.user import Selection
from tests.source.google.account import TODAY, read, source

CHOSEN = Selection("id", frozenset({"id", "primaryEmail"}), frozenset())


class Watched(Entries):
    """Entries, and which of them were looked up."""

    def __init__(self, entries: dict[str, str]) -> None:
        self._entries = entries
        self.looked_up: list[str] = []

    def some(self, keys: Iterable[str]) -> dict[str, str]:
        wanted = list(keys)
        self.looked_up += wanted
        return {key: self._entries[key] for key in wanted if key in self._entries}

    def __getitem__(self, key: str) -> str:
        return self.some([key])[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _many(google: GoogleSandbox, users: int) -> None:
    for number in range(users):
        google.directory.put_user(f"u{number:04}")
    for number in range(4):
        google.directory.put_group(f"g{number}")
        google.directory.add_member(f"g{number}", f"u{number:04}")


def test_no_one_is_looked_up_while_nothing_changes_and_few_are_when_one_does(google: GoogleSandbox) -> None:
    _many(google, 1_500)
    chosen = source(google)
    _, memory = read(chosen)
    entries = Watched(dict(memory.entries))
    changed = chosen.changes(TODAY, Memory("", entries))
    assert isinstance(changed, SourceChanges)
    assert (changed.records, changed.learned and changed.learned.entries) == ({}, {})
    assert {key for key in entries.looked_up if " " in key} == set()

    google.directory.put_user("u0007", suspended=True)
    changed = chosen.changes(TODAY, Memory("", entries))
    assert isinstance(changed, SourceChanges)
    assert set(changed.records) == {SourceKey("user", "u0007")}
    assert "user u0007" in entries.looked_up
    assert len({key for key in entries.looked_up if key.startswith("user ")}) < 1_000


def test_the_same_list_says_something_else_when_an_outsider_becomes_a_user_or_a_group(google: GoogleSandbox) -> None:
    there = google.directory
    for group in ("g1", "g2", "g3"):
        there.put_group(group)
    there.add_external("g1", "kim@corp.example", id="k1")
    there.add_external("g2", "team@corp.example", id="t1", type="GROUP")
    chosen = source(google)
    _, memory = read(chosen)

    there.put_user("k1", primaryEmail="kim@corp.example")
    changed = chosen.changes(TODAY, memory)
    assert isinstance(changed, SourceChanges)
    assert changed.members["g1"] == (("k1",), ())

    _, memory = read(chosen)
    there.put_group("t1", email="team@corp.example")
    changed = chosen.changes(TODAY, memory)
    assert isinstance(changed, SourceChanges)
    assert changed.members["g2"] == ((), ("t1",))
    assert "g3" not in changed.members


def _people(memory: Memory | None, *rows: dict[str, Any]) -> People:
    remembered = stretches_of(memory.entries.get(STRETCHES)) if memory is not None else frozenset[str]()
    people = People(chosen=CHOSEN, held=Held(memory, remembered), found=None, has_units=False)
    people.put(list(rows))
    people.end()
    return people


def _row(user: str, address: str) -> dict[str, Any]:
    return {"id": user, "primaryEmail": f"{address}@corp.example"}


def test_a_list_that_shows_a_user_twice_is_not_what_the_next_one_is_held_against() -> None:
    ends = [f"u{number}" for number in range(5_000) if ends_stretch(f"u{number}")]
    one, two = ends[:2]  # each ends a stretch, and so is one
    twice = _people(None, _row(one, "old"), _row(two, "two"), _row(one, "new"))
    assert twice.held.hashes == set()
    memory = Memory("", {**twice.held.changed, STRETCHES: stretches_text(twice.held.hashes)})
    back = _people(memory, _row(one, "old"), _row(two, "two"))
    assert set(back.held.changed) == {f"user {one}"}
    assert back.held.known == 2


def test_who_comes_in_between_leaves_the_other_stretches_as_they_were() -> None:
    rows = [_row(f"u{number:05}", f"u{number:05}") for number in range(3_000)]
    before = _people(None, *rows)
    after = _people(None, *rows[:1_000], _row("new", "u00999z"), *rows[1_000:])
    assert len(before.held.hashes) > 5
    assert len(after.held.hashes - before.held.hashes) == 1
