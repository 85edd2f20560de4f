"""A changed mapping tried before it is merged, and plans to hand round."""

import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scim_bridge.config.settings import load
from scim_bridge.model.identity import AttributeType, Existing, Kind, Members, Snapshot, SourceKey
from scim_bridge.model.protocol import Progress, Source, silent
from scim_bridge.model.source import Memory, SourceChanges, SourceReading
from scim_bridge.run.bridge import mapping_to_try, open_bridge
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.what_if import what_if
from scim_bridge.state.reader import open_reader
from tests.e2e.conftest import Cli
from tests.e2e.world import MAPPING, People, World
from tests.fakes import MemoryTarget

NICK = ("    title: title\n", "    title: title\n    nickName: given\n")
SCOPE = ('scope: login != "" ', 'scope: login != "" && dept != "契約" ')


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    """Twenty people who are synced, one of them external, in a group each with a second one."""
    people = People().add("x", dept="契約", title="Temp")
    for number in range(20):
        people.add(f"u{number}", title="Engineer")
    people.group("g", "dev", "x", "u0").group("inner", "inner", "u1").group("outer", "outer", nested=("inner",))
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.forget_requests()
    return people


def changed(world: World, *edits: tuple[str, str], has_tests: bool = True) -> str:
    """Today's mapping with these edits, in a file of its own."""
    text = MAPPING.read_text(encoding="utf-8")
    text = text if has_tests else text[: text.index("tests:\n")]
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = world.folder / "changed.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_mapping_tried_against_itself_changes_nothing(world: World, people: People, cli: Cli) -> None:
    said = cli("plan", "--mapping", changed(world), "--exit-code")
    assert said.code == 0
    assert said.out.startswith("corp under the changed mapping: nothing would be different\n")


def test_who_would_leave_scope_is_named_with_the_rule_and_what_happens(world: World, people: People, cli: Cli) -> None:
    said = cli("plan", "corp", "--mapping", changed(world, SCOPE), "--exit-code")
    assert said.code == 3
    assert "corp under the changed mapping: 1 record leaves scope, 1 membership changes\n" in said.out
    assert 'users.scope  (makes a difference for 1 user)\n      - login != ""\n      + login != "" && dept' in said.out
    line = "- x@corp.example  (users.csv, line 2, by changed.yaml, line 12: users.scope: deactivate user)"
    assert line in said.out
    assert "- dev  (the user leaves scope)\n      x@corp.example\n" in said.out
    assert "The plan under the changed mapping: deactivate 1 user, remove 1 member\n" in said.out


def test_attributes_are_told_old_and_new_and_who_would_become_invalid(world: World, people: People, cli: Cli) -> None:
    edits = (
        ("    name.familyName: family\n", '    name.familyName: \'login == "u3@corp.example" ? "" : family\'\n'),
        ("    title: title\n", '    title: \'login == "u4@corp.example" ? title + " II" : title\'\n'),
    )
    said = cli("plan", "--mapping", changed(world, *edits), "--exit-code")
    assert said.code == 5  # the plan under the changed mapping decides
    assert "~ u4@corp.example  (changed.yaml, line 20: users.attributes.title)\n" in said.out
    assert "      title: Engineer → Engineer II\n" in said.out
    assert "starting to wait for a decision (1)\n  ! u3@corp.example  (missing value)\n" in said.out


def test_groups_no_longer_flattened_lose_members_and_the_guard_would_stop_it(
    world: World, people: People, cli: Cli
) -> None:
    said = cli("plan", "--mapping", changed(world, ("nested: flatten", "nested: ignore")), "--exit-code")
    assert "- outer  (changed.yaml: groups.nested)\n      u1@corp.example\n" in said.out
    # at most `floor` objects: not stopped, though a group would lose its last member
    assert (said.code, "The guard would let it through." in said.out) == (3, True)
    only_one = changed(world, ('scope: login != "" ', 'scope: title == "Temp" '), has_tests=False)
    said = cli("plan", "--mapping", only_one, "--exit-code")
    assert said.code == 4
    assert "The guard would stop it: deactivate" in said.out
    assert "20 of 21 active managed users would be deactivated" in said.out
    assert "If the plan is right, merge the mapping" in said.out


@dataclass
class Counted:
    """A source that counts its readings."""

    source: Source
    readings: int = 0

    def attributes(self, kind: Kind, memory: Memory | None = None) -> Mapping[str, AttributeType]:
        return self.source.attributes(kind, memory)

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:
        self.readings += 1
        return self.source.read(today, memory, progress)

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:
        self.readings += 1
        return self.source.changes(today, memory, progress)

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:
        self.readings += 1
        return self.source.ask(today, memory, wanted)

    def probe(self, today: str) -> Snapshot:
        return self.source.probe(today)

    @property
    def key(self) -> str:
        return self.source.key


def test_source_and_target_are_read_once_and_nothing_is_written(world: World, people: People, cli: Cli) -> None:
    assert cli("plan").code == 0
    once = world.sandbox.counts.reads
    world.sandbox.forget_requests()
    settings = load(world.config)
    with open_bridge(settings.connection("corp")) as bridge:
        reader = open_reader(settings.state)
        source = Counted(bridge.source)
        found = what_if(replace(bridge, source=source), reader, mapping_to_try(Path(changed(world, NICK))), Order())
    assert len(found.comparison.attributes) == 21
    assert (source.readings, world.sandbox.counts.reads, world.sandbox.counts.writes) == (1, once, 0)


class Forgetful(MemoryTarget):
    """Shows a member who has left, until someone asks about that member."""

    is_asked = False

    def read_members(self, group_ids: Sequence[str], progress: Progress = silent) -> Members:
        shown = super().read_members(group_ids, progress)
        return shown if self.is_asked else {group_id: users | {"tx"} for group_id, users in shown.items()}

    def confirms(self, group_id: str, user_id: str) -> bool:
        self.is_asked = True
        return super().confirms(group_id, user_id)


def test_members_that_only_the_changed_plan_would_remove_are_cross_checked_and_read_anew(
    world: World, people: People
) -> None:
    target = Forgetful()
    for user in ("u0", "x"):
        target.put(Existing("user", f"t{user}", {"externalId": user, "userName": f"{user}@corp.example"}))
    target.put(Existing("group", "tg", {"externalId": "g", "displayName": "dev"}), "tu0")
    settings = load(world.config)
    with open_bridge(settings.connection("corp")) as bridge:
        reader = open_reader(world.folder / "none.db")
        found = what_if(replace(bridge, target=target), reader, mapping_to_try(Path(changed(world, SCOPE))), Order())
    assert target.is_asked
    assert [o.subject for o in found.plan.operations if o.kind == "remove_members"] == []


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (("expect: {active: false", "expect: {active: true"), "the mapping fails its own tests: changed.yaml, line"),
        (("given\n", "gven\n"), "unknown name 'gven'"),
    ],
)
def test_a_mapping_that_cannot_be_tried_is_refused_before_anything_is_read(
    world: World, people: People, cli: Cli, edit: tuple[str, str], sentence: str
) -> None:
    said = cli("plan", "--mapping", changed(world, edit))
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert world.sandbox.counts.total == 0


def test_another_id_cannot_be_tried_because_every_record_would_be_somebody_else(
    world: World, people: People, cli: Cli
) -> None:
    said = cli("plan", "--mapping", changed(world, ("users:\n  id: id ", "users:\n  id: login "), has_tests=False))
    assert (said.code, said.out) == (2, "")
    assert "changed.yaml, line 10: users.id is 'login', but today it is 'id'" in said.err
    assert "Keep `id: id` while you try the other rules." in said.err


def test_a_mapping_that_is_not_there_is_refused(world: World, people: People, cli: Cli) -> None:
    said = cli("plan", "--mapping", str(world.folder / "gone.yaml"))
    assert (said.code, said.out) == (2, "")
    assert "gone.yaml does not exist" in said.err


def test_json_is_the_plan_with_the_comparison_beside_it(world: World, people: People, cli: Cli) -> None:
    document = cli("plan", "--mapping", changed(world, SCOPE), "--output", "json").json
    assert document["summary"]["deactivate_user"] == 1
    comparison = document["comparison"]
    assert [change["name"] for change in comparison["left"]] == ["x@corp.example"]
    assert comparison["now"]["deactivate_user"] == 0
    assert comparison["guard_now"] == {"passed": True, "tripped": []}
    assert "comparison" not in cli("plan", "--output", "json").json


def test_a_plan_saved_under_a_changed_mapping_is_applied_only_once_that_mapping_is_todays(
    world: World, people: People, cli: Cli
) -> None:
    saved, mapping = world.folder / "plan.json", changed(world, NICK)
    assert cli("plan", "--mapping", mapping, "--out", str(saved)).code == 0
    assert cli("apply", str(saved)).code == 1
    assert world.sandbox.counts.writes == 0
    Path(mapping).replace(world.folder / "csv.yaml")
    assert cli("apply", str(saved), "--approve").code == 0
    assert world.held()["users"]["u0"]["nickName"] == "名"


def test_reports_are_written_for_nobody_else_to_read(world: World, people: People, cli: Cli) -> None:
    people.users["u0"]["title"] = "<script>alert(1)</script> `x`"
    world.write(people)
    reports = [world.folder / "plan.md", world.folder / "plan.html"]
    (world.folder / "plan.md").touch(mode=0o644)
    arguments = ("--markdown", str(reports[0]), "--html", str(reports[1]))
    said = cli("plan", *arguments)
    assert (said.code, said.err.count("saved: ")) == (0, 2)
    assert [stat.S_IMODE(path.stat().st_mode) for path in reports] == [0o600, 0o600]
    told, page = (path.read_text(encoding="utf-8") for path in reports)
    assert "| users updated | 1 |" in told
    assert "      title: Engineer → <script>alert(1)</script> `x`\n" in told
    assert "Engineer → &lt;script&gt;alert(1)&lt;/script&gt; `x`" in page
    assert world.sandbox.token not in told + page
    assert cli("plan", "--mapping", changed(world, SCOPE), *arguments, "--output", "json").json["comparison"]["left"]
    told, page = (path.read_text(encoding="utf-8") for path in reports)
    assert "| users deactivated | 0 | 1 |" in told
    assert re.search(r"<th scope=\"row\">users deactivated</th><td>0</td><td>1</td>", page)


def test_a_report_that_cannot_be_written_is_one_sentence(world: World, people: People, cli: Cli) -> None:
    said = cli("plan", "--html", str(world.folder / "no" / "such" / "plan.html"))
    assert said.code == 2
    assert "plan.html cannot be written" in said.err
