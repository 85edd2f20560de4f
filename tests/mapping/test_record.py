"""Records become the desired state; what is wrong with one is said, and never takes another along."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.compiled import CompiledMapping
from scim_bridge.mapping.record import map_records, trace
from scim_bridge.model.identity import Desired, Directory, Flaw, Notice, OutOfScope, Record, Snapshot, SourceCounts
from scim_bridge.model.remembered import LastApplied
from tests.mapping.rules import PERSON, TODAY, compiled, flaws, mapped, only, person, team, text_of


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> CompiledMapping:
    """The usual mapping."""
    return compiled(tmp_path_factory.mktemp("usual"), text_of())


def test_a_person_comes_through_by_the_rules(usual: CompiledMapping) -> None:
    assert only(usual, person()) == Desired(
        kind="user",
        source_id="7",
        attributes={
            "externalId": "7",
            "userName": "b.sato@corp.example",
            "name.givenName": "花子",
            "name.familyName": "佐藤",
            "displayName": "佐藤 花子",
            "emails": "b.sato@corp.example",
            "active": True,
            "title": "Engineer",
        },
        places=("users.csv, line 2",),
    )


def test_an_empty_cell_is_ours_and_empty(usual: CompiledMapping) -> None:
    assert only(usual, person(mail="")).attributes["emails"] == ""


def test_rules_see_values_in_one_form(usual: CompiledMapping) -> None:
    assert only(usual, person(title=" e\u0301 ")).attributes["title"] == "\u00e9"


def test_without_a_rule_for_active_everybody_is_active_and_groups_have_none(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, text_of(active=None))
    directory = map_records(Snapshot((person(),), (team("g1"),), {}), mapping, TODAY, LastApplied())
    assert directory.users[0].attributes["active"] is True
    assert directory.groups[0].attributes == {"externalId": "g1", "displayName": "g1"}


def test_who_the_scope_rule_leaves_out_is_listed_apart(usual: CompiledMapping) -> None:
    directory = mapped(usual, person(login=""))
    assert directory.users == ()
    assert directory.out_of_scope == (OutOfScope("user", "7", "users.csv, line 2", "corp.yaml, line 3", "佐藤 花子"),)


def test_a_rule_that_fails_leaves_its_attribute_out_and_says_why(usual: CompiledMapping) -> None:
    desired = only(usual, person(enabled="maybe"))
    assert "active" not in desired.attributes
    assert desired.attributes["title"] == "Engineer"
    assert desired.flaws == (
        Flaw(
            "rule_failed",
            "active",
            "the rule for active failed: 'maybe' is neither a yes nor a no",
            "Fix the value in the source, or the rule in the mapping.",
            fatal=True,
        ),
    )


def test_a_scope_rule_that_fails_holds_the_record_and_does_not_take_it_for_gone(tmp_path: Path) -> None:
    desired = only(compiled(tmp_path, text_of(scope="truth(enabled)")), person(enabled="maybe"))
    assert flaws(desired) == [("rule_failed", "scope", True), ("rule_failed", "active", True)]
    assert desired.attributes["userName"] == "b.sato@corp.example"


@pytest.mark.parametrize("value", ["true", None, 1, ["x"]])
def test_a_scope_of_unknown_type_that_gives_no_truth_holds_the_record(tmp_path: Path, value: object) -> None:
    mapping = compiled(tmp_path, text_of(scope="kind"), {"kind": "dyn"})
    assert flaws(only(mapping, person(kind=value))) == [("rule_failed", "scope", True)]


def test_an_attribute_of_unknown_type_is_checked_record_by_record(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, text_of(title="kind", active="live"), {"kind": "dyn", "live": "dyn"})
    assert only(mapping, person(kind="Lead", live=False)).attributes["active"] is False
    desired = only(mapping, person(kind=True, live="true"))
    assert [flaw.detail for flaw in desired.flaws] == [
        "the rule for active failed: it gives 'true' where true or false is wanted",
        "the rule for title failed: it gives True where text is wanted",
    ]


def test_a_record_without_an_id_is_held_and_still_known_by_its_names(usual: CompiledMapping) -> None:
    desired = only(usual, person(id=""))
    assert flaws(desired) == [("missing_id", "externalId", True)]
    assert desired.source_id == ""
    assert desired.attributes["userName"] == "b.sato@corp.example"


def test_every_record_without_an_id_stands_for_itself(usual: CompiledMapping) -> None:
    directory = mapped(usual, person(2, id=""), person(3, id="", login="c@corp.example"), person(4, id="", login=""))
    assert [desired.places for desired in directory.users] == [("users.csv, line 2",), ("users.csv, line 3",)]
    assert directory.out_of_scope == (OutOfScope("user", "", "users.csv, line 4", "corp.yaml, line 3", "佐藤 花子"),)


@pytest.mark.parametrize("dirt", ["admin\x00x", "\x00", "a\ud800", "\udfff"])
def test_a_character_that_is_no_text_is_not_silently_cut(usual: CompiledMapping, dirt: str) -> None:
    desired = only(usual, person(title=dirt))
    assert "title" not in desired.attributes
    assert desired.flaws == (
        Flaw(
            "unusable_character",
            "title",
            "title holds a character that is not text (NUL or half a surrogate pair)",
            "Remove it in the source.",
            fatal=False,
        ),
    )


def test_a_leaver_with_a_character_that_is_no_text_still_leaves(usual: CompiledMapping) -> None:
    assert only(usual, person(title="a\x00", enabled="no")).attributes["active"] is False
    assert mapped(usual, person(title="a\x00", login="")).users == ()


def test_a_scope_over_a_character_that_is_no_text_holds_the_record(usual: CompiledMapping) -> None:
    assert flaws(only(usual, person(login="a\x00"))) == [
        ("unusable_character", "scope", True),
        ("unusable_character", "userName", False),
    ]


def test_an_id_with_a_character_that_is_no_text_holds_the_record(usual: CompiledMapping) -> None:
    assert flaws(only(usual, person(id="7\x00"))) == [("unusable_character", "externalId", True)]


def test_what_no_rule_reads_may_hold_anything(usual: CompiledMapping) -> None:
    assert flaws(only(usual, person(note="a\x00"))) == []


def test_a_rule_over_the_whole_source_reads_everything(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, text_of(title='source["note"]'))
    assert flaws(only(mapping, person(note="a\x00"))) == [("unusable_character", "title", False)]
    assert only(mapping, person(note="x")).attributes["title"] == "x"


@pytest.mark.parametrize("wrong", [b"\xff\x00", None, 5, 1.5, True, ["a"], {"a": "b"}])
@pytest.mark.parametrize("rule", ["title", "title.lower()", "firstNonEmpty(title, login)", 'title.split(",")'])
def test_a_value_that_is_no_text_fails_every_rule_that_reads_it(tmp_path: Path, rule: str, wrong: object) -> None:
    desired = only(compiled(tmp_path, text_of(title=rule)), person(title=wrong))
    assert flaws(desired) == [("rule_failed", "title", False)]
    assert desired.flaws[0].detail == "the rule for title failed: title is not text"


@pytest.mark.parametrize("wrong", ["a", [b"a"], [None], ("a",), None])
def test_a_value_that_is_no_list_of_texts_fails_every_rule_that_reads_it(tmp_path: Path, wrong: object) -> None:
    mapping = compiled(tmp_path, text_of(title="first(mails).lower()"), {"mails": "strings"})
    desired = only(mapping, person(mails=wrong))
    assert [flaw.detail for flaw in desired.flaws] == ["the rule for title failed: mails is not a list of texts"]


@pytest.mark.parametrize("texts", [["a", "b"], ["", "b"], [""], []])
def test_the_first_of_several_texts_is_the_same_looked_up_or_evaluated(tmp_path: Path, texts: list[str]) -> None:
    mapping = compiled(tmp_path, text_of(title="first( mails )", nickName="first(mails).trim()"), {"mails": "strings"})
    attributes = only(mapping, person(mails=texts)).attributes
    assert attributes["title"] == attributes["nickName"] == next((text for text in texts if text), "")
    absent = only(mapping, person()).attributes
    assert absent["title"] == absent["nickName"] == ""


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("first(mails) + \"first(mails)\" + 'first(mails)'", "afirst(mails)first(mails)"),
        ('"\\"" + first(mails) + "first(mails)"', '"afirst(mails)'),
        ("first(mails.map(mails, mails + first(['x'])))", "ax"),
        ('size(mails) == 2 ? first(mails) : ""', "a"),
        ("firstNonEmpty(first(titles), first(mails))", "a"),
        ("first(mails).lower() + first( mails )", "aa"),
    ],
)
def test_the_first_of_several_texts_is_meant_where_a_rule_says_so_and_nowhere_else(
    tmp_path: Path, rule: str, given: str
) -> None:
    mapping = compiled(tmp_path, text_of(title=rule), {"mails": "strings", "titles": "strings"})
    assert only(mapping, person(mails=["a", "b"])).attributes["title"] == given


@pytest.mark.parametrize("wrong", ["a", [b"a"], [None], ("a",), ["a\x00"]])
def test_a_value_that_is_no_list_of_texts_is_not_looked_up_either(tmp_path: Path, wrong: object) -> None:
    mapping = compiled(tmp_path, text_of(title="first(mails)"), {"mails": "strings"})
    assert [attribute for _, attribute, _ in flaws(only(mapping, person(mails=wrong)))] == ["title"]


def test_a_character_that_is_no_text_is_found_however_deep(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, text_of(title="extra.a.b[0]"), {"extra": "dyn"})
    assert only(mapping, person(extra={"a": {"b": ["x"]}})).attributes["title"] == "x"
    assert flaws(only(mapping, person(extra={"a": {"b": ["x\x00"]}}))) == [("unusable_character", "title", False)]


def test_several_values_stay_several(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, text_of(emails="mails"), {"mails": "strings"})
    assert only(mapping, person(mails=["a@corp.example", "", "b@corp.example"])).attributes["emails"] == (
        "a@corp.example",
        "b@corp.example",
    )
    assert flaws(only(mapping, person(mails=["a\x00"]))) == [("unusable_character", "emails", False)]


def test_rows_that_share_an_id_are_one_held_record_with_every_place(usual: CompiledMapping) -> None:
    desired = mapped(usual, person(2), person(3, title="Lead"), person(4, enabled="maybe")).users
    assert [d.places for d in desired] == [("users.csv, line 2", "users.csv, line 3", "users.csv, line 4")]
    assert flaws(desired[0]) == [("rule_failed", "active", True), ("duplicate_id", "externalId", True)]
    assert desired[0].attributes["title"] == "Engineer"


@pytest.mark.parametrize(
    ("first", "second", "active"),
    [("yes", "yes", True), ("yes", "no", True), ("no", "yes", True), ("no", "no", False), ("no", "maybe", True)],
)
def test_rows_that_share_an_id_are_inactive_only_if_all_are(
    usual: CompiledMapping, first: str, second: str, active: bool
) -> None:
    (desired,) = mapped(usual, person(2, enabled=first), person(3, enabled=second)).users
    assert desired.attributes["active"] is active


def test_rows_that_share_an_id_leave_active_alone_if_no_row_says_it(usual: CompiledMapping) -> None:
    (desired,) = mapped(usual, person(2, enabled="maybe"), person(3, enabled="")).users
    assert "active" not in desired.attributes


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_row_out_of_scope_holds_the_row_that_shares_its_id(usual: CompiledMapping, order: tuple[int, int]) -> None:
    rows = (person(2, enabled="no"), person(3, login="", title="Room"))
    directory = mapped(usual, *(rows[position] for position in order))
    assert directory.out_of_scope == ()
    assert flaws(directory.users[0]) == [("duplicate_id", "externalId", True)]
    assert sorted(directory.users[0].places) == ["users.csv, line 2", "users.csv, line 3"]
    assert directory.users[0].attributes["title"] == "Engineer"
    assert directory.users[0].attributes["active"] is True


def test_rows_that_share_an_id_and_are_all_out_of_scope_are_out_of_scope_once(usual: CompiledMapping) -> None:
    directory = mapped(usual, person(2, login=""), person(3, login=""))
    assert directory.users == ()
    assert directory.out_of_scope == (OutOfScope("user", "7", "users.csv, line 2", "corp.yaml, line 3", "佐藤 花子"),)


def nested(tmp_path: Path, rule: str) -> Directory:
    """Outer holds inner and hidden; hidden, which is out of scope, holds u3; u9 is not provisioned."""
    users = (person(2, id="u1"), person(3, id="u2"), person(4, id="u3"), person(5, id="u9", login=""))
    groups = (team("outer"), team("inner"), team("h", "hidden"), team("empty"))
    members = {"outer": (("u1", "u9"), ("inner", "h")), "inner": (("u2",), ()), "h": (("u3",), ())}
    snapshot = Snapshot(users, groups, members, (Notice("unknown_member", "x", "…"),))
    return map_records(snapshot, compiled(tmp_path, text_of(nested=rule)), TODAY, LastApplied())


def test_flattened_members_are_provisioned_users_also_through_groups_that_are_not(tmp_path: Path) -> None:
    directory = nested(tmp_path, "flatten")
    assert directory.members == {"outer": {"u1", "u2", "u3"}, "inner": {"u2"}, "empty": frozenset()}
    assert directory.counts == SourceCounts(4, 4, 6)
    assert directory.warnings == (Notice("unknown_member", "x", "…"),)


def test_ignored_nested_groups_add_nobody(tmp_path: Path) -> None:
    directory = nested(tmp_path, "ignore")
    assert directory.members == {"outer": {"u1"}, "inner": {"u2"}, "empty": frozenset()}
    assert directory.warnings == (Notice("unknown_member", "x", "…"),)


def test_reported_nested_groups_add_nobody_and_are_told(tmp_path: Path) -> None:
    directory = nested(tmp_path, "report")
    assert directory.members["outer"] == {"u1"}
    assert directory.warnings[1:] == (
        Notice("nested_group", "outer", "group outer contains 2 groups, whose users are not added"),
    )


def test_explain_sees_every_rule_with_its_place_and_value(usual: CompiledMapping) -> None:
    steps = trace(person(enabled="maybe"), usual.users, TODAY, LastApplied())
    assert [(step.path, step.value) for step in steps[:2]] == [("scope", True), ("userName", "b.sato@corp.example")]
    assert steps[1].text == "login.lower()"
    assert steps[1].place == "corp.yaml, line 6: users.attributes.userName"
    failed = next(step for step in steps if step.path == "active")
    assert (failed.value, failed.failure) == (None, "'maybe' is neither a yes nor a no")


def test_explain_shows_no_value_that_was_cut(usual: CompiledMapping) -> None:
    title = next(
        step for step in trace(person(title="admin\x00x"), usual.users, TODAY, LastApplied()) if step.path == "title"
    )
    assert (title.value, title.failure) == (
        None,
        "title holds a character that is not text (NUL or half a surrogate pair)",
    )


dirty = st.text(st.characters())  # halves of surrogate pairs and NUL among them
anything = st.one_of(
    dirty,
    st.sampled_from(["\x00", "a\ud800", "", "true", "no"]),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(),
    st.lists(dirty),
    st.dictionaries(st.text(), st.integers()),
)


@pytest.fixture(scope="module")
def every_type(tmp_path_factory: pytest.TempPathFactory) -> CompiledMapping:
    """A mapping whose rules read attributes of every type, and the record as a whole."""
    text = text_of(title='source["title"]', emails="mail", displayName="display")
    return compiled(tmp_path_factory.mktemp("every"), text, {"mail": "strings", "display": "dyn"})


@given(st.lists(st.dictionaries(st.sampled_from(sorted(PERSON)), anything), max_size=4))
def test_no_content_of_any_record_breaks_the_mapping(
    every_type: CompiledMapping, rows: list[dict[str, object]]
) -> None:
    records = [Record(str(row.get("id", "")), row, f"line {number}") for number, row in enumerate(rows)]
    directory = mapped(every_type, *records)
    of_users = {place for desired in directory.users for place in desired.places}
    left_out = {record.source_id or record.place for record in directory.out_of_scope}
    assert all(record.place in of_users or (record.id or record.place) in left_out for record in records)
    for record in records:
        trace(record, every_type.users, TODAY, LastApplied())


ROWS = [person(n, id=f"u{n}", login=("", "a", "b")[n % 3], enabled=("yes", "no", "maybe")[n // 3]) for n in range(9)]


@given(st.permutations(ROWS))
def test_the_order_of_the_rows_never_matters(usual: CompiledMapping, rows: list[Record]) -> None:
    shuffled, in_order = mapped(usual, *rows), mapped(usual, *ROWS)
    assert {user.source_id: user for user in shuffled.users} == {user.source_id: user for user in in_order.users}
    assert set(shuffled.out_of_scope) == set(in_order.out_of_scope)


@given(st.permutations([person(2), person(3, enabled="no"), person(4, login=""), person(5, title="a\x00")]))
def test_the_order_of_rows_that_share_an_id_never_matters_to_what_is_done(
    usual: CompiledMapping, rows: list[Record]
) -> None:
    (desired,) = mapped(usual, *rows).users
    assert set(flaws(desired)) == {("duplicate_id", "externalId", True), ("unusable_character", "title", False)}
    assert desired.attributes["active"] is True
    assert sorted(desired.places) == [f"users.csv, line {line}" for line in (2, 3, 4, 5)]


BLANKS = ["", " ", "\u3000\t", "\u200b", "\ufeff", "\u3164 ", "\u200e\u200f"]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_value_is_an_empty_one_for_every_rule(tmp_path: Path, blank: str) -> None:
    text = text_of(
        scope='login != "" && size(mails) == 1',
        title='display == "" ? "none" : display',
        emails="first(mails)",
        nickName='size(title) > 0 ? title : "no title"',
    )
    mapping = compiled(tmp_path, text, {"mails": "strings"})
    user = only(mapping, person(display=blank, title=blank, mails=[blank, "a@corp.example", blank]))
    assert [user.attributes[path] for path in ("title", "emails", "nickName")] == ["none", "a@corp.example", "no title"]
    assert mapped(mapping, person(login=blank, mails=["a@corp.example"])).users == ()


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_id_is_none(usual: CompiledMapping, blank: str) -> None:
    assert ("missing_id", "externalId", True) in flaws(only(usual, person(id=blank)))


def test_two_forms_of_one_id_are_one_id_that_stands_twice(usual: CompiledMapping) -> None:
    [user] = mapped(usual, person(2, id="jörg"), person(3, id="jo\u0308rg ")).users
    assert ("duplicate_id", "externalId", True) in flaws(user)
    assert user.places == ("users.csv, line 2", "users.csv, line 3")


def test_a_rule_and_a_value_may_be_written_in_different_forms(tmp_path: Path) -> None:
    for rule in ('title == "プール"', unicodedata.normalize("NFD", 'title == "プール"')):
        for form in ("NFC", "NFD"):
            mapping = compiled(tmp_path, text_of(active=rule))
            value = unicodedata.normalize(form, "プール")
            assert only(mapping, person(title=value)).attributes["active"] is True
