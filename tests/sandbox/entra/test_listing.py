"""Lists, single objects and relations as Graph shows them."""

import pytest

from tests.sandbox.entra.conftest import Caller, code


@pytest.fixture(autouse=True)
def people(graph: Caller) -> None:
    """Three people, two groups one inside the other, a device."""
    graph.entra.directory.seed(
        {
            "users": [
                {"id": "a", "givenName": "Aya", "mail": "a@corp.example", "manager": "b"},
                {"id": "b", "accountEnabled": False, "userType": "Guest"},
                {"id": "c"},
            ],
            "devices": [{"id": "pc"}],
            "groups": [
                {"id": "outer", "members": ["inner", "c", "pc"]},
                {"id": "inner", "members": ["a", "b", "outer"]},
            ],
            "service_principals": [{"appId": "app", "displayName": "AWS", "assigned": ["inner", "c"]}],
        }
    )


def test_without_select_a_user_shows_the_default_properties_alone(graph: Caller) -> None:
    [first, *_] = graph.rows("users")
    assert first["givenName"] == "Aya"
    assert first["surname"] is None
    assert first["businessPhones"] == []
    assert "accountEnabled" not in first


def test_select_shows_what_it_names_and_the_id(graph: Caller) -> None:
    assert graph.rows("users?$select=accountEnabled,userType")[1] == {
        "id": "b",
        "accountEnabled": False,
        "userType": "Guest",
    }


@pytest.mark.parametrize("path", ["users?$select=id,nickname", "users?$select=id,", "groups?$select=givenName"])
def test_select_of_an_unknown_property_is_refused(graph: Caller, path: str) -> None:
    assert code(graph.get(path)) == (400, "BadRequest")


def test_a_property_kept_outside_the_directory_is_not_implemented_on_a_list(graph: Caller) -> None:
    assert code(graph.get("users?$select=skills")) == (501, "NotImplemented")


def test_an_extension_is_known_once_it_is_registered(graph: Caller) -> None:
    name = "extension_0123456789abcdef0123456789abcdef_costCenter"
    assert code(graph.get(f"users?$select={name}")) == (400, "BadRequest")
    graph.entra.directory.put_user("a", **{name: "K-7"})
    assert graph.rows(f"users?$select={name}")[:2] == [{"id": "a", name: "K-7"}, {"id": "b"}]


def test_a_property_that_left_the_schema_is_refused(graph: Caller) -> None:
    graph.set(without=frozenset({"department"}))
    assert code(graph.get("users?$select=department")) == (400, "BadRequest")


def test_pages_follow_one_another_by_absolute_links(graph: Caller) -> None:
    pages = graph.pages("users?$select=id&$top=2")
    assert [[row["id"] for row in page["value"]] for page in pages] == [["a", "b"], ["c"]]
    assert pages[0]["@odata.nextLink"].startswith(f"{graph.entra.graph}/v1.0/users?$select=id&$top=2&$skiptoken=")


def test_the_usual_page_has_100_rows_and_the_largest_999(graph: Caller) -> None:
    graph.entra.directory.seed({"users": [{"id": f"u{number}"} for number in range(1_000)]})
    assert [len(page["value"]) for page in graph.pages("users")][:2] == [100, 100]
    assert [len(page["value"]) for page in graph.pages("users?$top=999")] == [999, 4]
    assert graph.get("users?$top=1000").status_code == 400
    assert graph.get("users?$top=0").status_code == 400


def test_a_cap_makes_pages_shorter_and_empty_pages_come_between(graph: Caller) -> None:
    graph.set(page_cap=2, empty_pages=True)
    assert [len(page["value"]) for page in graph.pages("users?$top=999")] == [2, 0, 1]


def test_who_leaves_between_two_pages_does_not_make_another_one_skipped(graph: Caller) -> None:
    first = graph.get("users?$top=2").json()
    graph.entra.directory.delete_user("a")
    assert graph.ids(first["@odata.nextLink"]) == ["c"]
    first = graph.get("groups/inner/members?$top=1").json()
    graph.entra.directory.put_user("a0")
    graph.entra.directory.add_member("inner", "a0")
    assert graph.ids(first["@odata.nextLink"]) == ["outer"], "sorted: a0 and a stand before b"


def test_a_page_token_that_was_bent_or_belongs_to_another_query_is_refused(graph: Caller) -> None:
    link = graph.get("users?$top=2").json()["@odata.nextLink"]
    for wrong in (f"{link}A", link.replace("$top=2", "$top=1"), link.replace("/users", "/groups")):
        assert code(graph.get(wrong)) == (400, "Directory_ExpiredPageToken")


def test_a_count_wants_eventual_consistency_on_every_page_and_comes_on_the_first(graph: Caller) -> None:
    path = "users?$count=true&$top=2"
    assert code(graph.get(path)) == (400, "Request_UnsupportedQuery")
    pages = graph.pages(path, ConsistencyLevel="eventual")
    assert [page.get("@odata.count") for page in pages] == [3, None]
    assert graph.get(pages[0]["@odata.nextLink"]).status_code == 400
    assert code(graph.get("users/$count")) == (400, "Request_BadRequest")
    number = graph.get("users/$count", ConsistencyLevel="eventual")
    assert (number.text, number.headers["content-type"]) == ("3", "text/plain")


@pytest.mark.parametrize(
    ("path", "needs_count"),
    [
        ("users/$count", False),
        ("groups/$count", False),
        ("groups/outer/members/$count", False),
        ("groups/outer/transitiveMembers/$count", False),
        ("users/a/memberOf/$count", False),
        ("users?$filter=userType ne 'Guest'", True),
        ("groups/outer/members/microsoft.graph.user", True),
        ("users/a/transitiveMemberOf/microsoft.graph.group", True),
    ],
)
def test_an_advanced_query_is_refused_without_the_header_and_without_the_count(
    graph: Caller, path: str, needs_count: bool
) -> None:
    counted = f"{path}{'&' if '?' in path else '?'}$count=true" if needs_count else path
    assert graph.get(counted).status_code == 400
    assert graph.get(counted, ConsistencyLevel="session").status_code == 400
    assert graph.get(counted, ConsistencyLevel="Eventual").status_code == 200
    assert (graph.get(path, ConsistencyLevel="eventual").status_code == 400) is needs_count


@pytest.mark.parametrize("cast", ["microsoft.graph.nothing/microsoft.graph.user", "user", "nothing"])
def test_a_cast_that_is_none_is_refused(graph: Caller, cast: str) -> None:
    path = f"groups/outer/members/{cast}?$count=true"
    assert code(graph.get(path, ConsistencyLevel="eventual")) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("accountEnabled eq false", ["b"]),
        ("userType eq 'guest'", ["b"]),
        ("id in ('a', 'c')", ["a", "c"]),
        ("startswith(mail,'A@') or (id eq 'c' and accountEnabled eq true)", ["a", "c"]),
    ],
)
def test_a_filter_finds(graph: Caller, wanted: str, found: list[str]) -> None:
    assert graph.ids(f"users?$filter={wanted}") == found


@pytest.mark.parametrize("wanted", ["accountEnabled ne true", "not(id eq 'a')", "endswith(mail,'@corp.example')"])
def test_an_advanced_filter_wants_both_its_parameters(graph: Caller, wanted: str) -> None:
    assert code(graph.get(f"users?$filter={wanted}", ConsistencyLevel="eventual")) == (400, "Request_UnsupportedQuery")
    assert code(graph.get(f"users?$filter={wanted}&$count=true")) == (400, "Request_UnsupportedQuery")
    assert graph.get(f"users?$filter={wanted}&$count=true", ConsistencyLevel="eventual").status_code == 200


@pytest.mark.parametrize("wanted", ["id eq", "id eq 'a' id", "nickname eq 'a'", "id gt 'a'", "(id eq 'a'", 'id eq "a"'])
def test_a_filter_that_is_none_is_refused(graph: Caller, wanted: str) -> None:
    assert code(graph.get(f"users?$filter={wanted}")) == (400, "BadRequest")


def test_one_user_is_found_by_id_or_name(graph: Caller) -> None:
    assert graph.get("users/A@Corp.example?$select=mail").json()["mail"] == "a@corp.example"
    assert graph.get("users/a").json()["@odata.context"].endswith("$metadata#users/$entity")
    assert code(graph.get("users/nobody")) == (404, "Request_ResourceNotFound")


def test_a_manager_is_shown_alone_and_expanded(graph: Caller) -> None:
    assert graph.get("users/a/manager?$select=id").json()["id"] == "b"
    assert code(graph.get("users/c/manager")) == (404, "Request_ResourceNotFound")
    first, second, _ = graph.rows("users?$select=id&$expand=manager($select=id)")
    assert first["manager"] == {"@odata.type": "#microsoft.graph.user", "id": "b"}
    assert "manager" not in second
    assert code(graph.get("groups?$expand=members")) == (400, "Request_UnsupportedQuery")


def test_members_are_direct_and_of_every_kind(graph: Caller) -> None:
    assert graph.rows("groups/outer/members?$select=id") == [
        {"@odata.type": "#microsoft.graph.user", "id": "c"},
        {"@odata.type": "#microsoft.graph.group", "id": "inner"},
        {"@odata.type": "#microsoft.graph.device", "id": "pc"},
    ]


def test_transitive_members_come_once_each_though_groups_go_in_circles(graph: Caller) -> None:
    assert graph.ids("groups/outer/transitiveMembers?$select=id") == ["a", "b", "c", "inner", "pc"]
    assert graph.ids("users/a/memberOf?$select=id") == ["inner"]
    assert graph.ids("users/a/transitiveMemberOf?$select=id") == ["inner", "outer"]


def test_a_cast_leaves_users_only_and_is_an_advanced_query(graph: Caller) -> None:
    path = "groups/outer/transitiveMembers/microsoft.graph.user?$select=id"
    assert code(graph.get(path)) == (400, "Request_UnsupportedQuery")
    assert graph.ids(f"{path}&$count=true", ConsistencyLevel="eventual") == ["a", "b", "c"]


def test_members_that_the_application_may_not_read_come_without_content(graph: Caller) -> None:
    rows = graph.rows("groups/outer/members?$select=id,displayName")
    assert [row["displayName"] for row in rows] == ["c", "inner", None]
    graph.set(roles=("GroupMember.Read.All",))
    rows = graph.rows("groups/outer/members?$select=id,displayName")
    assert [(row["id"], row["displayName"]) for row in rows] == [("c", None), ("inner", "inner"), ("pc", None)]


def test_hidden_members_are_not_shown_without_the_permission(graph: Caller) -> None:
    graph.entra.directory.put_group("outer", visibility="HiddenMembership")
    assert graph.ids("groups/outer/members?$select=id") == []
    graph.set(hidden_members="refuse")
    assert code(graph.get("groups/outer/members")) == (403, "Authorization_RequestDenied")
    graph.set(roles=("GroupMember.Read.All", "Member.Read.Hidden"))
    assert len(graph.ids("groups/outer/members?$select=id")) == 3


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("User.Read.All", "users"),
        ("User.Read.All", "users/delta"),
        ("User.Read.All", "directory/deletedItems/microsoft.graph.user"),
        ("GroupMember.Read.All", "groups"),
        ("GroupMember.Read.All", "groups/delta"),
        ("GroupMember.Read.All", "groups/outer/transitiveMembers"),
        ("Group.Read.All", "directory/deletedItems/microsoft.graph.group"),
        ("Application.Read.All", "servicePrincipals(appId='app')/appRoleAssignedTo"),
    ],
)
def test_each_call_wants_its_permission(graph: Caller, role: str, path: str) -> None:
    graph.set(roles=())
    assert code(graph.get(path)) == (403, "Authorization_RequestDenied")
    graph.set(roles=(role,))
    assert graph.get(path).status_code == 200


def test_basic_reading_shows_basic_properties_only(graph: Caller) -> None:
    graph.set(roles=("User.ReadBasic.All",))
    [_, second, _] = graph.rows("users?$select=displayName,accountEnabled")
    assert second == {"id": "b", "displayName": "b", "accountEnabled": None}
    assert graph.get("users/delta").status_code == 403


def test_an_application_is_found_and_tells_who_is_assigned(graph: Caller) -> None:
    [found] = graph.rows("servicePrincipals?$filter=appId eq 'app'&$select=id,appId")
    assert graph.get("servicePrincipals(appId='app')").json()["id"] == found["id"]
    rows = graph.rows(f"servicePrincipals/{found['id']}/appRoleAssignedTo?$top=1")
    shown = [(row["principalId"], row["principalType"], row["resourceDisplayName"]) for row in rows]
    assert shown == [("c", "User", "AWS"), ("inner", "Group", "AWS")]
    assert {row["appRoleId"] for row in rows} == {"00000000-0000-0000-0000-000000000000"}
    graph.entra.directory.unassign("app", "c")
    assert len(graph.rows("servicePrincipals(appId='app')/appRoleAssignedTo")) == 1


def test_a_deleted_user_waits_among_the_deleted_items_and_comes_back_the_same(graph: Caller) -> None:
    directory = graph.entra.directory
    directory.delete_user("a")
    assert graph.ids("users?$select=id") == ["b", "c"]
    assert graph.ids("groups/inner/members?$select=id") == ["b", "outer"]
    [gone] = graph.rows("directory/deletedItems/microsoft.graph.user?$select=id,deletedDateTime,userPrincipalName")
    assert gone["deletedDateTime"]
    assert gone["userPrincipalName"] == "aa@corp.example"
    directory.restore_user("a")
    assert graph.get("users/a@corp.example").json()["id"] == "a"
    assert graph.ids("groups/inner/members?$select=id") == ["a", "b", "outer"]
    directory.purge_user("a")
    assert graph.rows("directory/deletedItems/microsoft.graph.user") == []
    assert graph.get("users/a").status_code == 404


def test_objects_are_fetched_by_ids_whatever_they_are_and_unknown_ones_left_out(graph: Caller) -> None:
    answer = graph.post("directoryObjects/getByIds?$select=id,displayName", {"ids": ["c", "inner", "nobody"]})
    assert [row["@odata.type"] for row in answer.json()["value"]] == ["#microsoft.graph.user", "#microsoft.graph.group"]
    answer = graph.post("directoryObjects/getByIds", {"ids": ["c", "inner"], "types": ["group"]})
    assert [row["id"] for row in answer.json()["value"]] == ["inner"]
    assert code(graph.post("directoryObjects/getByIds", {"ids": []})) == (400, "BadRequest")


def test_what_graph_does_not_have_is_refused(graph: Caller) -> None:
    assert code(graph.get("people")) == (400, "BadRequest")
    assert code(graph.get("users?$skip=5")) == (400, "BadRequest")
    assert code(graph.get("users?$top=1&$top=2")) == (400, "BadRequest")
    assert code(graph.post("users", {})) == (400, "Request_UnsupportedQuery")
    assert graph.entra.counts.invalid == 4


def test_a_request_s_own_id_comes_back_beside_the_server_s(graph: Caller) -> None:
    answer = graph.get("users/nobody", client_request_id="my-id")
    inner = answer.json()["error"]["innerError"]
    assert (answer.headers["client-request-id"], inner["client-request-id"]) == ("my-id", "my-id")
    assert answer.headers["request-id"] == inner["request-id"] != "my-id"


def test_requests_are_counted_by_kind(graph: Caller) -> None:
    graph.get("users")
    graph.get("users/a")
    graph.get("groups/outer/members")
    assert graph.entra.counts.kinds == {"GET users": 1, "GET users/{id}": 1, "GET groups/{id}/members": 1}
    assert graph.entra.requests[-1].path == "groups/outer/members"
    assert "authorization" not in graph.entra.requests[-1].headers
    graph.entra.forget_requests()
    assert (graph.entra.counts.total, graph.entra.requests) == (0, [])
