"""Who of the source is who in the identity store: the surest sign first, and what fits several is asked."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.access.switch.compare import compare, differences, is_address, loose
from scim_bridge.model.identity import Desired
from scim_bridge.model.switch import Compared, StoreResource
from tests.builders import group, user


def there(name: str, number: str = "", *emails: str, external: str = "") -> StoreResource:
    ids = (external,) if external else ()
    return StoreResource(kind="user", id=number or name, name=name, emails=emails, external_ids=ids)


def how(found: Compared) -> list[tuple[str, str, str]]:
    return sorted((pair.desired.source_id, pair.found.name, pair.how) for pair in found.pairs)


@pytest.mark.parametrize(
    ("name", "differs"),
    [
        ("a@corp.example", ()),
        ("A@Corp.example", ("case",)),
        ("\uff41@corp.example", ("unicode",)),
        (" a@corp.example\u200b", ("spaces",)),
        ("\uff21 @corp.example", ("case", "unicode", "spaces")),
    ],
)
def test_a_name_that_looks_the_same_is_a_match_that_says_in_what_it_differs(
    name: str, differs: tuple[str, ...]
) -> None:
    [pair] = compare("user", [user("a")], [there(name)]).pairs
    assert (pair.how, pair.differs) == ("differs" if differs else "exact", differs)


def test_a_name_in_another_unicode_form_differs_in_that() -> None:
    name = "\u304c@corp.example"
    [pair] = compare("user", [user("ga", userName=name)], [there(unicodedata.normalize("NFD", name))]).pairs
    assert (pair.how, pair.differs) == ("differs", ("unicode",))


def test_an_email_alone_joins_two_in_whatever_place_it_stands() -> None:
    records = [user("a", emails="x@corp.example"), user("b", userName="y@corp.example"), user("c", userName="plain")]
    found = [there("old.x", "1", "X@corp.example"), there("why", "2", "y@corp.example"), there("c@corp.example", "3")]
    result = compare("user", records, found)
    assert how(result) == [("a", "old.x", "email"), ("b", "why", "email")]
    assert [r.source_id for r in result.only_source] == ["c"]
    assert [s.id for s in result.only_store] == ["3"]


def test_an_id_of_provisioning_goes_before_a_name() -> None:
    """Two who exchanged names: the id says who is who."""
    records = [user("1", userName="b@corp.example"), user("2", userName="a@corp.example")]
    found = [there("a@corp.example", external="1"), there("b@corp.example", external="2")]
    assert how(compare("user", records, found)) == [("1", "a@corp.example", "id"), ("2", "b@corp.example", "id")]


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([user("a"), user("b", userName="A@corp.example")], [there("A@CORP.example")]),
        ([user("a")], [there("A@corp.example", "1"), there("a@Corp.example", "2")]),
        ([user("a", emails="x@corp.example")], [there("p", "1", "x@corp.example"), there("q", "2", "X@corp.example")]),
        ([user("a", emails="x@c.example"), user("b", emails="x@c.example")], [there("p", "1", "x@c.example")]),
    ],
)
def test_what_fits_several_is_not_guessed(records: list[Desired], found: list[StoreResource]) -> None:
    result = compare("user", records, found)
    assert result.pairs == ()
    [unclear] = result.unclear
    assert (len(unclear.desired), len(unclear.found)) == (len(records), len(found))
    assert (result.only_source, result.only_store) == ((), ())


def test_the_exact_one_of_several_is_the_match() -> None:
    result = compare("user", [user("a")], [there("a@corp.example", "1"), there("A@corp.example", "2")])
    assert how(result) == [("a", "a@corp.example", "exact")]
    assert [s.id for s in result.only_store] == ["2"]


def test_names_and_emails_that_several_records_claim_are_named() -> None:
    records = [user("a", emails="x@c.example"), user("b", userName="A@corp.example", emails="X@c.example"), user("d")]
    assert [value for value, _ in compare("user", records, []).duplicates] == ["a@corp.example", "x@c.example"]


def test_groups_match_by_their_name_alone() -> None:
    resource = StoreResource(kind="group", id="1", name="dev  ops")
    [pair] = compare("group", [group("g", displayName="Dev Ops")], [resource]).pairs
    assert pair.differs == ("case", "spaces")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a@b.example", True), ("a", False), ("a@b", False), ("@b.example", False), ("a@c@b.example", False)],
)
def test_what_an_address_is(name: str, is_one: bool) -> None:
    assert is_address(name) is is_one


names = st.text("aA\u00e9E\u0301 .\u200b", min_size=1, max_size=4).map(lambda text: f"{text}@x.example")
resources = st.lists(st.tuples(names, st.lists(names, max_size=1)), max_size=6).map(
    lambda some: [there(name, str(number), *emails) for number, (name, emails) in enumerate(some)]
)
records = st.lists(st.tuples(names, names), max_size=6).map(
    lambda some: [user(f"r{n}", userName=name, emails=email) for n, (name, email) in enumerate(some)]
)


@given(records, resources)
def test_everyone_is_in_exactly_one_part_whatever_the_order(given_: list[Desired], found: list[StoreResource]) -> None:
    result = compare("user", given_, found)
    ours = [p.desired for p in result.pairs] + [d for u in result.unclear for d in u.desired] + [*result.only_source]
    theirs = [p.found for p in result.pairs] + [s for u in result.unclear for s in u.found] + [*result.only_store]
    assert sorted(d.source_id for d in ours) == sorted(d.source_id for d in given_)
    assert sorted(s.id for s in theirs) == sorted(s.id for s in found)
    assert how(compare("user", given_[::-1], found[::-1])) == how(result)


@given(names, names)
def test_names_differ_in_something_exactly_if_they_look_the_same_and_are_not(one: str, other: str) -> None:
    assert bool(differences(one, other)) is (one != other and loose(one) == loose(other))
