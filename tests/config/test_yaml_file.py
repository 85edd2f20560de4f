"""YAML that people write: each key knows its line, and whatever is no settings file is said in one sentence."""

from pathlib import Path

import pytest

from scim_bridge.config.yaml_file import YamlFile, nearest, refuse
from scim_bridge.errors import Misconfigured

PATH = Path("/etc/bridge.yaml")
TEXT = """\
# a comment
connections:
  corp:
    urls: [a,
           b]
    expires: 2027-03-01
    yes: on
    quoted: "x"
"""


def test_every_key_and_entry_has_its_line() -> None:
    file = YamlFile(PATH, TEXT)
    assert file.line(("connections",)) == 2
    assert file.line(("connections", "corp", "urls", 1)) == 5
    assert file.at(("connections", "corp", "expires")) == "bridge.yaml, line 6: connections.corp.expires"


def test_what_is_not_there_has_the_line_of_what_is_above_it() -> None:
    file = YamlFile(PATH, TEXT)
    assert file.line(("connections", "corp", "nothing", "below")) == 3
    assert file.at(()) == "bridge.yaml, line 1"


def test_values_are_plain_and_dates_stay_as_they_are_written() -> None:
    corp = YamlFile(PATH, TEXT).data["connections"]["corp"]
    assert corp == {"urls": ["a", "b"], "expires": "2027-03-01", "yes": "on", "quoted": "x"}
    assert type(corp["quoted"]) is str


@pytest.mark.parametrize(("text", "said"), [
    ("", "holds no settings"),
    ("- a\n", "holds no settings"),
    ("a: [1\n", "bridge.yaml, line 2, column 1: not YAML"),
    ("a: 1\nb: 2\na: 3\n", "bridge.yaml, line 3, column 1: the key a is there twice"),
    ("a:" + " [" * 60 + "]" * 60, "bridge.yaml, line 1: a.0.0: nests deeper than any configuration needs"),
    ("a: {1: x}\n", "a.1: a key is text; put it in quotation marks"),
])  # fmt: skip
def test_what_is_no_settings_file_is_said(text: str, said: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        YamlFile(PATH, text)
    assert said in str(refused.value)


@pytest.mark.parametrize(("text", "place"), [
    ("a: &x\n  b: *x\n", "line 2, column 6"),
    ("a: &x\n  - *x\n", "line 2, column 5"),
    ("&x\na: *x\n", "line 2, column 4"),
    ("a: &x\n  b: 1\n  c:\n    d: [*x]\n", "line 4, column 9"),
    ("a: &x\n  <<: *x\n", "line 2, column 7"),
    ("a: &x\n  ? [*x]\n  : 1\n", "line 2, column 6"),
    ("a: &y\n  b: &x {c: 1, d: {e: *x}}\n", "line 2, column 23"),
])  # fmt: skip
def test_an_anchor_that_holds_itself_is_said(text: str, place: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        YamlFile(PATH, text)
    assert str(refused.value) == (
        f"bridge.yaml, {place}: *x stands inside &x, so it holds itself without end. Write there what is meant."
    )


def test_an_anchor_that_has_ended_may_be_used() -> None:
    data = YamlFile(PATH, "a: &x {k: [1]}\nb: *x\nc: {<<: *x, d: *x}\n").data
    assert data == {"a": {"k": [1]}, "b": {"k": [1]}, "c": {"d": {"k": [1]}, "k": [1]}}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"gone\.yaml does not exist"):
        YamlFile(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes("a: Zürich\n".encode("latin-1"))
    with pytest.raises(Misconfigured, match="it is not UTF-8"):
        YamlFile(tmp_path / "latin.yaml")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_text("\ufeffa: x\n", encoding="utf-8")
    assert YamlFile(tmp_path / "bom.yaml").data == {"a": "x"}


def test_the_first_problem_is_the_sentence_and_all_are_told() -> None:
    refuse("bridge.yaml", [])
    with pytest.raises(Misconfigured) as refused:
        refuse("bridge.yaml", ["one is wrong.", "two is wrong."])
    assert str(refused.value) == "one is wrong (and 1 more, listed below). Fix bridge.yaml and try again."
    assert refused.value.problems == ("one is wrong.", "two is wrong.")


def test_only_a_near_name_is_suggested() -> None:
    assert nearest("polcy", ["policy", "source"]) == " (did you mean policy?)"
    assert nearest("xyz", ["policy", "source"]) == ""
