"""Readings kept as differences and compared: nothing is lost on the way, and who gained or lost is named once."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from scim_bridge.access.difference import Done, difference
from scim_bridge.access.graph import access_rows
from scim_bridge.model.access import (
    AccessReading,
    AccessRow,
    Account,
    Allowed,
    Application,
    Edge,
    Instance,
    Level,
    People,
    PermissionSet,
    Person,
    Use,
)
from scim_bridge.model.identity import TargetKey
from scim_bridge.state.access_fact import facts_of, reading_of
from scim_bridge.state.access_memory import keep_reading, open_access_memory
from tests.access.conftest import NOW

ids = st.sampled_from(["1", "2", "3"])
principals = st.builds(TargetKey, st.sampled_from(["user", "group"]), ids)
grants = st.builds(Allowed, st.sampled_from(get_args(Level)), st.sampled_from([("S3",), ("EC2 read", "S3")]))


@st.composite
def readings(draw: st.DrawFn) -> AccessReading:
    """A small organization in any condition: people and groups missing, accounts closed, anyone in any group."""
    users = {n: Person(n, f"u{n}", f"U {n}", draw(st.booleans())) for n in draw(st.sets(ids))}
    groups = {n: f"g{n}" for n in draw(st.sets(ids))}
    members = {n: frozenset(draw(st.sets(ids))) for n in groups}
    accounts = {n: Account(n, f"a{n}", draw(st.sampled_from(["ACTIVE", "PENDING_CLOSURE", "CLOSED"]))) for n in "123"}
    sets = {n: PermissionSet(arn=n, name=f"s{n}", allowed=draw(grants), centrally=draw(grants)) for n in "123"}
    return AccessReading(
        as_of=NOW,
        instance=Instance("arn:i", "d-1", draw(ids), ""),
        people=People(users, groups, members),
        accounts=accounts,
        sets=sets,
        edges=frozenset(draw(st.sets(st.builds(Edge, ids, ids, principals), max_size=5))),
        applications={n: Application(n, f"app{n}", draw(st.booleans()), draw(st.booleans())) for n in "123"},
        uses=frozenset(draw(st.sets(st.builds(Use, ids, principals), max_size=3))),
        tags={"costCenter": "${path:enterprise.costCenter}"},
        warnings=("one thing was not read",),
        requests=7,
    )


def _plainly(reading: AccessReading) -> set[tuple[str, str, str]]:
    """Who can enter what, by the plain definition."""
    can = set()
    for edge in reading.edges:
        for user in reading.people.users.values():
            inside = (
                edge.principal.id == user.id
                if edge.principal.kind == "user"
                else edge.principal.id in reading.people.groups and user.id in reading.people.members[edge.principal.id]
            )
            if inside and user.is_active and reading.accounts[edge.account].state != "CLOSED":
                can.add((user.id, edge.account, f"s{edge.permission_set}"))
    return can


@given(readings())
def test_no_way_in_is_missed_or_counted_twice(reading: AccessReading) -> None:
    rows = access_rows(reading)
    assert {(r.user_id, r.account_id, r.permission_set) for r in rows} == _plainly(reading)
    assert len({(r.user_id, r.via, r.account_id, r.permission_set) for r in rows}) == len(rows)


@given(readings(), readings())
def test_who_gained_and_lost_is_the_difference_of_what_they_could_enter(
    before: AccessReading, after: AccessReading
) -> None:
    found = difference(before, after, Done())
    had, has = _plainly(before), _plainly(after)
    for steps, expected in ((found.gained, has - had), (found.lost, had - has)):
        rows = [step.row for step in steps if isinstance(step.row, AccessRow)]
        doors = {(row.user_id, row.account_id, row.permission_set) for row in rows}
        assert doors == expected
        assert all(step.causes for step in steps)


@given(readings())
def test_a_reading_comes_back_from_its_facts(reading: AccessReading) -> None:
    facts = [(kind, key, value) for (kind, key), value in facts_of(reading).items()]
    assert reading_of(facts, reading.as_of, reading.warnings, reading.requests) == reading


@settings(max_examples=15, deadline=None)
@given(st.lists(readings(), min_size=1, max_size=4))
def test_every_reading_can_be_looked_at_again(several: list[AccessReading]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        for number, reading in enumerate(several):
            keep_reading(path, "other", several[0])
            keep_reading(path, "corp", _at(reading, number))
        memory = open_access_memory(path, "corp")
        kept = memory.all_kept()
        assert [memory.load(each.number) for each in kept] == [_at(r, number) for number, r in enumerate(several)]
        assert memory.newest() == _at(several[-1], len(several) - 1)
        memory.close()


def _at(reading: AccessReading, number: int) -> AccessReading:
    from dataclasses import replace

    return replace(reading, as_of=NOW + timedelta(hours=number))
