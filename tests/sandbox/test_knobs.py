"""What a knob may be set to, and what it does: each choice of docs/identity-center.md §10, in both ways."""

from typing import Any

import pytest

from scim_bridge.sandbox.knobs import Knobs, changed
from tests.sandbox.in_process import ENTERPRISE, PATCH_OP, World, email, members, person

_TITLE = {"op": "replace", "path": "title", "value": "T"}
_EMAIL_OF_WORK = {"op": "replace", "path": 'emails[type eq "work"].value', "value": "a@x"}


@pytest.mark.parametrize(
    "given",
    [
        {"rate": None},
        {"rate": 1.5},
        {"retry_after": 1},
        {"put_group": 405},
        {"case_exact": True, "list_lag": 5},
        {"straggler_chance": 1},
        {"removed_tenant": 404},
    ],
)
def test_a_knob_takes_what_it_is_made_for(given: dict[str, Any]) -> None:
    knobs = changed(Knobs(), given)
    assert {name: getattr(knobs, name) for name in given} == given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rate": 0}, "the knob rate cannot be 0; it is a number above 0 or null"),
        ({"rate": True}, "cannot be True"),
        ({"retry_after": 1.5}, "it is a whole number from 0 or null"),
        ({"put_group": "501"}, "the knob put_group cannot be '501'; it is 501 or 400 or 404 or 405"),
        ({"put_success": []}, "cannot be []"),
        ({"case_exact": 1}, "it is true or false"),
        ({"list_lag": -1}, "it is a number from 0"),
        ({"list_lag": float("nan")}, "cannot be nan"),
        ({"straggler_chance": 2}, "it is a number from 0 to 1"),
        ({"lag": 1}, "there is no knob 'lag'; there are rate, quota, memberships"),
        ([], "each knob is given by its name"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match="knob") as refused:
        changed(Knobs(), given)
    assert said in str(refused.value)


@pytest.mark.parametrize(("knobs", "status"), [({}, 200), ({"member_filter": "refuse"}, 400)])
def test_member_in_a_filter_means_members(knobs: dict[str, Any], status: int) -> None:
    world = World(**knobs)
    user = world.user("a")
    group, other = world.group("g", user), world.user("b")
    query = 'filter=id eq "{}" and member eq "{}"'
    assert world.status("GET", "Groups", query=query.format(group, user)) == status
    if status == 200:
        assert world.listed(query.format(group, user), "Groups") == ["g"]
        assert world.listed(f'filter=member eq "{other}" and id eq "{group}"', "Groups") == []


@pytest.mark.parametrize("schemas", [None, [], "text", 5, ["urn:wrong"], {}])
def test_schemas_are_needed_in_a_patch_alone(schemas: Any) -> None:
    world = World()
    given = {} if schemas is None else {"schemas": schemas}
    user_id = world("POST", "Users", person("a") | given)["id"]
    assert world.status("PUT", f"Users/{user_id}", person("a", id=user_id) | given) == 201
    assert world.status("POST", "Groups", {"displayName": "g"} | given) == 201
    body = {"Operations": [_TITLE]} | given
    assert world.status("PATCH", f"Users/{user_id}", body) == 400
    world.endpoint.knobs = Knobs(patch_schemas="accept")
    assert world.status("PATCH", f"Users/{user_id}", body) == 200


@pytest.mark.parametrize(
    "operation",
    [
        _TITLE | {"name": "x"},
        {"op": "replace", "path": None, "value": {"title": "T"}},
        {"op": "replace", "path": "", "value": {"title": "T"}},
    ],
)
def test_an_operation_with_unknown_keys_or_an_empty_path_is_refused_or_read_without_them(operation: Any) -> None:
    world = World()
    user_id = world.user("a")
    assert world.patch(f"Users/{user_id}", operation) == 400
    world.endpoint.knobs = Knobs(patch_oddity="ignore")
    assert world.patch(f"Users/{user_id}", operation) == 200
    assert world("GET", f"Users/{user_id}")["title"] == "T"


def test_replacing_an_email_that_is_not_there_is_refused_or_creates_it() -> None:
    world = World()
    user_id = world.user("a")
    assert world.patch(f"Users/{user_id}", _EMAIL_OF_WORK) == 400
    world.endpoint.knobs = Knobs(replace_without_match="create")
    assert world.patch(f"Users/{user_id}", _EMAIL_OF_WORK) == 200
    assert world("GET", f"Users/{user_id}")["emails"] == email("a@x")


def test_adding_an_email_by_its_type_creates_it() -> None:
    world = World()
    user_id = world.user("a")
    assert world.patch(f"Users/{user_id}", _EMAIL_OF_WORK | {"op": "Add"}) == 200
    assert world("GET", f"Users/{user_id}")["emails"] == email("a@x")


@pytest.mark.parametrize(("value", "left"), [(email("b@x")[0], email("b@x")), ([], None)])
def test_emails_as_a_bare_object_or_an_empty_list_are_refused_or_wrapped_or_removed(value: Any, left: Any) -> None:
    world = World()
    user_id = world.user("a", emails=email("a@x"))
    operation = {"op": "replace", "path": "emails", "value": value}
    assert world.patch(f"Users/{user_id}", operation) == 400
    assert world("GET", f"Users/{user_id}")["emails"] == email("a@x")
    world.endpoint.knobs = Knobs(patch_bare_value="accept")
    assert world.patch(f"Users/{user_id}", operation) == 200
    assert world("GET", f"Users/{user_id}").get("emails") == left


@pytest.mark.parametrize("key", ["name.givenName", f"{ENTERPRISE}:department", 'emails[type eq "work"].value'])
def test_a_dotted_key_without_a_path_is_refused_or_read_as_a_path(key: str) -> None:
    world = World()
    user_id = world.user("a", emails=email("a@x"))
    operation = {"op": "replace", "value": {key: "New"}}
    assert world.patch(f"Users/{user_id}", operation) == 400
    world.endpoint.knobs = Knobs(patch_dotted_key="accept")
    assert world.patch(f"Users/{user_id}", operation) == 200
    assert "New" in str(world("GET", f"Users/{user_id}"))


@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_method_that_a_path_does_not_have_is_refused(status: Any) -> None:
    world = World(wrong_method=status)
    user_id, group = world.user("a"), world.group("g")
    for method, path in [
        ("POST", f"Users/{user_id}"),
        ("POST", f"Groups/{group}"),
        ("DELETE", "Users"),
        ("PATCH", "Groups"),
        ("PUT", "Users"),
        ("OPTIONS", "Users"),
        ("HEAD", f"Users/{user_id}"),
        ("POST", "ServiceProviderConfig"),
        ("DELETE", "Schemas"),
    ]:
        assert world.status(method, path, {}) == status, (method, path)
    assert world.listed() == ["a"]


@pytest.mark.parametrize("key", ["id", "meta"])
def test_id_and_meta_in_a_body_are_ignored_or_refused(key: str) -> None:
    world = World()
    mine: dict[str, Any] = {key: {"resourceType": "User"} if key == "meta" else "mine"}
    user_id = world("POST", "Users", person("a") | mine)["id"]
    group = world("POST", "Groups", {"displayName": "g"} | mine)
    assert user_id != "mine" != group["id"]
    put = person("a") | mine | {"id": user_id}
    assert world.status("PUT", f"Users/{user_id}", put) == 201
    world.endpoint.knobs = Knobs(read_only_attribute="refuse", unsupported_attribute="ignore")
    assert world.status("POST", "Users", person("b") | mine) == 400
    assert world.status("POST", "Groups", {"displayName": "h"} | mine) == 400
    assert world.status("PUT", f"Users/{user_id}", put) == (400 if key == "meta" else 201)


@pytest.mark.parametrize("case_exact", [False, True])
def test_case_is_compared_as_the_knob_says_though_it_is_set_while_users_are_there(case_exact: bool) -> None:
    world = World()
    world.user("a@x", emails=email("a@x"))
    world.group("g")
    world.endpoint.knobs = Knobs(case_exact=case_exact)
    assert world.listed('filter=userName eq "A@X"') == ([] if case_exact else ["a@x"])
    assert world.status("POST", "Users", person("A@X", emails=email("A@X"))) == (201 if case_exact else 409)
    assert world.status("POST", "Groups", {"displayName": "G"}) == (201 if case_exact else 409)
    if case_exact:
        with pytest.raises(ValueError, match="by case alone"):
            world.endpoint.knobs = Knobs()
        assert world.listed('filter=userName eq "A@X"') == ["A@X"], "nothing has changed"


@pytest.mark.parametrize("value", [None, "missing", []])
def test_a_legacy_replace_of_nobody_changes_nothing(value: Any) -> None:
    world = World(members_replace="ignore")
    user = world.user("a")
    group = world.group("g", user)
    operation = {"op": "replace", "path": "members"} | ({} if value == "missing" else {"value": value})
    assert world.patch(f"Groups/{group}", operation) == 204
    assert world.store.members[group] == {user}
    world.endpoint.knobs = Knobs()
    assert world.patch(f"Groups/{group}", operation) == 400


@pytest.mark.parametrize("value", [0, "", {}, False, [{}], [{"value": ""}], [{"value": 5}], [None]])
@pytest.mark.parametrize("op", ["remove", "replace", "add"])
def test_what_is_no_list_of_members_is_refused_under_legacy_too(op: str, value: Any) -> None:
    world = World(members_remove_all="remove", members_replace="ignore")
    user = world.user("a")
    group = world.group("g", user)
    assert world.patch(f"Groups/{group}", {"op": op, "path": "members", "value": value}) == 400
    assert world.store.members[group] == {user}


@pytest.mark.parametrize(
    "unsupported",
    [
        {"photos": []},
        {"name": {"givenName": "G", "familyName": "F", "nick": "x"}},
        {"emails": email("a@x", display="A")},
        {ENTERPRISE: {"manager": {"value": "1", "displayName": "M"}}},
        {ENTERPRISE: {"badge": "7"}},
    ],
)
def test_what_is_not_supported_is_refused_or_ignored_at_every_depth(unsupported: dict[str, Any]) -> None:
    world = World()
    assert world.status("POST", "Users", person("a") | unsupported) == 400
    world.endpoint.knobs = Knobs(unsupported_attribute="ignore")
    shown = world("POST", "Users", person("a") | unsupported)
    assert not {"photos", "nick", "display", "badge"} & set(str(shown).replace("'", " ").split())
    assert "'displayName': 'M'" not in str(shown)


def test_a_members_display_is_refused_or_ignored() -> None:
    world = World()
    user = world.user("a")
    body = {"displayName": "g", "members": [{"value": user, "display": "A"}]}
    assert world.status("POST", "Groups", body) == 400
    world.endpoint.knobs = Knobs(unsupported_attribute="ignore")
    assert world.status("POST", "Groups", body) == 201


def test_strict_characters_are_for_every_text_that_changes() -> None:
    world = World()
    user_id, group = world.user("a", title="R;D"), world.group("g")
    world.endpoint.knobs = Knobs(strict_text=True)
    for bad in (person("a:b"), person("b", title="<b>"), person("b", emails=email("50%@x"))):
        assert world.status("POST", "Users", bad) == 400
    assert world.status("POST", "Groups", {"displayName": "a;b"}) == 400
    assert world.patch(f"Groups/{group}", {"op": "replace", "path": "displayName", "value": "a>b"}) == 400
    assert world.patch(f"Users/{user_id}", {"op": "replace", "path": "userName", "value": "a%"}) == 400
    assert world.patch(f"Users/{user_id}", {"op": "replace", "path": "active", "value": False}) == 200
    assert world.patch(f"Users/{user_id}", members("add")) == 400


@pytest.mark.parametrize("keys", ["both", "old", "lower"])
def test_an_error_has_the_keys_that_were_asked_for(keys: Any) -> None:
    from scim_bridge.sandbox.refusal import body, invalid

    told = body(invalid("x"), "r", World().time, keys)
    assert ("schemas" in told, "timestamp" in told) == (keys != "old", keys == "lower")
    assert PATCH_OP not in told.values()
