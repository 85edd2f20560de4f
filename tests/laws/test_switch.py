"""Whoever the switch report calls matched is not created by the first sync, once the fix plan has been carried out."""

import unicodedata
from datetime import UTC, datetime

from hypothesis import given, note
from hypothesis import strategies as st

from scim_bridge.access.switch.compare import compare
from scim_bridge.access.switch.facts import Facts, Said
from scim_bridge.access.switch.fixes import fix_plan
from scim_bridge.access.switch.held import Held
from scim_bridge.model.access import AccessReading, Instance, People
from scim_bridge.model.identity import Desired, Directory, Existing, Kind
from scim_bridge.model.switch import DIRECTORY, EXTERNAL, Direction, StoreResource, Surroundings
from scim_bridge.model.text import folded
from scim_bridge.plan.fit import fit
from tests.builders import CAPABILITIES, directory, group, planned, target, user

LETTERS = ("a", "A", "b", "ga", "g\u00e2", "G\uff21")
FORMS = (str, str.upper, lambda text: unicodedata.normalize("NFD", text), lambda text: f"{text}.x")
names = st.sampled_from(LETTERS)
written = st.builds(lambda name, form: f"{form(name)}@corp.example", names, st.sampled_from(FORMS))
READING = AccessReading(
    as_of=datetime(2026, 11, 28, tzinfo=UTC),
    instance=Instance("arn", "d-1"),
    people=People(),
    accounts={},
    sets={},
    edges=frozenset(),
)


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    users = [
        user(f"u{number}", userName=name, emails=email)
        for number, (name, email) in enumerate(draw(st.lists(st.tuples(written, written | st.just("")), max_size=4)))
    ]
    groups = [group(f"g{number}", displayName=name) for number, name in enumerate(draw(st.lists(names, max_size=3)))]
    return directory(*users, *groups)


@st.composite
def stores(draw: st.DrawFn) -> dict[Kind, tuple[StoreResource, ...]]:
    """As Identity Center can hold it: names and emails are unique but for case."""
    emails = draw(st.lists(written, min_size=4, max_size=4, unique_by=folded))
    people = [
        StoreResource(kind="user", id=f"t{number}", name=name, emails=(emails[number],) if has_one else ())
        for number, (name, has_one) in enumerate(
            draw(st.lists(st.tuples(written, st.booleans()), max_size=4, unique_by=lambda one: folded(one[0])))
        )
    ]
    teams = [
        StoreResource(kind="group", id=f"s{number}", name=name)
        for number, name in enumerate(draw(st.lists(names, max_size=3, unique_by=folded)))
    ]
    return {"user": tuple(people), "group": tuple(teams)}


def shown(one: StoreResource, name: str) -> Existing:
    if one.kind == "group":
        return Existing("group", one.id, {"displayName": name})
    email = {"emails": one.emails[0]} if one.emails else {}
    return Existing("user", one.id, {"userName": name, "displayName": "x", "active": True, **email})


@given(directories(), stores())
def test_the_first_sync_creates_nobody_who_was_matched(
    desired: Directory, stored: dict[Kind, tuple[StoreResource, ...]]
) -> None:
    fitted = fit(desired, CAPABILITIES)
    sides: dict[Kind, tuple[Desired, ...]] = {"user": fitted.users, "group": fitted.groups}
    facts = Facts(
        direction=Direction(DIRECTORY, EXTERNAL),
        surroundings=Surroundings(arn="arn", store="d-1", region="eu-west-1"),
        reading=READING,
        stored=stored,
        held=Held(READING),
        said=Said(),
        desired=fitted,
        compared={kind: compare(kind, records, stored[kind]) for kind, records in sides.items()},
    )
    fixes = fix_plan(facts, "corp", "2026-11-28T12:00:00Z")
    after = {one.id: one.name for some in stored.values() for one in some}
    for rename in fixes.renames:
        assert after[rename.id] == rename.before
        after[rename.id] = rename.after
    matched = {
        (kind, pair.desired.source_id)
        for kind, compared in facts.compared.items()
        for pair in compared.pairs
        if after[pair.found.id] == pair.desired.name
    }
    plan = planned(desired, target(*(shown(one, after[one.id]) for some in stored.values() for one in some)))
    created = {(o.resource, o.source_id or "") for o in plan.operations if o.is_create}
    note(f"{fixes.renames} {created}")
    assert not created & matched
    assert all(after[p.found.id] == p.desired.name for c in facts.compared.values() for p in c.pairs) or (
        fixes.not_possible
    )
