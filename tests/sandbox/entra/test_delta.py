"""Change tracking of users and groups: what appears in a round, in which form, and how links end."""

from collections.abc import Iterator
from typing import Any

import pytest

from scim_bridge.sandbox.entra.directory import Directory
from scim_bridge.sandbox.entra.knobs import WEEK
from scim_bridge.sandbox.entra.server import EntraSandbox
from tests.sandbox.entra.conftest import Caller, code

Row = dict[str, Any]
MANY = [f"u{number:03}" for number in range(250)]


@pytest.fixture
def directory(graph: Caller) -> Directory:
    """Three people, a group of two of them and an empty one."""
    directory = graph.entra.directory
    directory.seed(
        {
            "users": [{"id": "a", "department": "R&D", "manager": "b"}, {"id": "b"}, {"id": "c"}],
            "groups": [{"id": "g", "members": ["a", "b"]}, {"id": "h"}],
        }
    )
    return directory


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


def members(rows: list[Row], group: str = "g") -> list[str]:
    """Membership changes of a group in stream order, removals with a minus."""
    changes = [change for row in rows if row["id"] == group for change in row.get("members@delta", ())]
    return [("-" if "@removed" in change else "") + change["id"] for change in changes]


def test_a_first_round_is_the_full_state_and_ends_in_a_delta_link(graph: Caller, directory: Directory) -> None:
    pages = graph.pages("users/delta?$select=department,manager")
    assert pages[-1]["value"] == [
        {"id": "a", "department": "R&D", "manager@delta": [{"@odata.type": "#microsoft.graph.user", "id": "b"}]},
        {"id": "b"},
        {"id": "c"},
    ], "what was never set is missing"
    assert pages[-1]["@odata.deltaLink"].startswith(f"{graph.entra.graph}/v1.0/users/delta?$deltatoken=")
    assert "@odata.nextLink" not in pages[-1]


def test_a_round_without_changes_is_empty_and_gives_a_link_again(graph: Caller, directory: Directory) -> None:
    _, link = graph.delta("users/delta")
    rows, again = graph.delta(link)
    assert rows == []
    directory.put_user("c", displayName="Chie")
    assert ids(graph.delta(again)[0]) == ids(graph.delta(link)[0]) == ["c"]


def test_only_a_selected_property_makes_a_user_appear_with_all_selected_ones(
    graph: Caller, directory: Directory
) -> None:
    _, link = graph.delta("users/delta?$select=displayName,department")
    directory.put_user("a", jobTitle="Lead")
    directory.put_user("b", department=None)
    assert graph.delta(link)[0] == []
    directory.put_user("a", department=None)
    assert graph.delta(link)[0] == [{"id": "a", "displayName": "a", "department": None}], "cleared is null"


def test_minimal_shows_what_changed_alone(graph: Caller, directory: Directory) -> None:
    _, link = graph.delta("users/delta?$select=displayName,department,jobTitle")
    directory.put_user("a", jobTitle="Lead")
    assert graph.delta(link, Prefer="return=minimal")[0] == [{"id": "a", "jobTitle": "Lead"}]
    directory.put_user("d", department="Sales")
    assert graph.delta(link, Prefer="return=minimal")[0][1] == {"id": "d", "displayName": "d", "department": "Sales"}


def test_deleted_restored_and_purged_users_are_told_apart(graph: Caller, directory: Directory) -> None:
    _, link = graph.delta("users/delta?$select=displayName")
    directory.delete_user("a")
    rows, link = graph.delta(link)
    assert rows == [{"id": "a", "@removed": {"reason": "changed"}}]
    directory.restore_user("a")
    directory.delete_user("b")
    rows, link = graph.delta(link)
    assert rows == [{"id": "a", "displayName": "a"}, {"id": "b", "@removed": {"reason": "changed"}}]
    directory.purge_user("b")
    assert graph.delta(link)[0] == [{"id": "b", "@removed": {"reason": "deleted"}}]


def test_a_first_round_leaves_the_deleted_out_unless_told(graph: Caller, directory: Directory) -> None:
    directory.delete_user("a")
    assert ids(graph.delta("users/delta")[0]) == ["b", "c"]
    graph.set(removed_at_first=True)
    assert graph.delta("users/delta?$select=id")[0][0] == {"id": "a", "@removed": {"reason": "changed"}}


def test_memberships_come_as_changes_of_the_group(graph: Caller, directory: Directory) -> None:
    rows, link = graph.delta("groups/delta?$select=displayName,members")
    assert members(rows) == ["a", "b"]
    assert rows[1] == {"id": "h", "displayName": "h"}, "no members, no key"
    directory.remove_member("g", "a")
    directory.add_member("g", "h")
    [row], link = graph.delta(link)
    assert row["members@delta"] == [
        {"@odata.type": "#microsoft.graph.user", "id": "a", "@removed": {"reason": "deleted"}},
        {"@odata.type": "#microsoft.graph.group", "id": "h"},
    ]
    directory.put_group("g", displayName="G")
    assert graph.delta(link)[0] == [{"id": "g", "displayName": "G"}], "no membership changed, no key"


def test_memberships_are_tracked_when_selected_or_when_nothing_is(graph: Caller, directory: Directory) -> None:
    assert members(graph.delta("groups/delta")[0]) == ["a", "b"]
    _, link = graph.delta("groups/delta?$select=displayName")
    directory.remove_member("g", "a")
    assert graph.delta(link)[0] == []


def test_a_deleted_user_does_not_show_as_removed_from_groups_unless_told(graph: Caller, directory: Directory) -> None:
    _, link = graph.delta("groups/delta?$select=members")
    directory.delete_user("a")
    assert graph.delta(link)[0] == []
    assert members(graph.delta("groups/delta?$select=members")[0]) == ["b"]
    graph.set(deletions_as_removals=True)
    directory.delete_user("b")
    rows, link = graph.delta(link)
    assert members(rows) == ["-b"]
    directory.restore_user("b")
    assert members(graph.delta(link)[0]) == ["b"]


def test_hidden_memberships_are_not_told_without_the_permission(graph: Caller, directory: Directory) -> None:
    directory.put_group("g", visibility="HiddenMembership")
    assert members(graph.delta("groups/delta?$select=members")[0]) == []
    graph.set(roles=("GroupMember.Read.All", "Member.Read.Hidden"))
    assert members(graph.delta("groups/delta?$select=members")[0]) == ["a", "b"]


def test_a_deleted_group_is_gone_for_good_if_it_is_a_security_group(graph: Caller, directory: Directory) -> None:
    directory.put_group("m365", groupTypes=["Unified"])
    _, link = graph.delta("groups/delta?$select=displayName")
    directory.delete_group("g")
    directory.delete_group("m365")
    rows, link = graph.delta(link)
    assert {row["id"]: row["@removed"]["reason"] for row in rows} == {"g": "deleted", "m365": "changed"}
    directory.restore_group("m365")
    assert ids(graph.delta(link)[0]) == ["m365"]


def test_a_manager_s_change_shows_as_a_change_of_the_user(graph: Caller, directory: Directory) -> None:
    _, link = graph.delta("users/delta?$select=manager")
    directory.set_manager("a", None)
    directory.set_manager("c", "b")
    first, second = graph.delta(link)[0]
    assert first["manager@delta"][0]["@removed"] == {"reason": "deleted"}
    assert (second["id"], second["manager@delta"][0]["id"]) == ("c", "b")


def test_latest_gives_a_link_and_no_rows(graph: Caller, directory: Directory) -> None:
    rows, link = graph.delta("users/delta?$select=department&$deltatoken=latest")
    assert rows == []
    directory.put_user("a", department="Sales")
    directory.put_user("b", jobTitle="Lead")
    assert graph.delta(link)[0] == [{"id": "a", "department": "Sales"}]


def test_a_filter_by_id_tracks_those_objects_alone(graph: Caller, directory: Directory) -> None:
    rows, link = graph.delta("users/delta?$filter=id eq 'a' or id eq 'c'")
    assert ids(rows) == ["a", "c"]
    directory.put_user("b", displayName="B")
    directory.put_user("c", displayName="C")
    assert ids(graph.delta(link)[0]) == ["c"]
    many = " or ".join(f"id eq '{number}'" for number in range(51))
    assert code(graph.get(f"users/delta?$filter={many}")) == (400, "BadRequest")
    assert code(graph.get("users/delta?$filter=mail eq 'a'")) == (400, "BadRequest")


@pytest.mark.parametrize("option", ["$top=5", "$expand=manager", "$orderby=id", "$search=a", "$count=true"])
def test_options_that_a_delta_does_not_take_are_refused(graph: Caller, option: str) -> None:
    assert graph.get(f"users/delta?{option}").status_code == 400


@pytest.mark.parametrize(
    "path", ["users/delta?$select=nickname", "users/delta?$select=skills", "groups/delta?$select=manager"]
)
def test_properties_that_cannot_be_tracked_are_refused(graph: Caller, path: str) -> None:
    assert code(graph.get(path)) == (400, "BadRequest")


def test_a_large_group_comes_in_parts_over_several_pages(graph: Caller, directory: Directory) -> None:
    directory.seed({"users": [{"id": user} for user in MANY], "groups": [{"id": "big", "members": MANY}]})
    graph.set(delta_members=100)
    pages = graph.pages("groups/delta?$select=displayName,members")
    shown = [[row["id"] for row in page["value"]] for page in pages]
    assert shown == [["g", "h"], ["big"], ["big"], ["big"]]
    rows = [row for page in pages for row in page["value"]]
    assert members(rows, "big") == MANY
    graph.set(scattered=True, delta_members=1)
    rows, _ = graph.delta("groups/delta?$select=members&$filter=id eq 'g' or id eq 'big'")
    assert ids(rows)[:4] == ["g", "big", "g", "big"]
    assert members(rows, "big") == MANY


def test_a_later_round_tells_many_membership_changes_in_parts_as_well(graph: Caller, directory: Directory) -> None:
    directory.seed({"users": [{"id": user} for user in MANY], "groups": [{"id": "big", "members": MANY[:200]}]})
    _, link = graph.delta("groups/delta?$select=displayName,members")
    for user in MANY[:120]:
        directory.remove_member("big", user)
    for user in MANY[200:]:
        directory.add_member("big", user)
    graph.set(delta_members=50)
    pages = graph.pages(link)
    assert [len(row["members@delta"]) for page in pages for row in page["value"]] == [50, 50, 50, 20]
    told = members([row for page in pages for row in page["value"]], "big")
    assert told == [f"-{user}" for user in MANY[:120]] + MANY[200:]


def test_the_delta_link_comes_on_the_last_page_alone_and_a_next_link_on_each_other(
    graph: Caller, directory: Directory
) -> None:
    directory.seed({"users": [{"id": user} for user in MANY], "groups": [{"id": "big", "members": MANY}]})
    graph.set(delta_members=100, empty_pages=True)
    pages = graph.pages("groups/delta?$select=members")
    links = [[name for name in page if name.endswith("Link")] for page in pages]
    assert links == [["@odata.nextLink"]] * (len(pages) - 1) + [["@odata.deltaLink"]]
    assert len(pages) > 3


def test_who_leaves_a_large_group_while_its_pages_are_read_is_told_in_the_next_round(
    graph: Caller, directory: Directory
) -> None:
    directory.seed({"users": [{"id": user} for user in MANY], "groups": [{"id": "big", "members": MANY}]})
    graph.set(delta_members=100)
    first = graph.get("groups/delta?$select=members").json()
    directory.remove_member("big", MANY[-1])
    directory.add_member("big", "a")
    rows, link = graph.delta(first["@odata.nextLink"])
    assert members(rows, "big") == MANY, "as it was when the round began"
    assert members(graph.delta(link)[0], "big") == [f"-{MANY[-1]}", "a"]


def test_pages_hold_so_many_rows_and_empty_ones_come_between(graph: Caller, directory: Directory) -> None:
    graph.set(delta_page=2, empty_pages=True)
    pages = graph.pages("users/delta?$select=id")
    assert [len(page["value"]) for page in pages] == [2, 0, 1]
    assert [page["@odata.context"].rpartition("#")[2] for page in pages] == ["users"] * 3


def test_a_page_asked_for_again_is_the_same(graph: Caller, directory: Directory) -> None:
    graph.set(delta_page=1)
    link = graph.get("users/delta?$select=id").json()["@odata.nextLink"]
    assert graph.get(link).json()["value"] == graph.get(link).json()["value"] == [{"id": "b"}]


def test_objects_come_twice_and_changes_again(graph: Caller, directory: Directory) -> None:
    graph.set(duplicates=True)
    rows, link = graph.delta("users/delta?$select=id")
    assert ids(rows) == ["a", "b", "c", "a", "c"]
    graph.set(duplicates=False, replays=10)
    assert set(ids(graph.delta(link)[0])) <= {"a", "b", "c"}
    assert ids(graph.delta(link)[0])


def test_every_membership_change_comes_in_order_or_only_the_last_of_each(graph: Caller, directory: Directory) -> None:
    _, link = graph.delta("groups/delta?$select=members")
    for _ in range(2):
        directory.remove_member("g", "a")
        directory.add_member("g", "a")
    assert members(graph.delta(link)[0]) == ["a"]
    graph.set(history=True)
    assert members(graph.delta(link)[0]) == ["-a", "a", "-a", "a"]


@pytest.mark.parametrize("endless", ["same", "new"])
def test_a_round_that_never_ends(graph: Caller, directory: Directory, endless: str) -> None:
    graph.set(endless=endless)
    links = [page["@odata.nextLink"] for page in graph.pages("users/delta?$select=id")]
    assert len(links) == 1_000
    assert len(set(links)) == (1 if endless == "same" else 1_000)


def test_changes_between_two_pages_are_told_in_the_next_round(graph: Caller, directory: Directory) -> None:
    graph.set(delta_page=2)
    first = graph.get("users/delta?$select=displayName").json()
    directory.put_user("a", displayName="Aya")
    _, link = graph.delta(first["@odata.nextLink"])
    assert graph.delta(link)[0] == [{"id": "a", "displayName": "Aya"}]


def test_a_change_shows_after_the_lag_in_lists_and_deltas_alike(graph: Caller, directory: Directory) -> None:
    _, link = graph.delta("users/delta?$select=id")
    graph.set(lag=3_600)
    directory.put_user("d")
    assert graph.delta(link)[0] == []
    assert "d" not in graph.ids("users")
    graph.set(lag=0)
    directory.put_user("e")
    assert ids(graph.delta(link)[0]) == ["e"], "the one still waits, the other does not"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def later(clock: Clock) -> Iterator[Caller]:
    """A client of a sandbox that has a clock of its own."""
    with EntraSandbox(clock=clock) as entra:
        caller = Caller(entra)
        yield caller
        caller.http.close()


def test_a_link_lives_seven_days(later: Caller, clock: Clock) -> None:
    _, link = later.delta("users/delta?$select=id")
    clock.now += WEEK - 1
    later.set(token_lifetime=3_600)
    assert later.get(link).status_code == 200
    clock.now += 2
    assert code(later.get(link)) == (400, "syncStateNotFound")
    later.set(expired_delta="gone")
    answer = later.get(link)
    assert (answer.status_code, answer.headers["location"]) == (
        410,
        f"{later.entra.graph}/v1.0/users/delta?$deltatoken=",
    )


@pytest.mark.parametrize(
    ("refusal", "status"), [("syncStateNotFound", 400), ("resyncRequired", 400), ("gone", 410), (None, 400)]
)
def test_links_given_out_so_far_are_refused_and_later_ones_are_not(
    graph: Caller, directory: Directory, refusal: str | None, status: int
) -> None:
    _, link = graph.delta("users/delta?$select=id")
    graph.entra.expire_delta_links(refusal)
    assert graph.get(link).status_code == status
    _, link = graph.delta("users/delta?$select=id")
    assert graph.get(link).status_code == 200


@pytest.mark.parametrize("path", ["users/delta", "groups/delta"])
@pytest.mark.parametrize("refusal", ["syncStateNotFound", "resyncRequired", "gone"])
def test_after_a_refusal_the_way_back_is_a_whole_round(
    graph: Caller, directory: Directory, path: str, refusal: str
) -> None:
    rows, link = graph.delta(f"{path}?$select=displayName")
    graph.entra.expire_delta_links(refusal)
    answer = graph.get(link)
    if refusal == "gone":
        assert code(answer) == (410, "syncStateNotFound")
        assert answer.headers["location"] == f"{graph.entra.graph}/v1.0/{path}?$deltatoken="
    else:
        assert code(answer) == (400, refusal)
        assert "location" not in answer.headers
    again, link = graph.delta(f"{path}?$select=displayName")
    assert again == rows
    assert graph.delta(link)[0] == []


def test_a_next_link_outlives_the_end_of_delta_links_and_its_own_delta_link_does_not(
    graph: Caller, directory: Directory
) -> None:
    graph.set(delta_page=2)
    first = graph.get("users/delta?$select=id").json()
    graph.entra.expire_delta_links()
    rows, link = graph.delta(first["@odata.nextLink"])
    assert ids(rows) == ["c"]
    assert graph.delta(link)[0] == []


def test_a_link_that_was_never_given_out_for_this_is_refused(graph: Caller, directory: Directory) -> None:
    _, link = graph.delta("users/delta?$select=id")
    for wrong in (
        f"{link}A",
        link.replace("/users/", "/groups/"),
        f"{graph.entra.graph}/v1.0/users/delta?$skiptoken=AAAA",
    ):
        assert code(graph.get(wrong)) == (400, "syncStateNotFound")
    assert graph.get(f"{link}&$skiptoken=A").status_code == 400
