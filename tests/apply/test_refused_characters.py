"""Which attributes may be why a request was refused, and what a second try leaves out."""

from dataclasses import replace

from scim_bridge.apply.refused_characters import suspects, without
from scim_bridge.model.operation import Change, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.target.identity_center import IDENTITY_CENTER

UPDATE = Operation(
    id="o1", kind="update_user", phase=Phase.USERS, source_id="sato", target_id="t-1", subject="sato", reason="why"
)
CREATE = replace(UPDATE, kind="create_user", target_id=None)


def found(**changes: Change) -> dict[str, str]:
    by_path = {path.replace("_", "."): change for path, change in changes.items()}
    return {path: signs for path, (_, signs) in suspects(UPDATE, by_path, IDENTITY_CENTER).found.items()}


def test_a_value_with_a_doubtful_character_is_suspected_and_each_character_named_once() -> None:
    assert found(title=(None, "Lead; EMEA; APAC"), locale=(None, "ja-JP")) == {"title": ";"}


def test_what_is_removed_and_what_is_no_text_is_not() -> None:
    assert found(title=("Lead;", None), active=(True, False)) == {}


def test_in_words_the_paths_come_in_order_with_value_and_character() -> None:
    suspected = suspects(UPDATE, {"title": (None, "a;"), "nickName": (None, "<b")}, IDENTITY_CENTER)
    assert str(suspected) == "nickName '<b' has \"<\" and title 'a;' has \";\""
    assert suspected.paths == ("nickName", "title")
    assert str(suspected.of(["title"])) == "title 'a;' has \";\""


def test_a_long_value_is_cut_in_the_sentence_alone() -> None:
    assert len(str(suspects(UPDATE, {"title": (None, ";" * 900)}, IDENTITY_CENTER))) < 100


def rest(operation: Operation, **changes: Change) -> set[str]:
    by_path = {path.replace("_", "."): change for path, change in changes.items()}
    return set(without(operation, by_path, suspects(operation, by_path, IDENTITY_CENTER), IDENTITY_CENTER))


def test_a_second_try_goes_without_the_suspected() -> None:
    assert rest(UPDATE, title=(None, "a;"), locale=(None, "ja-JP")) == {"locale"}


def test_there_is_none_if_nothing_would_be_left_or_nothing_is_suspected() -> None:
    assert rest(UPDATE, title=(None, "a;")) == set()
    assert rest(UPDATE, locale=(None, "ja-JP")) == set()


def test_what_is_created_keeps_what_is_required_and_what_exists_may_keep_its_old_name() -> None:
    names: dict[str, Change] = {"displayName": (None, "a;"), "locale": (None, "ja-JP"), "title": (None, "b;")}
    assert rest(CREATE, **names) == {"displayName", "locale"}
    assert rest(UPDATE, **names) == {"locale"}


def test_our_id_is_never_left_out() -> None:
    assert rest(UPDATE, externalId=(None, "7;"), title=(None, "a;")) == {"externalId"}


def test_an_address_is_left_out_whole() -> None:
    parts: dict[str, Change] = {"addresses_locality": (None, "a;"), "addresses_country": ("JP", "JP")}
    assert rest(UPDATE, title=(None, "x"), **parts) == {"title"}
