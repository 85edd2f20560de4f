"""How a directory is written down says nothing: neither the Unicode form of its texts nor the order of its values."""

import csv
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.record import map_records
from scim_bridge.model.identity import AttributeType, Directory, Inventory, Record, Snapshot
from scim_bridge.model.operation import Operation
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.model.remembered import LastApplied, Link, Remembered
from scim_bridge.plan.fit import fit
from tests.builders import CAPABILITIES, Target
from tests.e2e.world import MAPPING
from tests.laws.test_planner import applied
from tests.mapping.rules import compiled, text_of
from tests.source.files import HEADER, source

IDS = ("jörg", "ガス", "Å-1", "ệ", "plain")
TEAMS = ("監査グループ", "Équipe", "dev")
POLICY = Policy(protect=Protect(users=("ガ*",), groups=("équ*",)))


def _write(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def _read(people: list[tuple[str, ...]], teams: list[tuple[str, ...]], members: list[tuple[str, ...]]) -> Snapshot:
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "users.csv", [HEADER, *people])
        _write(Path(folder) / "groups.csv", [("id", "name"), *teams])
        _write(Path(folder) / "members.csv", [("group_id", "member_id", "member_type"), *members])
        return source(Path(folder)).read("2027-03-13").snapshot


def _csv_mapping() -> CompiledMapping:
    users: dict[str, AttributeType] = dict.fromkeys(HEADER, "string")
    return compile_mapping(load_mapping(MAPPING), users, {"id": "string", "name": "string"})


CSV = _csv_mapping()


def _list_mapping() -> CompiledMapping:
    rules = {"userName": "first(mails).lower()", "emails": "mails", "title": 'first(titles) + "/" + first(mails)'}
    with tempfile.TemporaryDirectory() as folder:
        return compiled(Path(folder), text_of(**rules), {"mails": "strings", "titles": "strings"})


LISTS = _list_mapping()


def _mapped(snapshot: Snapshot, mapping: CompiledMapping, there: Target, known: Remembered) -> Directory:
    last = LastApplied(known, Inventory({r.target_id: r for r in there.resources if r.kind == "user"}))
    return fit(map_records(snapshot, mapping, "2027-03-13", last), CAPABILITIES)


def _step(desired: Directory, there: Target, known: Remembered, policy: Policy) -> tuple[object, Target, Remembered]:
    """One run: what it does, and what is there and known afterwards, with all that was applied."""
    plan, end, known = applied((desired, there, known, policy))
    shown = {resource.target_id: resource.attributes for resource in end.resources}
    links = {key: _whole(link, shown) for key, link in known.users.items()}
    known = Remembered(users=links, groups=known.groups, is_fresh=False, has_applied=True)
    return [_told(operation) for operation in plan.operations], end, known


def _whole(link: Link, shown: Mapping[str, Any]) -> Link:
    return Link(
        kind=link.kind,
        source_id=link.source_id,
        target_id=link.target_id,
        applied=dict(shown[link.target_id]),
        departed=link.departed,
    )


def _told(operation: Operation) -> object:
    return operation.kind, operation.source_id, operation.target_id, operation.changes, operation.members


directories = st.tuples(
    st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(("", *IDS))), unique_by=lambda row: row[0], min_size=1),
    st.lists(st.sampled_from(TEAMS), unique=True),
    st.lists(st.tuples(st.sampled_from(TEAMS), st.sampled_from((*IDS, *TEAMS)))),
)


@settings(max_examples=20)
@given(directories, st.randoms(use_true_random=False))
def test_a_directory_in_any_unicode_form_gives_the_same_plans(shape: Any, random: Random) -> None:
    people, teams, members = _rows(*shape)
    composed = _read(people, teams, members)
    other = _read(*(_mixed(rows, random) for rows in (people, teams, members)))
    there, known = Target(), Remembered()
    first, end, after = _step(_mapped(composed, CSV, there, known), there, known, POLICY)
    assert _step(_mapped(other, CSV, there, known), there, known, POLICY)[0] == first
    assert _step(_mapped(other, CSV, end, after), end, after, POLICY)[0] == []
    fewer = [rows[: random.randrange(len(rows) + 1)] for rows in (people, teams, members)]
    fewer[0] = fewer[0] or people[:1]
    second = _step(_mapped(_read(*fewer), CSV, end, after), end, after, POLICY)[0]
    mixed = _read(*(_mixed(rows, random) for rows in fewer))
    assert _step(_mapped(mixed, CSV, end, after), end, after, POLICY)[0] == second


def _rows(
    people: list[tuple[str, str]], teams: list[str], members: list[tuple[str, str]]
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]], list[tuple[str, ...]]]:
    return (
        [
            (i, i, f"名{i}", f"姓{i}", i, f"{i}@corp.example", "true", f"プール{i}", "部", manager)
            for i, manager in people
        ],
        [(name, name) for name in teams],
        [(team, who, "group" if who in TEAMS else "user") for team, who in members],
    )


def _mixed(rows: list[tuple[str, ...]], random: Random) -> list[tuple[str, ...]]:
    return [tuple(unicodedata.normalize(random.choice(("NFC", "NFD")), cell) for cell in row) for row in rows]


MAILS = tuple(f"{name}@corp.example" for name in ("a", "B", "jörg", "z"))
values = st.lists(st.sampled_from(MAILS), min_size=1, unique=True)
titles = st.lists(st.sampled_from(("Lead", "engineer", "Ärztin")), unique=True)
histories = st.lists(st.tuples(values, titles), min_size=1, max_size=6)


@settings(max_examples=20)
@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_values_says_nothing_over_a_whole_history(history: Any, random: Random) -> None:
    there, known, policy = Target(), Remembered(), Policy()
    for mails, names in history:
        plans = []
        for _ in range(3):
            snapshot = Snapshot((_person(random, mails, names),), (), {})
            desired = _mapped(snapshot, LISTS, there, known)
            plans.append(_step(desired, there, known, policy))
        assert plans[0][0] == plans[1][0] == plans[2][0]
        before = _user_name(there)
        there, known = plans[0][1:]
        assert before not in {mail.lower() for mail in mails} or _user_name(there) == before


def _person(random: Random, mails: list[str], names: list[str]) -> Record:
    shuffled = {"mails": random.sample(mails, len(mails)), "titles": random.sample(names, len(names))}
    texts: dict[str, object] = {
        "id": "7",
        "login": "x",
        "given": "B",
        "family": "S",
        "display": "B S",
        "enabled": "yes",
    }
    return Record("7", texts | shuffled, "uid=7")


def _user_name(target: Target) -> object:
    return next((resource.attributes["userName"] for resource in target.resources), None)
