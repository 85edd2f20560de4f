"""What the documents show is what the program does."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from scim_bridge.cli.main import run
from scim_bridge.config.settings import load
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.selftest import run_tests

ROOT = Path(__file__).parents[2]


def _block(path: str, language: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_readme_shows_what_the_demo_really_prints(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--once"]) == 0
    printed = capfd.readouterr().out
    tail = printed[printed.index("Waiting for a person") :]
    shown = "\n".join(line.rstrip() for line in tail.splitlines())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    between = readme.split("<!-- demo: begin -->")[1].split("<!-- demo: end -->")[0]
    assert between.strip() == f"```\n{shown}\n```"


def test_the_readmes_configuration_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_text(_block("README.md", "yaml").replace("<tenant>", "3f1c9a40"), encoding="utf-8")
    assert load(path).connection("corp").target.requests_per_second == 10


def test_the_mapping_in_the_manual_passes_its_own_tests(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(_block("docs/mapping.md", "yaml"), encoding="utf-8")
    results = run_tests(load_mapping(path))
    assert [result.failures for result in results] == [()]


def test_every_function_of_the_library_is_in_the_manual() -> None:
    from scim_bridge.mapping.function import LIBRARY

    manual = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    assert len(LIBRARY) == 7
    for name in ("lower", "upper", "normalize", "regexReplace", "truth", "first", "firstNonEmpty"):
        assert f"{name}(" in manual


def test_every_kind_of_conflict_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "scim_bridge" / "plan").glob("*.py"), ROOT / "scim_bridge" / "mapping" / "record.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    kinds = set(re.findall(r'conflict_key\("([a-z_?]+)"', text))
    kinds |= set(re.findall(r'Flaw\("([a-z_]+)"', text)) | set(re.findall(r': "((?:duplicate|\w+_taken)\w*)"', text))
    assert len(kinds) > 12
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in manual] == []


def test_the_ready_mappings_pass_their_own_tests() -> None:
    for path in (ROOT / "mappings").glob("*.yaml"):
        assert all(result.passed for result in run_tests(load_mapping(path)))
        assert YAML(typ="safe").load(path)["tests"]
