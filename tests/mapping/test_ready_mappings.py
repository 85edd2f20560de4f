"""The mappings that come with scim-bridge: each keeps its promises, and the same people come out of each the same."""

import re
from pathlib import Path

import pytest

from scim_bridge.mapping.compiled import compile_mapping
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.record import map_records
from scim_bridge.mapping.selftest import run_tests
from scim_bridge.model.identity import MANAGER, Desired, Directory, Record, Snapshot
from scim_bridge.model.remembered import LastApplied
from tests.forms import FORMS, Attributes
from tests.mapping.rules import TODAY, written
from tests.organization import Organization, organization

READY = Path(__file__).parents[2] / "mappings"
NAMES = ("csv", "entra-id", "google-workspace", "active-directory", "openldap", "389-ds")


def _prefixed(prefix: str, attributes: Attributes) -> Attributes:
    """Ids are each system's own, and so is the manager, who is named by one."""
    manager = attributes.get("manager")
    return attributes | ({"manager": f"{prefix}{manager}"} if manager else {})


def _desired(name: str, there: Organization) -> Directory:
    """The organization as this kind of source shows it, mapped by the ready mapping."""
    form, prefix = FORMS[name], f"{name}:"
    users = [
        Record(f"{prefix}{p.key}", {"id": f"{prefix}{p.key}"} | _prefixed(prefix, form.person(p)), name)
        for p in there.people.values()
    ]
    groups = [Record(f"{prefix}{t.key}", {"id": f"{prefix}{t.key}"} | form.team(t), name) for t in there.teams.values()]
    members = {
        f"{prefix}{t.key}": (tuple(f"{prefix}{p}" for p in t.users), tuple(f"{prefix}{i}" for i in t.teams))
        for t in there.teams.values()
    }
    mapping = compile_mapping(load_mapping(READY / f"{name}.yaml"), form.users, form.groups)
    return map_records(Snapshot(tuple(users), tuple(groups), members), mapping, TODAY, LastApplied())


def _key(source_id: str) -> str:
    return source_id.partition(":")[2]


def _without_ids(directory: Directory) -> object:
    """Everything desired, by whom it is about; the manager by who that is."""

    def shown(desired: Desired) -> object:
        assert desired.flaws == ()
        manager = {MANAGER: _key(str(desired.attributes.get(MANAGER, "")))} if desired.kind == "user" else {}
        return {path: value for path, value in desired.attributes.items() if path != "externalId"} | manager

    return (
        {_key(user.source_id): shown(user) for user in directory.users},
        {_key(group.source_id): shown(group) for group in directory.groups},
        {_key(group): {_key(user) for user in users} for group, users in directory.members.items()},
        directory.out_of_scope,
    )


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_same_people_are_desired_the_same_whatever_directory_shows_them(name: str) -> None:
    there = organization(60, 9)
    for key in ("p3", "p4"):
        there.people[key].is_active = False
    assert _without_ids(_desired(name, there)) == _without_ids(_desired("csv", there))


def test_there_is_a_mapping_for_every_kind_of_source_and_no_other() -> None:
    assert {path.stem for path in READY.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_mapping_passes_its_tests(name: str) -> None:
    results = run_tests(load_mapping(READY / f"{name}.yaml"))
    assert [result.failures for result in results] == [()] * len(results)


def _rules(name: str) -> list[int]:
    """The lines with a rule: those of attributes and scopes."""
    lines = (READY / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    rules = lines[: lines.index("tests:")]
    return [
        at
        for at, line in enumerate(rules)
        if re.match(r" +(scope|active|title|emails|userName|displayName|name\.\w+|enterprise\.\w+): ", line)
    ]


@pytest.mark.parametrize(
    ("name", "line"), [pytest.param(n, at, id=f"{n}.yaml line {at + 1}") for n in NAMES for at in _rules(n)]
)
def test_a_rule_of_a_ready_mapping_that_breaks_is_noticed(tmp_path: Path, name: str, line: int) -> None:
    lines = (READY / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    begin, key, _ = lines[line].partition(lines[line].split(":")[0].strip())
    lines[line] = f"{begin}{key}: " + {"active": "'false'", "scope": "'true'"}.get(key, "'\"wrong\"'")
    assert not all(result.passed for result in run_tests(load_mapping(written(tmp_path, "\n".join(lines)))))
