"""What is said of a story that does not fit its form: file, line, key, and what would fit."""

from pathlib import Path

import pytest

from scim_bridge.errors import Misconfigured
from tests.scenarios.story import Step, read_story

GOOD = """\
name: a joiner
days:
  - given:
      today: 2027-03-01
      source: {users: {u1: {title: Engineer}}}
    plan:
      - create_user u1@corp.example: {title: Engineer, because: new}
      - add_members dev: [u1@corp.example]
"""


def faults(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "joiner.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured) as refused:
        read_story(folder / "joiner.yaml")
    return refused.value.problems


def test_a_step_holds_what_is_told_of_an_operation(tmp_path: Path) -> None:
    (tmp_path / "joiner.yaml").write_text(GOOD, encoding="utf-8")
    (day,) = read_story(tmp_path / "joiner.yaml").days
    assert day.plan == [
        Step("create_user u1@corp.example", changes={"title": "Engineer"}, because="new"),
        Step("add_members dev", members=("u1@corp.example",)),
    ]


@pytest.mark.parametrize(("good", "bad", "said"), [
    ("title", "titel", "line 5: days.0.given.source.users.u1: there is no column 'titel' (did you mean title?)."),
    ("source:", "sauce:", "line 5: days.0.given.sauce: there is no such key."),
    ("      today: 2027-03-01\n", "", "line 3: days.0.given: the key today is missing."),
    ("2027-03-01", "01.03.2027", "line 4: days.0.given.today: "),
    ("create_user", "crate_user", "line 7: days.0.plan.0: there is no operation 'crate_user' (did you mean"),
    (": [u1@corp.example]", "", "line 8: days.0.plan.1: add_members needs the list of its users."),
    ("today: 2027-03-01", "today: 2027-03-01\n      command: sync --force",
     "line 5: days.0.given.command: there is no option '--force'"),
    ("    plan:", "    end: {users: {u1@corp.example: {nick: x}}}\n    plan:",
     "line 6: days.0.end.users.u1@corp.example: there is no attribute 'nick'"),
])  # fmt: skip
def test_a_fault_is_said_with_its_place(tmp_path: Path, good: str, bad: str, said: str) -> None:
    (problem,) = faults(tmp_path, GOOD.replace(good, bad, 1))
    assert problem.startswith(f"joiner.yaml, {said}")


def test_a_day_before_the_day_above_is_refused(tmp_path: Path) -> None:
    later = "  - given: {today: 2027-02-28}\n"
    assert faults(tmp_path, GOOD + later) == ("joiner.yaml, line 9: days.1.given.today: it is before the day above.",)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("title: Engineer}}", "titel: Engineer}}").replace("create_user", "crate_user")
    assert len(faults(tmp_path, text)) == 2
