"""Attributes by path and their SCIM form, there and back."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.identity import Existing, Value
from scim_bridge.model.operation import Change
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.wire import ENTERPRISE, from_resource, to_member_patch, to_patch, to_resource

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATHS = sorted(set(IDENTITY_CENTER.attributes["user"]) - {"active"})
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("userName", "externalId", "active", "name", "emails", "phoneNumbers", "addresses", "title", ENTERPRISE)


def operations(changes: dict[str, Change]) -> list[dict[str, Any]]:
    body = to_patch(changes)
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    found: list[dict[str, Any]] = body["Operations"]
    return found


@given(st.dictionaries(st.sampled_from(PATHS), st.text(min_size=1, max_size=20)), st.booleans())
def test_what_is_created_is_what_is_read(texts: dict[str, str], active: bool) -> None:
    attributes: dict[str, Value] = {**texts, "active": active}
    body = orjson.loads(orjson.dumps(to_resource("user", attributes)))
    assert from_resource("user", {"id": "t-1", **body}) == Existing("user", "t-1", attributes)


def test_a_new_user_has_the_documented_form() -> None:
    attributes: dict[str, Value] = {
        "userName": "sato@corp.example",
        "externalId": "1207",
        "name.givenName": "名",
        "active": True,
        "emails": "sato@corp.example",
        "phoneNumbers": "+81 3 5550 0100",
        "addresses.locality": "Kyoto",
        "addresses.country": "JP",
        "enterprise.department": "部",
        "enterprise.manager": "t-7",
    }
    assert to_resource("user", attributes) == {
        "schemas": [USER, ENTERPRISE],
        "userName": "sato@corp.example",
        "externalId": "1207",
        "name": {"givenName": "名"},
        "active": True,
        "emails": [{"value": "sato@corp.example", "type": "work", "primary": True}],
        "phoneNumbers": [{"value": "+81 3 5550 0100", "type": "work"}],
        "addresses": [{"type": "work", "locality": "Kyoto", "country": "JP"}],
        ENTERPRISE: {"department": "部", "manager": {"value": "t-7"}},
    }


def test_a_user_without_enterprise_attributes_does_not_name_their_schema() -> None:
    assert to_resource("user", {"userName": "sato"})["schemas"] == [USER]


def test_a_new_group_has_no_members() -> None:
    assert to_resource("group", {"displayName": "dev", "externalId": "g7"}) == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "dev",
        "externalId": "g7",
    }


@pytest.mark.parametrize(
    ("path", "new", "operation"),
    [
        ("title", "Lead", {"op": "replace", "path": "title", "value": "Lead"}),
        ("title", None, {"op": "remove", "path": "title"}),
        ("active", False, {"op": "replace", "path": "active", "value": False}),
        ("name.familyName", "佐藤", {"op": "replace", "path": "name.familyName", "value": "佐藤"}),
        (
            "emails",
            "a@corp.example",
            {
                "op": "replace",
                "path": "emails",
                "value": [{"value": "a@corp.example", "type": "work", "primary": True}],
            },
        ),
        ("emails", None, {"op": "remove", "path": "emails"}),
        (
            "phoneNumbers",
            "+81 3",
            {"op": "replace", "path": "phoneNumbers", "value": [{"value": "+81 3", "type": "work"}]},
        ),
        (
            "enterprise.department",
            "部",
            {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "部"},
        ),
        (
            "enterprise.manager",
            "t-7",
            {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": {"value": "t-7"}},
        ),
        ("enterprise.manager", None, {"op": "remove", "path": f"{ENTERPRISE}:manager"}),
        ("addresses.locality", None, {"op": "remove", "path": "addresses"}),
    ],
)
def test_one_change_is_one_operation_with_a_path(path: str, new: Value | None, operation: dict[str, Any]) -> None:
    assert operations({path: ("old", new)}) == [operation]


def test_an_address_travels_whole_as_one_operation() -> None:
    changes: dict[str, Change] = {
        "title": ("a", "b"),
        "addresses.locality": ("Osaka", "Kyoto"),
        "addresses.country": ("JP", "JP"),
        "addresses.region": ("Kansai", None),
    }
    whole = [{"type": "work", "locality": "Kyoto", "country": "JP"}]
    assert operations(changes) == [
        {"op": "replace", "path": "title", "value": "b"},
        {"op": "replace", "path": "addresses", "value": whole},
    ]


@given(st.dictionaries(st.sampled_from(PATHS), st.none() | st.text(min_size=1, max_size=5), min_size=1))
def test_no_path_ever_stands_twice_and_every_operation_has_one(new: dict[str, str | None]) -> None:
    sent = [operation["path"] for operation in operations({path: ("old", value) for path, value in new.items()})]
    assert len(sent) == len(set(sent))
    assert len(sent) == len({"addresses" if path.startswith("addresses.") else path for path in new})


@pytest.mark.parametrize("op", ["add", "remove"])
def test_members_are_a_value_list(op: str) -> None:
    assert to_member_patch(op, ["a", "b"])["Operations"] == [
        {"op": op, "path": "members", "value": [{"value": "a"}, {"value": "b"}]}
    ]


@pytest.mark.parametrize(
    ("shown", "path", "value"),
    [
        ({"active": "false"}, "active", False),
        ({"active": "True"}, "active", True),
        ({}, "active", True),
        ({"emails": []}, "emails", None),
        ({"emails": [{"type": "work"}]}, "emails", None),
        ({"emails": [{"value": ""}]}, "emails", None),
        ({"emails": [{"value": "a@x"}, {"value": "b@x"}]}, "emails", "a@x"),
        ({"emails": None}, "emails", None),
        ({"title": ""}, "title", None),
        ({"name": None}, "name.givenName", None),
        ({"addresses": [{"type": "work", "locality": "Kyoto"}]}, "addresses.type", None),
        ({ENTERPRISE: {"manager": {"$ref": "../Users/t-7"}}}, "enterprise.manager", None),
        ({ENTERPRISE: {"manager": {"value": "t-7", "displayName": "x"}}}, "enterprise.manager", "t-7"),
        ({"profileUrl": "https://corp.example/sato"}, "profileUrl", "https://corp.example/sato"),
        ({"roles": [{"value": "engineer"}]}, "roles", "engineer"),
        ({"emails": [{"value": "old@x"}, {"value": "a@x", "primary": True}]}, "emails", "a@x"),
        ({"emails": [{"value": "old@x"}, {"value": "a@x"}]}, "emails", "old@x"),
    ],
)
def test_what_an_answer_shows_is_read_as_it_is_meant(shown: dict[str, Any], path: str, value: Value | None) -> None:
    assert from_resource("user", {"id": "t-1", **shown}).attributes.get(path) == value


@given(st.dictionaries(st.sampled_from(KEYS), json))
def test_no_answer_however_odd_breaks_the_reading(shown: dict[str, Any]) -> None:
    attributes = from_resource("user", {"id": "t-1", **shown}).attributes
    assert isinstance(attributes["active"], bool)
    assert all(isinstance(value, str) and value for path, value in attributes.items() if path != "active")
    assert set(attributes) <= {*IDENTITY_CENTER.attributes["user"], "profileUrl", "roles"}
