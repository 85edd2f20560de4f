"""Whoever is missing from a listing is asked for before being taken for gone."""

from dataclasses import replace

import pytest

from scim_bridge.errors import BridgeError, CredentialsRefused, SourceUnreadable
from scim_bridge.model.source import Memory, SourceChanges
from scim_bridge.sandbox.google.fault import GoogleFault
from scim_bridge.sandbox.google.server import ADMIN_ID, GoogleSandbox
from scim_bridge.source.google.source import GoogleSource
from tests.source.google.account import TODAY, ids, read, source


@pytest.fixture
def followed(google: GoogleSandbox) -> tuple[GoogleSource, Memory]:
    for number in range(6):
        google.directory.put_user(f"u{number}")
        google.directory.put_group(f"g{number}")
    chosen = source(google)
    return chosen, read(chosen)[1]


def test_who_was_deleted_is_gone(google: GoogleSandbox, followed: tuple[GoogleSource, Memory]) -> None:
    google.directory.delete_user("u1")
    google.directory.delete_user("u2")
    google.directory.purge_user("u2")
    google.directory.delete_group("g1")
    google.forget_requests()
    shown, _ = read(*followed)
    assert ids(shown) == {ADMIN_ID, "u0", "u3", "u4", "u5"}
    # One is in the list of the deleted, so only the other is asked for.
    assert google.counts["GET users/{id}"] == 1


@pytest.mark.parametrize("path", ["users", "groups"])
def test_a_list_that_is_empty_or_cut_is_not_believed(
    google: GoogleSandbox, followed: tuple[GoogleSource, Memory], path: str
) -> None:
    google.fail(GoogleFault("empty_list", path, query="orderBy", left=1))
    with pytest.raises(SourceUnreadable, match=f"list of {path} is not whole"):
        read(*followed)


def test_a_page_that_says_it_is_the_last_is_not_believed(
    google: GoogleSandbox, followed: tuple[GoogleSource, Memory]
) -> None:
    google.knobs = replace(google.knobs, page_cap=2)
    google.fail(GoogleFault("short_list", "users", query="orderBy", skip=1, left=1))
    with pytest.raises(SourceUnreadable, match="list of users is not whole"):
        read(*followed)


def test_an_address_given_to_somebody_new_brings_nobody_back(
    google: GoogleSandbox, followed: tuple[GoogleSource, Memory]
) -> None:
    google.directory.delete_user("u1")
    google.directory.put_user("new", primaryEmail="u1@corp.example")
    shown, _ = read(*followed)
    assert "u1" not in ids(shown)
    assert "new" in ids(shown)


def test_any_other_answer_proves_nothing(google: GoogleSandbox, followed: tuple[GoogleSource, Memory]) -> None:
    google.directory.delete_user("u1")
    google.directory.purge_user("u1")
    google.fail(GoogleFault("forbidden", "users/u1"))
    with pytest.raises(CredentialsRefused):
        read(*followed)


def test_who_moved_to_another_domain_than_the_one_that_is_read_is_gone(google: GoogleSandbox) -> None:
    google.directory.put_user("u1")
    chosen = source(google, customer="", domain="corp.example")
    _, memory = read(chosen)
    google.directory.put_user("u1", primaryEmail="u1@other.example")
    assert ids(read(chosen, memory)[0]) == {ADMIN_ID}


def test_a_group_deleted_while_members_are_read_is_gone(
    google: GoogleSandbox, followed: tuple[GoogleSource, Memory]
) -> None:
    google.fail(GoogleFault("not_found", "groups/g1/members"))
    with pytest.raises(BridgeError, match="knows group g1"):
        read(*followed)
    google.fail(GoogleFault("not_found", "groups/g1"))
    assert "g1" not in {group.id for group in read(*followed)[0].groups}


def test_a_list_of_members_that_is_cut_is_not_believed_and_who_left_is_asked_for(google: GoogleSandbox) -> None:
    for number in range(6):
        google.directory.put_user(f"u{number}")
    google.directory.put_group("g1")
    for number in range(6):
        google.directory.add_member("g1", f"u{number}")
    chosen = source(google)
    _, memory = read(chosen)
    google.fail(GoogleFault("short_list", "groups/g1/members", left=1))
    google.knobs = replace(google.knobs, page_cap=2)
    with pytest.raises(SourceUnreadable, match="list of members of group g1 is not whole: member u2"):
        chosen.changes(TODAY, memory)
    google.fail(GoogleFault("short_list", "groups/g1/members", left=1))
    with pytest.raises(SourceUnreadable, match="list of members of group g1 is not whole"):
        read(chosen, memory)
    google.fail()
    google.directory.remove_member("g1", "u1")
    google.directory.delete_user("u2")  # gone for good, so not asked for in the group
    google.forget_requests()
    found = chosen.changes(TODAY, memory)
    assert isinstance(found, SourceChanges)
    assert set(found.members["g1"][0]) == {"u0", "u3", "u4", "u5"}
    assert google.counts["GET groups/{id}/members/u1"] == 1


def test_an_empty_list_is_not_believed_by_a_first_reading_either(google: GoogleSandbox) -> None:
    google.fail(GoogleFault("empty_list", "users"))
    with pytest.raises(SourceUnreadable, match="as whom it was read, is not in it"):
        read(source(google))
