"""Which application permission opens which call, from the "Permissions" table of each call below /graph/api."""

import pytest

from tests.sandbox.entra.conftest import Caller, code

DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
USERS = ("User.Read.All", "User.ReadWrite.All", *DIRECTORY)
BASIC = ("User.ReadBasic.All",)
WHOLE_GROUPS = ("Group.Read.All", "Group.ReadWrite.All", *DIRECTORY)
GROUPS = ("GroupMember.Read.All", "GroupMember.ReadWrite.All", *WHOLE_GROUPS)
APPLICATIONS = ("Application.Read.All", "Application.ReadWrite.All", *DIRECTORY)
EVERY = sorted({*USERS, *BASIC, *GROUPS, *APPLICATIONS, "Member.Read.Hidden", "Device.Read.All", "OrgContact.Read.All"})
OPENED_BY = {
    "users": (*USERS, *BASIC),
    "users/a": (*USERS, *BASIC),
    "users/delta?$select=id": USERS,
    "users/a/manager": USERS,
    "users/a/memberOf": GROUPS,
    "users/a/transitiveMemberOf": GROUPS,
    "groups": GROUPS,
    "groups/g": GROUPS,
    "groups/delta?$select=id": GROUPS,
    "groups/g/members": GROUPS,
    "groups/g/transitiveMembers": GROUPS,
    "groups/g/memberOf": GROUPS,
    "servicePrincipals": APPLICATIONS,
    "servicePrincipals(appId='app')": APPLICATIONS,
    "servicePrincipals(appId='app')/appRoleAssignedTo": APPLICATIONS,
    "directory/deletedItems/microsoft.graph.user": USERS,
    "directory/deletedItems/microsoft.graph.group": WHOLE_GROUPS,
}


@pytest.fixture(autouse=True)
def tenant(graph: Caller) -> None:
    """A user with a manager, a group whose members are hidden, an application."""
    graph.entra.directory.seed(
        {
            "users": [{"id": "a", "department": "R&D", "manager": "b"}, {"id": "b"}],
            "groups": [{"id": "g", "displayName": "G", "visibility": "HiddenMembership", "members": ["a"]}],
            "service_principals": [{"appId": "app", "assigned": ["g"]}],
        }
    )


@pytest.mark.parametrize("path", OPENED_BY)
def test_a_call_is_opened_by_each_permission_of_its_table_and_by_no_other(graph: Caller, path: str) -> None:
    opening = set()
    for role in EVERY:
        graph.set(roles=(role,))
        answer = graph.get(path)
        if answer.status_code == 200:
            opening.add(role)
        else:
            assert code(answer) == (403, "Authorization_RequestDenied")
    assert opening == set(OPENED_BY[path])


def test_what_was_granted_holds_from_the_next_token_on(graph: Caller) -> None:
    before = graph.token
    graph.set(roles=())
    assert graph.get("users").status_code == 403
    graph.token = before
    assert graph.get("users").status_code == 200


@pytest.mark.parametrize("role", GROUPS)
def test_no_other_permission_shows_hidden_members(graph: Caller, role: str) -> None:
    graph.set(roles=(role,))
    assert graph.ids("groups/g/members?$select=id") == []
    assert "members@delta" not in graph.rows("groups/delta?$select=members")[0]
    graph.set(roles=(role, "Member.Read.Hidden"))
    assert graph.ids("groups/g/members?$select=id") == ["a"]
    assert [one["id"] for one in graph.rows("groups/delta?$select=members")[0]["members@delta"]] == ["a"]


def test_each_part_of_a_batch_wants_its_own_permission(graph: Caller) -> None:
    graph.set(roles=("GroupMember.Read.All",))
    asked = [{"id": path, "method": "GET", "url": f"/{path}"} for path in ("groups/g", "users/a", "servicePrincipals")]
    answer = graph.post("$batch", {"requests": asked})
    assert answer.status_code == 200
    assert {one["id"]: one["status"] for one in answer.json()["responses"]} == {
        "groups/g": 200,
        "users/a": 403,
        "servicePrincipals": 403,
    }
