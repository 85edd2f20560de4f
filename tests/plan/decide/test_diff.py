"""Which attributes of a resource must change."""

from scim_bridge.plan.decide.diff import diff


def test_only_paths_with_a_rule_are_looked_at() -> None:
    assert diff({"title": "Engineer", "nickName": "Aya"}, {"title": "Lead"}) == {"title": ("Engineer", "Lead")}


def test_a_change_of_case_alone_is_a_change() -> None:
    assert diff({"userName": "A@x"}, {"userName": "a@x"}) == {"userName": ("A@x", "a@x")}


def test_an_empty_value_removes_what_is_there_and_does_nothing_where_nothing_is() -> None:
    assert diff({"title": "Engineer"}, {"title": "", "locale": ""}) == {"title": ("Engineer", None)}


def test_false_is_a_value() -> None:
    assert diff({"active": True}, {"active": False}) == {"active": (True, False)}
    assert diff({}, {"active": False}) == {"active": (None, False)}


def test_an_address_travels_whole_the_parts_without_a_rule_as_well() -> None:
    shown = {"addresses.locality": "Osaka", "addresses.country": "JP", "title": "x"}
    assert diff(shown, {"addresses.locality": "Tokyo"}) == {
        "addresses.locality": ("Osaka", "Tokyo"),
        "addresses.country": ("JP", "JP"),
    }
    assert diff(shown, {"addresses.locality": "Osaka"}) == {}
