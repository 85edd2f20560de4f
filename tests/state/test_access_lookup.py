"""Parts of the newest reading, found by the indexes: what reaches the few is all there, and no one else is loaded."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from scim_bridge.access.graph import access_rows, application_rows
from scim_bridge.model.access import (
    AccessReading,
    Account,
    Allowed,
    Application,
    Edge,
    Instance,
    People,
    PermissionSet,
    Person,
    Use,
)
from scim_bridge.model.identity import TargetKey
from scim_bridge.state.access_memory import AccessMemory, keep_reading, open_access_memory, remember_here
from scim_bridge.state.schema import alembic_config
from scim_bridge.state.sqlite_file import migrate
from tests.access.conftest import NOW

ADMIN, READER = Allowed("administrator", ("a",)), Allowed("read", ("r",))


def made(seed: int) -> AccessReading:
    chance = Random(seed)
    users = {f"u{n}": Person(f"u{n}", f"user{n}", f"User {n}, true]", chance.random() < 0.8) for n in range(20)}
    groups = {f"g{n}": f"Group {n}" for n in range(6)}
    members = {g: frozenset(chance.sample(sorted(users), 5)) for g in groups if g != "g5"}
    who = [TargetKey("user", u) for u in users] + [TargetKey("group", g) for g in members]
    return AccessReading(
        as_of=NOW,
        instance=Instance("arn:i", "d-1", "1"),
        people=People(users, groups, members),
        accounts={"1": Account("1", "one"), "2": Account("2", "two", "SUSPENDED")},
        sets={
            "a": PermissionSet(arn="a", name="Admin", allowed=ADMIN, centrally=ADMIN),
            "r": PermissionSet(arn="r", name="Read", allowed=READER, centrally=READER),
        },
        edges=frozenset(Edge(chance.choice("12"), chance.choice("ar"), one) for one in chance.sample(who, 12)),
        applications={"app": Application("app", "App")},
        uses=frozenset(Use("app", one) for one in chance.sample(who, 4)),
        tags={"k": "${path:title}"},
        warnings=("w",),
        requests=7,
    )


def test_of_an_earlier_reading_the_few_are_as_they_were_then(tmp_path: Path) -> None:
    before, after = made(2), made(5)
    for each in (before, after):
        keep_reading(tmp_path / "s.db", "corp", each)
    memory = open_access_memory(tmp_path / "s.db", "corp")
    for number, was in ((1, before), (2, after)):
        for user in was.people.users:
            with memory.lookup(number) as lookup:
                part = lookup.around([user])
            assert part is not None
            assert {row for row in access_rows(part) if row.user_id == user} == {
                row for row in access_rows(was) if row.user_id == user
            }
    memory.close()


def test_users_are_found_by_their_whole_name_in_any_case_and_by_their_id(tmp_path: Path) -> None:
    names = ("Ann_1", "annx1", "ÄNNE", 'quo"te', "a,b")
    people = People({f"u{n}": Person(f"u{n}", name, "x") for n, name in enumerate(names)}, {}, {})
    remembered = remember_here(replace(made(1), people=people, edges=frozenset(), uses=frozenset()))
    with remembered.lookup() as lookup:
        found = {text: lookup.called(text) for text in ("ann_1", "änne", 'QUO"TE', "a", "a,b", "u2", "%")}
    assert found == {
        "ann_1": {"u0"}, "änne": {"u2"}, 'QUO"TE': {"u3"}, "a": set(), "a,b": {"u4"}, "u2": {"u2"}, "%": set(),
    }  # fmt: skip


@pytest.fixture(params=["state", "here"])
def memory(tmp_path: Path, request: pytest.FixtureRequest) -> AccessMemory:
    if request.param == "here":
        return remember_here(made(1))
    keep_reading(tmp_path / "s.db", "corp", made(2))
    keep_reading(tmp_path / "s.db", "other", made(3))
    keep_reading(tmp_path / "s.db", "corp", made(1))
    return open_access_memory(tmp_path / "s.db", "corp")


@pytest.mark.parametrize("chosen", [("u1",), ("u2", "u7", "u9"), ("nobody",), ()])
def test_what_reaches_the_few_is_as_in_the_whole(memory: AccessMemory, chosen: tuple[str, ...]) -> None:
    whole = made(1)
    with memory.lookup() as lookup:
        part = lookup.around(chosen)
    assert part is not None
    assert (part.as_of, part.warnings, part.requests, part.tags) == (NOW, ("w",), 7, whole.tags)
    assert set(part.people.users) == set(chosen) & set(whole.people.users)
    assert access_rows(part) == [row for row in access_rows(whole) if row.user_id in chosen]
    assert [r for r in application_rows(part) if r.user_id] == [
        r for r in application_rows(whole) if r.user_id in chosen
    ]


def test_a_whole_group_comes_with_all_its_members_and_what_reaches_them(memory: AccessMemory) -> None:
    whole = made(1)
    with memory.lookup() as lookup:
        part = lookup.around((), (), ["g1"])
    assert part is not None
    inside = whole.people.members["g1"]
    assert part.people.members["g1"] == inside
    assert access_rows(part) == [row for row in access_rows(whole) if row.user_id in inside]


def test_those_who_have_access_are_counted_once(memory: AccessMemory) -> None:
    rows = access_rows(made(1))
    with memory.lookup() as lookup:
        assert lookup.count() == len({row.user_id for row in rows})
        admins = {row.user_id for row in rows if row.level == "administrator"}
        assert lookup.count(is_administering=True) == len(admins)
        assert set(lookup.holding("1", ["a"])) == {
            e.principal for e in made(1).edges if (e.account, e.permission_set) == ("1", "a")
        }


def test_where_nothing_was_read_there_is_no_part(tmp_path: Path) -> None:
    keep_reading(tmp_path / "s.db", "other", made(1))
    with open_access_memory(tmp_path / "s.db", "corp").lookup() as lookup:
        assert (lookup.around(["u1"]), lookup.count()) == (None, 0)


@pytest.mark.state_file
def test_an_older_state_finds_the_few_after_its_migration(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    config = alembic_config()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
        for kind, key in (("member", "g1 u1"), ("use", "app group g1"), ("edge", "1 a user u1"), ("user", "u1")):
            values = {"kind": kind, "key": key}
            columns = "(connection, kind, fact_key, value, since) VALUES ('c', :kind, :key, '1', 1)"
            connection.execute(text(f"INSERT INTO access_facts {columns}"), values)
    migrate(path)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT kind, about FROM access_facts")).all()
    engine.dispose()
    assert sorted(map(tuple, found)) == [
        ("edge", "user u1"),
        ("member", "u1"),
        ("use", "group g1"),
        ("user", ""),
    ]
