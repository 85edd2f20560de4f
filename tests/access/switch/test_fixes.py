"""The renames of a fix plan: in an order in which each is possible, with what undoes them, and guarded."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.access.switch.fix_file import fix_bytes, fix_of, is_fix_file
from scim_bridge.access.switch.fixes import in_order, undo
from scim_bridge.access.switch.rename import to_be_done
from scim_bridge.errors import Misconfigured, PlanOutdated
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.switch import FixPlan, Rename, StoreResource
from scim_bridge.model.text import folded


def rename(number: str, before: str, after: str, revision: str = "1") -> Rename:
    return Rename(
        kind="user",
        id=number,
        before=before,
        after=after,
        source_id=f"r{number}",
        is_adoption=False,
        revision=revision,
        reason="the same name but for case",
    )


def there(number: str, name: str, revision: str = "1") -> StoreResource:
    return StoreResource(kind="user", id=number, name=name, revision=revision)


def plan(*renames: Rename) -> FixPlan:
    return FixPlan(connection="corp", created="2026-11-28T12:00:00Z", store="d-1", renames=renames)


def carried_out(names: dict[str, str], renames: Sequence[Rename]) -> dict[str, str]:
    """The names after these; each must be free when it is taken, as Identity Center demands."""
    now = dict(names)
    for one in renames:
        assert now[one.id] == one.before
        assert all(folded(name) != folded(one.after) for number, name in now.items() if number != one.id)
        now[one.id] = one.after
    return now


letters = st.sampled_from(["a", "A", "b", "B", "c", "d", "e"])


@given(
    st.lists(letters, min_size=1, max_size=4, unique_by=folded),
    st.lists(letters, min_size=4, max_size=4, unique_by=folded),
)
def test_the_order_never_takes_a_name_that_someone_has_and_undo_brings_back_the_old_ones(
    had: list[str], wanted: list[str]
) -> None:
    names = {str(number): name for number, name in enumerate(had)}
    asked = [rename(n, old, new) for (n, old), new in zip(names.items(), wanted, strict=False) if old != new]
    ordered, blocked = in_order(asked, [there(n, name) for n, name in names.items()])
    after = carried_out(names, ordered)
    assert blocked == []  # everyone gives their name up, or keeps it for themselves
    assert after == names | {one.id: one.after for one in asked}
    assert carried_out(after, undo(plan(*ordered)).renames) == names


@given(
    st.lists(letters, min_size=1, max_size=4, unique_by=folded),
    st.lists(letters, min_size=4, max_size=4),
)
def test_a_name_that_several_ask_for_goes_to_one_of_them_at_most(had: list[str], wanted: list[str]) -> None:
    names = {str(number): name for number, name in enumerate(had)}
    asked = [rename(n, old, new) for (n, old), new in zip(names.items(), wanted, strict=False) if old != new]
    ordered, blocked = in_order(asked, [there(n, name) for n, name in names.items()])
    after = carried_out(names, ordered)
    for one in asked:
        is_renamed = after[one.id] == one.after
        assert is_renamed or after[one.id] == one.before  # none is left with a temporary name
        assert is_renamed != any(said.startswith(f"user {one.before}: ") for said in blocked)


def test_two_who_ask_for_a_name_in_a_circle_do_not_keep_the_order_from_its_end() -> None:
    asked = [rename("1", "a", "y"), rename("2", "x", "y"), rename("3", "y", "x")]
    ordered, blocked = in_order(asked, [there(one.id, one.before) for one in asked])
    assert ordered == []
    assert blocked == [
        "user x: rename to y: a has this name, or gets it",
        "user y: rename to x: x has this name, or gets it",
        "user a: rename to y: y has this name, or gets it",
    ]


def test_a_name_that_someone_keeps_is_not_taken() -> None:
    ordered, blocked = in_order([rename("1", "a", "b"), rename("2", "x", "a")], [there("1", "a"), there("9", "B")])
    assert ordered == []
    assert blocked == [
        "user a: rename to b: B has this name, or gets it",
        "user x: rename to a: a has this name, or gets it",
    ]


def test_of_two_that_want_one_name_one_gets_it_and_the_other_is_named() -> None:
    ordered, blocked = in_order([rename("1", "a", "n"), rename("2", "b", "N")], [there("1", "a"), there("2", "b")])
    assert [one.id for one in ordered] == ["1"]
    assert blocked == ["user b: rename to N: a has this name, or gets it"]


def test_the_file_gives_back_the_plan_and_each_rename_has_its_inverse() -> None:
    made = plan(rename("1", "A", "a"), rename("2", "B", "b"))
    content = fix_bytes(made)
    assert is_fix_file(content)
    assert fix_of("fix.json", content) == made
    assert content.count(b'"undo":{"before":"a","after":"A"}') == 1


@pytest.mark.parametrize("content", [b"{}", b'{"kind":"identity-store-renames"}', b'{"kind":"identity-store-renames",'])
def test_a_file_that_does_not_fit_is_refused(content: bytes) -> None:
    with pytest.raises(Misconfigured, match=r"fix.json is not a fix plan as it was saved"):
        fix_of("fix.json", content)


def left(made: FixPlan, *found: StoreResource, wanted: dict[str, str] | None = None) -> list[Rename]:
    names = {SourceKey("user", one.source_id): one.after for one in made.renames}
    names |= {SourceKey("user", key): name for key, name in (wanted or {}).items()}
    stored = {one.id: one for one in found}
    return to_be_done(made, {"user": found, "group": ()}, lambda one: stored[one.id], names)


def test_what_has_the_new_name_already_is_not_done_again() -> None:
    made = plan(rename("1", "A", "a"), rename("2", "B", "b"))
    assert left(made, there("1", "a", "7"), there("2", "B")) == [made.renames[1]]
    ordered, _ = in_order([rename("1", "a", "b"), rename("2", "b", "a")], [there("1", "a"), there("2", "b")])
    swapped = plan(*ordered)
    assert [str(one) for one in left(swapped, there("1", ordered[0].after, "2"), there("2", "b"))] == list(
        map(str, ordered[1:])
    )
    assert left(swapped, there("1", "b", "3"), there("2", "a", "2")) == []


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        (there("1", "A", "2"), {}, "user A was changed since this plan was made, so nothing was sent"),
        (there("1", "other"), {}, "user A was changed since this plan was made"),
        (there("1", "A"), {"r1": "c"}, "the record of user A asks for another name now since this plan was made"),
    ],
)
def test_a_plan_is_refused_by_name_when_either_side_has_moved(
    found: StoreResource, wanted: dict[str, str], said: str
) -> None:
    with pytest.raises(PlanOutdated, match=said):
        left(plan(rename("1", "A", "a")), found, wanted=wanted)
