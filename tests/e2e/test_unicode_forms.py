"""An export that is saved in another Unicode form, through the command line: no one is lost, no one is locked."""

import unicodedata

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import People, World, at_rest, person


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    people = People().add("jörg", login="joerg@corp.example", family="プール").add("2").add("3", manager="jörg")
    people.group("監査グループ", "監査グループ", "2", "jörg").group("dev", "Dev", "3", "jörg", nested=("監査グループ",))
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.forget_requests()
    return people


def decomposed(world: World, *names: str) -> None:
    for name in names or ("users", "groups", "members"):
        path = world.folder / f"{name}.csv"
        path.write_text(unicodedata.normalize("NFD", path.read_text(encoding="utf-8")), encoding="utf-8")
        at_rest(path)


@pytest.mark.parametrize("names", [(), ("users",), ("groups", "members"), ("members",)])
def test_another_form_changes_nothing(world: World, people: People, cli: Cli, names: tuple[str, ...]) -> None:
    decomposed(world, *names)
    assert cli("plan", "--exit-code").code == 0
    said = cli("sync")
    assert (said.code, "nothing to do" in said.out) == (0, True)
    world.assert_equal_to(people)


def test_one_person_is_found_by_an_id_in_either_form(world: World, people: People, cli: Cli) -> None:
    people.users["jörg"]["title"] = "Lead"
    world.write(people)
    decomposed(world)
    for who in ("jörg", unicodedata.normalize("NFD", "jörg")):
        assert "title = Lead" in cli("explain", who).out
    assert cli("sync", "--only", unicodedata.normalize("NFD", "jörg")).code == 0
    world.assert_equal_to(people)


def test_two_forms_of_one_id_are_a_duplicate(world: World, people: People, cli: Cli) -> None:
    users = world.folder / "users.csv"
    text = users.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("jörg"))
    users.write_text(f"{text}{unicodedata.normalize('NFD', row)}\n", encoding="utf-8")
    at_rest(users)
    assert cli("sync").code == 5
    assert [conflict["kind"] for conflict in cli("conflicts", "--output", "json").json] == ["duplicate_id"]
    world.assert_equal_to(people)


def test_what_is_there_in_another_form_is_adopted_and_its_spelling_corrected(world: World, cli: Cli) -> None:
    name = "プール@corp.example"
    world.sandbox.seed({"users": [person(unicodedata.normalize("NFD", name))]})
    people = People().add("7", login=name)
    world.write(people)
    assert cli("sync").code == 0
    world.assert_equal_to(people)
