"""One person in front of people: each situation in words, values that fit on a page, differences that are marked."""

from typing import get_args

from scim_bridge.plan.match.situation import Name
from scim_bridge.view.explain import Explanation, InPlan, InSource, OnTarget, Rule
from scim_bridge.view.person import SITUATIONS, attributes, shortened


def test_every_situation_of_the_table_has_its_sentence() -> None:
    assert set(SITUATIONS) == set(get_args(Name))


def test_a_value_of_a_megabyte_is_cut_and_counted() -> None:
    assert shortened("x" * 1_000_000).endswith("… (1,000,000 characters)")
    assert len(shortened("x" * 1_000_000)) < 500


def test_an_attribute_that_aws_holds_otherwise_is_marked() -> None:
    rules = (Rule("title", "title", "m.yaml, line 3: users.attributes.title", "New", ""), Rule("x", "x", "", "", ""))
    told = Explanation(
        kind="user",
        name="a",
        source_id="1",
        source=InSource(places=("l",), record={}, raw={}, scope="", rules=rules),
        plan=InPlan(situation="linked", action="update"),
        target=OnTarget("t-1", {"title": "Old"}, {"title": "Other", "nickName": "n"}),
    )
    shown = {each.path: each for each in attributes(told)}
    assert (shown["title"].is_apart, shown["x"].is_apart, shown["nickName"].is_apart) == (True, False, False)
    assert (shown["title"].pushed, shown["title"].held, shown["title"].place) == ("Old", "Other", "m.yaml, line 3")
