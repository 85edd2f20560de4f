"""Reading by changes: what it costs, and that it shows what reading everything shows."""

from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.sandbox.entra.directory import Directory
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.server import EntraSandbox
from tests.organization import organization
from tests.source.entra.tenant import Tenant, attribute, members, read, shown, source


def the_company(directory: Directory) -> None:
    """Three people, one of them the manager of another; a team in a department, and a club that is empty."""
    directory.seed(
        {
            "users": [{"id": "ann", "manager": "cho"}, {"id": "bob", "jobTitle": "Engineer"}, {"id": "cho"}],
            "groups": [
                {"id": "team", "displayName": "Team", "members": ["ann", "bob"]},
                {"id": "department", "displayName": "Department", "members": ["team", "cho"]},
                {"id": "club", "displayName": "Club", "groupTypes": ["Unified"]},
            ],
        }
    )


CHURN: dict[str, list[tuple[Any, ...]]] = {
    "nothing": [],
    "a joiner in a team": [("put_user", "dee"), ("add_member", "team", "dee")],
    "a joiner in no team": [("put_user", "dee")],
    "a leaver": [("delete_user", "ann")],
    "a leaver who is purged at once": [("purge_user", "bob")],
    "a manager who leaves": [("delete_user", "cho")],
    "a leaver restored between two runs": [("delete_user", "ann"), ("restore_user", "ann")],
    "a promotion": [("put_user", "bob", {"jobTitle": "Lead"})],
    "a title taken away": [("put_user", "bob", {"jobTitle": None})],
    "a rename": [("put_user", "ann", {"userPrincipalName": "a.new@corp.example", "surname": "New"})],
    "a lock": [("put_user", "ann", {"accountEnabled": False})],
    "another manager": [("set_manager", "ann", "bob")],
    "no manager any more": [("set_manager", "ann", None)],
    "a first manager": [("set_manager", "bob", "cho")],
    "someone leaves a team": [("remove_member", "team", "bob")],
    "someone joins a team": [("add_member", "team", "cho")],
    "the last one leaves a team": [("remove_member", "team", "ann"), ("remove_member", "team", "bob")],
    "a team renamed": [("put_group", "team", {"displayName": "Crew"})],
    "a team taken out of its department": [("remove_member", "department", "team")],
    "two teams that contain each other": [("add_member", "team", "department")],
    "a team dissolved": [("delete_group", "team")],
    "a new team": [("put_group", "new"), ("add_member", "new", "bob")],
    "a device joins a team": [("put_device", "pc"), ("add_member", "team", "pc")],
}


def do(directory: Directory, deed: str, *of: Any) -> None:
    """One thing that an administrator does; properties last."""
    properties = of[-1] if isinstance(of[-1], dict) else {}
    getattr(directory, deed)(*(part for part in of if not isinstance(part, dict)), **properties)


@pytest.mark.parametrize("happens", CHURN.values(), ids=CHURN.keys())
def test_after_a_change_an_incremental_reading_shows_what_a_whole_one_shows(
    entra: EntraSandbox, happens: list[tuple[Any, ...]]
) -> None:
    the_company(entra.directory)
    reader = source(entra)
    _, memory = read(reader)
    for deed in happens:
        do(entra.directory, *deed)
    entra.forget_requests()
    by_changes, after = read(reader, memory)
    assert entra.counts.graph <= 3
    assert shown(by_changes) == shown(read(source(entra))[0])
    assert shown(read(reader, after)[0]) == shown(by_changes)


def test_a_leaver_who_returns_from_the_deleted_items_is_in_the_same_groups_again(entra: EntraSandbox) -> None:
    the_company(entra.directory)
    reader = source(entra)
    _, memory = read(reader)
    entra.directory.delete_user("ann")
    gone, memory = read(reader, memory)
    assert members(gone, "team") == {"bob"}
    entra.directory.restore_user("ann")
    back, _ = read(reader, memory)
    assert members(back, "team") == {"ann", "bob"}
    assert attribute(back, "user", "ann", "manager") == "cho"
    assert shown(back) == shown(read(source(entra))[0])


def test_a_group_that_returns_from_the_deleted_items_has_its_members_and_its_place_again(entra: EntraSandbox) -> None:
    the_company(entra.directory)
    entra.directory.add_member("club", "bob")
    entra.directory.add_member("department", "club")
    reader = source(entra)
    _, memory = read(reader)
    entra.directory.delete_group("club")
    _, memory = read(reader, memory)
    entra.directory.restore_group("club")
    back, _ = read(reader, memory)
    assert members(back, "club") == {"bob"}
    assert shown(back) == shown(read(source(entra))[0])


def test_an_idle_run_asks_graph_twice_and_learns_nothing(entra: EntraSandbox) -> None:
    Tenant(entra).become(organization(50, 10))
    reader = source(entra)
    _, memory = read(reader)
    entra.forget_requests()
    reading = reader.read("2027-03-14", memory)
    assert entra.counts.graph == 2
    assert reading.learned is not None
    assert (reading.learned.entries, reading.learned.is_whole, reading.learned.reason) == ({}, False, "")


@pytest.mark.parametrize("knobs", [
    EntraKnobs(scattered=True, delta_page=7, delta_members=5),
    EntraKnobs(duplicates=True, delta_page=7),
    EntraKnobs(replays=40, duplicates=True),
    EntraKnobs(history=True, scattered=True),
    EntraKnobs(empty_pages=True, delta_page=5),
    EntraKnobs(removed_at_first=True, deletions_as_removals=True),
], ids=["scattered", "duplicates", "replays", "history", "empty pages", "removals at first"])  # fmt: skip
def test_however_graph_deals_out_a_round_the_reading_is_the_same(entra: EntraSandbox, knobs: EntraKnobs) -> None:
    random, there = Random(7), organization(40, 12)
    tenant = Tenant(entra)
    tenant.become(there)
    entra.knobs = knobs
    reader = source(entra)
    _, memory = read(reader)
    for _ in range(5):
        there.churn(random, steps=6)
        tenant.become(there)
        by_changes, memory = read(reader, memory)
        assert shown(by_changes)[:3] == shown(read(source(entra, reads_changes=False))[0])[:3]


IN_PIECES = EntraKnobs(scattered=True, delta_page=3, delta_members=2)


@given(seed=st.integers(0, 2**32), steps=st.lists(st.integers(0, 12), min_size=1, max_size=4))
def test_whatever_an_organization_goes_through_reading_changes_shows_what_reading_everything_shows(
    emulator: EntraSandbox, seed: int, steps: list[int]
) -> None:
    emulator.reset(IN_PIECES)
    random, there = Random(seed), organization(8, 5, seed)
    tenant = Tenant(emulator)
    tenant.become(there)
    reader = source(emulator)
    _, memory = read(reader)
    for count in steps:
        there.churn(random, count)
        tenant.become(there)
        by_changes, memory = read(reader, memory)
    assert shown(by_changes) == shown(read(source(emulator))[0])


WHO, WHERE = st.sampled_from("abcde"), st.sampled_from("XYZ")
DEED = st.one_of(
    st.tuples(st.just("put_user"), WHO),
    st.tuples(st.just("delete_user"), WHO),
    st.tuples(st.just("purge_user"), WHO),
    st.tuples(st.just("restore_user"), WHO),
    st.tuples(st.just("set_manager"), WHO, st.one_of(st.none(), WHO)),
    st.tuples(st.just("put_group"), WHERE),
    st.tuples(st.just("delete_group"), WHERE),
    st.tuples(st.just("restore_group"), WHERE),
    st.tuples(st.just("add_member"), WHERE, st.one_of(WHO, WHERE)),
    st.tuples(st.just("remove_member"), WHERE, st.one_of(WHO, WHERE)),
    st.just(("read",)),
)


@given(deeds=st.lists(DEED, min_size=3, max_size=40), is_restorable=st.booleans())
def test_whatever_an_administrator_does_reading_changes_shows_what_reading_everything_shows(
    emulator: EntraSandbox, deeds: list[tuple[Any, ...]], is_restorable: bool
) -> None:
    emulator.reset(IN_PIECES)
    administrator = Administrator(emulator.directory, {"groupTypes": ["Unified"]} if is_restorable else {})
    for who in "abc":
        administrator.do("put_user", who)
    for where in "XY":
        administrator.do("put_group", where)
    reader = source(emulator)
    _, memory = read(reader)
    for deed, *of in deeds:
        if deed == "read":
            _, memory = read(reader, memory)
        else:
            administrator.do(deed, *of)
    assert shown(read(reader, memory)[0]) == shown(read(source(emulator))[0])


@dataclass(frozen=True)
class Administrator:
    """Does what Graph would allow; the rest is left undone. of_groups: properties of every group."""

    directory: Directory
    of_groups: dict[str, Any]

    def do(self, deed: str, *of: str | None) -> None:
        store = self.directory.store
        if deed.endswith("member") and not all(store.alive(who) for who in of if who):
            return
        with suppress(KeyError, ValueError):
            getattr(self.directory, deed)(*of, **(self.of_groups if deed == "put_group" else {}))


@pytest.mark.parametrize("refusal", ["syncStateNotFound", "resyncRequired", "gone"])
def test_a_position_that_graph_has_given_up_leads_to_one_whole_reading_that_says_why(
    entra: EntraSandbox, refusal: str
) -> None:
    the_company(entra.directory)
    reader = source(entra)
    _, memory = read(reader)
    entra.directory.delete_user("bob")
    entra.expire_delta_links(refusal)
    reading = reader.read("2027-03-14", memory)
    assert reading.learned is not None
    assert reading.learned.is_whole
    assert "Graph has given up the position up to which it was read" in reading.learned.reason
    assert {user.id for user in reading.snapshot.users} == {"ann", "cho"}
    assert "user bob" not in reading.learned.entries


def test_a_page_that_graph_has_forgotten_lets_the_whole_reading_begin_once_more(entra: EntraSandbox) -> None:
    the_company(entra.directory)
    entra.knobs = EntraKnobs(delta_page=1)
    entra.fail(EntraFault("expired_page", "users/delta", query="skiptoken", left=1))
    snapshot, _ = read(source(entra))
    assert len(snapshot.users) == 3


def test_a_joiner_is_read_although_we_may_not_ask_for_the_joiners_groups(entra: EntraSandbox) -> None:
    the_company(entra.directory)
    reader = source(entra)
    _, memory = read(reader)
    entra.directory.put_user("dee")
    entra.directory.add_member("team", "dee")
    entra.fail(EntraFault("forbidden", "users/dee/memberOf"))
    assert members(read(reader, memory)[0], "team") == {"ann", "bob", "dee"}


def test_many_joiners_are_asked_about_twenty_a_request(entra: EntraSandbox) -> None:
    the_company(entra.directory)
    reader = source(entra)
    _, memory = read(reader)
    for number in range(45):
        entra.directory.put_user(f"new{number}")
    entra.forget_requests()
    read(reader, memory)
    assert entra.counts.graph == 2 + 3


def test_a_part_of_a_batch_that_is_throttled_is_asked_again(entra: EntraSandbox) -> None:
    the_company(entra.directory)
    reader = source(entra)
    _, memory = read(reader)
    for number in range(3):
        entra.directory.put_user(f"new{number}")
        entra.directory.add_member("team", f"new{number}")
    entra.fail(EntraFault("throttle", "users/new1/memberOf", retry_after=9, left=2))
    assert shown(read(reader, memory)[0]) == shown(read(source(entra))[0])
