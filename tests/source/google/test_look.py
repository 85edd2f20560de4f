"""One who is named is asked for by id, with the groups around; everything is read where more than that has a say."""

import pytest

from scim_bridge.config.source import GoogleScope
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.source import Memory, SourceChanges, SourceReading
from scim_bridge.sandbox.google.fault import GoogleFault
from scim_bridge.sandbox.google.server import GoogleSandbox
from scim_bridge.source.google.source import GoogleSource
from tests.source.google.account import TODAY, read, source

ANN, DEV = SourceKey("user", "ann"), SourceKey("group", "dev")


@pytest.fixture
def followed(google: GoogleSandbox) -> tuple[GoogleSource, Memory]:
    there = google.directory
    there.put_user("boss", aliases=["chief@corp.example"])
    there.put_user("ann", relations=[{"type": "manager", "value": "boss@corp.example"}])
    for group in ("dev", "all", "inner"):
        there.put_group(group)
    there.add_member("dev", "ann")
    there.add_member("dev", "inner")
    there.add_member("all", there.customer)
    chosen = source(google)
    memory = read(chosen)[1]
    google.forget_requests()
    return chosen, memory


def _asked(followed: tuple[GoogleSource, Memory], *keys: SourceKey) -> SourceChanges:
    found = followed[0].ask(TODAY, followed[1], keys)
    assert isinstance(found, SourceChanges)
    return found


def test_a_user_costs_a_request_one_for_the_groups_and_one_for_the_manager(
    google: GoogleSandbox, followed: tuple[GoogleSource, Memory]
) -> None:
    google.directory.put_user("ann", relations=[{"type": "manager", "value": "chief@corp.example"}], title="x")
    google.directory.put_group("new")
    google.directory.add_member("new", "ann")
    google.directory.remove_member("dev", "ann")
    found = _asked(followed, ANN)
    (ann,) = found.records[ANN]
    assert (ann.attributes["manager"], ann.raw["manager"]) == ("boss", "chief@corp.example")
    # A group that no run has seen yet is read with its members; whoever is in the account is in the other one.
    assert set(found.memberships["ann"]) == {"new", "all"}
    assert found.members["new"] == (("ann",), ())
    counts = dict(google.counts)
    assert counts == {"GET users/{id}": 2, "GET groups": 1, "GET groups/{id}/members": 2}


def test_a_group_costs_a_request_and_its_pages(google: GoogleSandbox, followed: tuple[GoogleSource, Memory]) -> None:
    google.directory.add_member("dev", "boss")
    google.directory.add_external("dev", "kim@mail.example")
    assert _asked(followed, DEV).members["dev"] == (("ann", "boss"), ("inner",))
    assert dict(google.counts) == {"GET groups/{id}": 1, "GET groups/{id}/members": 1}


def test_who_is_deleted_is_gone_and_any_other_answer_ends_the_look(
    google: GoogleSandbox, followed: tuple[GoogleSource, Memory]
) -> None:
    google.directory.delete_user("ann")
    google.directory.delete_group("dev")
    found = _asked(followed, ANN, DEV)
    assert (found.records, found.members) == ({ANN: (), DEV: ()}, {"dev": ((), ())})


def test_a_manager_who_may_not_be_asked_for_is_looked_for_among_all(
    google: GoogleSandbox, followed: tuple[GoogleSource, Memory]
) -> None:
    google.fail(GoogleFault("forbidden", "users/boss@corp.example"))
    found = followed[0].ask(TODAY, followed[1], [ANN])
    assert isinstance(found, SourceReading)
    assert next(record for record in found.snapshot.users if record.id == "ann").attributes["manager"] == "boss"


def test_a_group_with_everyone_in_it_is_decided_by_everyone(followed: tuple[GoogleSource, Memory]) -> None:
    assert isinstance(followed[0].ask(TODAY, followed[1], [SourceKey("group", "all")]), SourceReading)


def test_a_look_never_says_that_someone_has_left_a_scope_of_groups(google: GoogleSandbox) -> None:
    """The group that Ann is in now may have come into the scope since, by a group that no one asked about."""
    there = google.directory
    there.put_user("ann")
    for group in ("aws-dev", "team", "other"):
        there.put_group(group)
    there.add_member("aws-dev", "team")
    there.add_member("team", "ann")
    chosen = source(google, scope=GoogleScope(groups=("aws-*",)))
    memory = read(chosen)[1]
    found = chosen.ask(TODAY, memory, [ANN])
    assert isinstance(found, SourceChanges)
    assert (len(found.records[ANN]), set(found.memberships["ann"])) == (1, {"team"})
    there.remove_member("team", "ann")
    there.add_member("other", "ann")
    there.add_member("aws-dev", "other")
    reading = chosen.ask(TODAY, memory, [ANN])
    assert isinstance(reading, SourceReading)
    assert [record.id for record in reading.snapshot.users] == ["ann"]
