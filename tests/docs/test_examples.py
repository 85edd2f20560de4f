"""What the documents show is what the program does."""

import re
import time
from pathlib import Path

import orjson
import pytest
from ruamel.yaml import YAML

from scim_bridge.cli.main import run
from scim_bridge.config.settings import load
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.selftest import run_tests
from scim_bridge.sandbox.entra.directory import Directory
from scim_bridge.sandbox.server import Sandbox
from tests.docs.story import told

ROOT = Path(__file__).parents[2]


def _block(path: str, language: str, after: str = "") -> str:
    """The first block of this language that comes after these words."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found = re.compile(rf"```{language}\n(.*?)```", re.DOTALL).search(text, text.index(after))
    assert found is not None
    return found[1]


def test_the_readme_shows_what_the_demo_really_prints(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--once"]) == 0
    printed = capfd.readouterr().out
    tail = printed[printed.index("Access (AWS as read") :]
    shown = "\n".join(line.rstrip() for line in tail.splitlines())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    between = readme.split("<!-- demo: begin -->")[1].split("<!-- demo: end -->")[0]
    assert between.strip() == f"```\n{shown}\n```"


def test_the_manual_s_directory_is_one_that_the_emulator_of_entra_takes() -> None:
    directory = Directory(time.time)
    directory.seed(orjson.loads(_block("docs/operations.md", "json", after="plays Entra ID")))
    group = directory.store.alive("g1", "group")
    assert group is not None
    assert set(group.members) == {"u1", "g2"}


def test_the_readmes_configuration_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_text(_block("README.md", "yaml").replace("<tenant>", "3f1c9a40"), encoding="utf-8")
    assert load(path).connection("corp").target.requests_per_second is None


def test_the_mapping_in_the_manual_passes_its_own_tests(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(_block("docs/mapping.md", "yaml"), encoding="utf-8")
    results = run_tests(load_mapping(path))
    assert [result.failures for result in results] == [()]


def test_every_function_of_the_library_is_in_the_manual() -> None:
    from scim_bridge.mapping.function import USAGE, library

    manual = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    names = ("lower", "upper", "normalize", "ascii", "regexReplace", "truth", "first", "firstNonEmpty")
    dates = ("isBefore", "isAfter", "addDays")
    assert len(library()) == len(names + dates)
    assert [name for name in names + dates if f"{name}(" not in manual or name not in USAGE] == []


def test_the_ready_mappings_pass_their_own_tests() -> None:
    for path in (ROOT / "mappings").glob("*.yaml"):
        assert all(result.passed for result in run_tests(load_mapping(path)))
        assert YAML(typ="safe").load(path)["tests"]


def test_trying_a_changed_mapping_tells_what_the_manual_shows(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The manual's mapping, its change as a patch would make it, and a directory of two."""
    manual = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8").split("## Try a changed mapping")[1]
    command, shown = re.findall(r"```\n\$ scim-bridge (.*?)\n(.*?)```", manual, re.DOTALL)[0]
    (tmp_path / "changed.yaml").write_text(_changed_as(_block("docs/mapping.md", "diff")), encoding="utf-8")
    (tmp_path / "today.yaml").write_text(_block("docs/mapping.md", "yaml"), encoding="utf-8")
    (tmp_path / "users.csv").write_text(
        "id,login,given,family,display,mail,enabled,title\n"
        "1,b.sato@corp.example,B,Sato,,,yes,Lead\n"
        "2,x-lee@corp.example,X,Lee,,,yes,\n"
    )
    (tmp_path / "groups.csv").write_text("id,name\ng,dev\n")
    (tmp_path / "members.csv").write_text("group_id,member_id,member_type\ng,1,user\ng,2,user\n")
    with Sandbox() as sandbox:
        config = tmp_path / "bridge.yaml"
        config.write_text(
            "connections:\n  corp:\n"
            "    source: {kind: csv, users: users.csv, groups: groups.csv, members: members.csv}\n"
            "    mapping: today.yaml\n"
            f"    target: {{kind: identity-center, url: '{sandbox.url}', token: {sandbox.token}}}\n"
        )
        assert run(["--config", str(config), "sync"]) == 0
        capfd.readouterr()
        arguments = [str(tmp_path / word) if "." in word else word for word in command.split()]
        assert run(["--config", str(config), *arguments]) == 0
    told = capfd.readouterr().out.split("The plan under the changed mapping:")[0]
    assert "\n".join(line.rstrip() for line in told.splitlines()).strip() == shown.strip()


def _changed_as(patch: str) -> str:
    """The manual's mapping after the change the manual shows; the lines of its test know the new column."""
    text = _block("docs/mapping.md", "yaml").replace('enabled: "no"}', 'enabled: "no", title: ""}')
    old, new = (line[1:] for line in patch.splitlines()[:2])
    before, added = (line[1:] for line in patch.splitlines()[3:])
    assert old in text
    assert before in text
    return text.replace(old, new).replace(before, f"{before}\n{added}")


def test_the_life_of_a_record_reads_as_it_happens(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "life-of-a-record.md").read_text(encoding="utf-8")
    with Sandbox() as sandbox:
        assert told(text, tmp_path, sandbox) == text
