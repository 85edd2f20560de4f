"""An unordered set has no first: what was applied stays, and else the choice does not depend on the order."""

from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.choice import in_one_form, orders
from scim_bridge.mapping.compiled import CompiledMapping
from scim_bridge.mapping.record import map_records, trace
from scim_bridge.model.identity import Directory, Existing, Inventory, Snapshot, Value
from scim_bridge.model.remembered import LastApplied, Link, Remembered
from scim_bridge.plan.fit import fit
from tests.builders import CAPABILITIES
from tests.mapping.rules import TODAY, compiled, person, text_of

MAILS = ("ann.lee@corp.example", "ann@corp.example", "Lee@corp.example")
RULES = {
    "first, in lower case": "first(mails).lower()",
    "the one in front": "mails[0]",
    "by source": 'first(source["mails"])',
    "by source and a dot": "first(source.mails)",
    "filtered": 'first(mails.filter(m, m.endsWith("example")))',
    "a list": "mails",
    "a filtered list": 'mails.filter(m, m != "")',
    "with a fallback": "firstNonEmpty(first(titles), first(mails))",
    "with something beside it": 'first(mails) + "/" + first(mails.filter(m, m.startsWith("ann")))',
    "joined": 'mails.join(";")',
}


def _compiled(folder: Path, **rules: str) -> CompiledMapping:
    return compiled(folder, text_of(**rules), {"mails": "strings", "titles": "strings"})


def _applied(**attributes: Value) -> LastApplied:
    return LastApplied(Remembered(users={"7": Link(kind="user", source_id="7", target_id="t-7", applied=attributes)}))


def _mapped(mapping: CompiledMapping, last: LastApplied, **cells: object) -> Directory:
    snapshot = Snapshot((person(2, **cells),), (), {})
    return fit(map_records(snapshot, mapping, TODAY, last), CAPABILITIES)


def _value(mapping: CompiledMapping, last: LastApplied, path: str = "userName", **cells: object) -> Value:
    [user] = _mapped(mapping, last, **cells).users
    return user.attributes[path]


def _notices(directory: Directory) -> list[tuple[str, str]]:
    return [(notice.kind, notice.subject) for notice in directory.warnings if notice.kind == "several_values"]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_what_was_applied_stays_whatever_the_order(tmp_path: Path, rule: str) -> None:
    mapping = _compiled(tmp_path, userName=rule)
    for held in {_evaluated(mapping, order) for order in permutations(MAILS)}:
        for now in permutations(MAILS):
            assert _value(mapping, _applied(userName=held), mails=list(now)) == held


def _evaluated(mapping: CompiledMapping, order: tuple[str, ...]) -> Value:
    """What a rule gave of this order before lists were sets."""
    expression = mapping.users.attributes[0].expression
    result = expression.evaluate(mapping.users.language.activation({"mails": list(order)}, expression.reads, TODAY))
    return result[0] if isinstance(result, tuple) else result


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_where_nothing_was_applied_the_choice_does_not_depend_on_the_order(tmp_path: Path, rule: str) -> None:
    mapping = _compiled(tmp_path, userName=rule)
    assert len({_value(mapping, LastApplied(), mails=list(order)) for order in permutations(MAILS)}) == 1


def test_a_choice_is_told_once_for_all_records_and_not_after_it_was_applied(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, userName="first(mails).lower()")
    first = _mapped(mapping, LastApplied(), mails=list(MAILS))
    assert _notices(first) == [("several_values", "userName")]
    assert "1 user record, for example users.csv, line 2" in first.warnings[-1].detail
    applied = _applied(**first.users[0].attributes)
    assert _notices(_mapped(mapping, applied, mails=list(MAILS))) == []


def test_several_values_that_give_the_same_are_no_choice(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, userName="first(mails).lower()", active='mails.exists(m, m != "")')
    assert _notices(_mapped(mapping, LastApplied(), mails=["ann@corp.example", "ANN@corp.example"])) == []


def test_what_is_no_longer_among_the_values_gives_way(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, userName="first(mails).lower()")
    gone = _mapped(mapping, _applied(userName="old@corp.example"), mails=["b@corp.example", "a@corp.example"])
    assert gone.users[0].attributes["userName"] == "a@corp.example"
    assert _notices(gone) == [("several_values", "userName")]


def test_a_value_that_is_written_in_another_case_or_form_is_still_the_one_applied(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, userName="first(mails)")
    held = _applied(userName="jörg@corp.example")
    assert _value(mapping, held, mails=["abe@corp.example", "jo\u0308rg@corp.example"]) == "jörg@corp.example"
    assert _value(mapping, held, mails=["abe@corp.example", "Jörg@corp.example"]) == "Jörg@corp.example"


def test_without_a_state_what_the_target_shows_under_our_id_was_applied(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, userName="first(mails)")
    shown = Existing("user", "t-7", {"externalId": "7", "userName": "b@corp.example"})
    last = LastApplied(Remembered(), Inventory({"t-7": shown}))
    assert _value(mapping, last, mails=["a@corp.example", "b@corp.example"]) == "b@corp.example"


def _there(*shown: Existing, **links: Link) -> LastApplied:
    return LastApplied(Remembered(users=links), Inventory({each.target_id: each for each in shown}))


@pytest.mark.parametrize("rule", ["first, in lower case", "the one in front", "by source", "filtered", "a list"])
@pytest.mark.parametrize("held", MAILS)
def test_what_is_to_be_adopted_keeps_the_value_it_holds(tmp_path: Path, rule: str, held: str) -> None:
    mapping = _compiled(tmp_path, userName=RULES[rule], emails=RULES[rule])
    there = _there(Existing("user", "t", {"userName": held.upper(), "emails": "elsewhere@corp.example"}))
    for order in permutations(MAILS):
        assert str(_value(mapping, there, mails=list(order))).lower() == held.lower()


def test_what_is_not_matched_by_keeps_what_the_adopted_holds_too(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, emails="first(mails)")
    name = _mapped(mapping, LastApplied()).users[0].attributes["userName"]
    there = _there(Existing("user", "t", {"userName": name, "emails": "ann@corp.example"}))
    assert _value(mapping, there, "emails", mails=list(MAILS)) == "ann@corp.example"


def test_whose_values_several_hold_is_held(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, userName="first(mails)")
    two = (Existing("user", "t-1", {"userName": "a@x"}), Existing("user", "t-2", {"userName": "b@x"}))
    (user,) = _mapped(mapping, _there(*two), mails=["a@x", "b@x", "c@x"]).users
    assert [(flaw.kind, flaw.attribute, flaw.fatal) for flaw in user.flaws] == [("several_held", "userName", True)]
    assert user.name == "a@x"
    assert "a@x (t-1), b@x (t-2)" in user.flaws[0].detail
    assert user.may_be == ("t-1", "t-2")


def test_a_value_of_somebody_who_is_linked_is_not_looked_for(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, userName="first(mails)")
    there = _there(
        Existing("user", "t", {"userName": "b@x"}),
        other=Link(kind="user", source_id="other", target_id="t", applied={"userName": "b@x"}),
    )
    assert _value(mapping, there, mails=["a@x", "b@x"]) == "a@x"


def test_who_may_enter_is_never_kept_because_it_was_so(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, active='first(titles) != "inactive"')
    held = _applied(active=True)
    for order in (["staff", "inactive"], ["inactive", "staff"]):
        left = _mapped(mapping, held, titles=order)
        assert left.users[0].attributes["active"] is False
        assert _notices(left) == [("several_values", "active")]


def test_two_lists_are_chosen_from_independently(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, title='first(titles) + " " + first(mails)')
    for held in ("x 1", "x 2", "y 1", "y 2", "z 1", "z 2"):
        assert _value(mapping, _applied(title=held), "title", titles=["z", "y", "x"], mails=["2", "1"]) == held


def test_what_a_text_is_split_into_keeps_its_order(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, emails='title.split(";")')
    assert _value(mapping, _applied(emails="a@corp.example"), "emails", title="b@corp.example;a@corp.example") == (
        "b@corp.example"
    )


def test_a_primary_address_of_exchange_is_found_by_its_rule_and_comes_first_without_one(tmp_path: Path) -> None:
    addresses = ["smtp:a@corp.example", "SMTP:ann@corp.example", "smtp:b@corp.example"]
    rule = 'first(mails.filter(m, m.startsWith("SMTP:"))).replace("SMTP:", "")'
    primary, plain = _compiled(tmp_path, userName=rule), _compiled(tmp_path, userName="first(mails)")
    for order in permutations(addresses):
        assert _value(primary, LastApplied(), mails=list(order)) == "ann@corp.example"
        assert _value(plain, LastApplied(), mails=list(order)) == "SMTP:ann@corp.example"


def test_explain_shows_the_value_that_is_kept(tmp_path: Path) -> None:
    mapping = _compiled(tmp_path, userName="first(mails).lower()")
    steps = trace(person(mails=list(MAILS)), mapping.users, TODAY, _applied(userName="ann@corp.example"))
    assert [step.value for step in steps if step.path == "userName"] == ["ann@corp.example"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)


@given(st.lists(JSON, max_size=5), st.randoms())
def test_lists_of_anything_are_sets(values: list[object], random: Random) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    assert in_one_form({"x": values}) == in_one_form({"x": shuffled})


def test_a_list_of_thousands_costs_little() -> None:
    assert sum(1 for _ in orders({"member": [str(n) for n in range(20_000)]})) == 2
