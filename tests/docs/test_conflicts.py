"""The table of conflicts in docs/operations.md has every kind that the code opens, with the ways to decide it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scim_bridge.model.conflict_kind import CONFLICT_KINDS, KIND_OF_TAKEN, TOLD_BY_TARGET
from scim_bridge.plan.conflict import KIND_OF_DUPLICATE

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SOURCES = [*(ROOT / "scim_bridge" / "plan").rglob("*.py"), ROOT / "scim_bridge" / "mapping" / "record.py"]
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
OPENING = ("conflict_key", "Flaw", "_about", "_about_pair", "_unclaimed_by_any")
COMPUTED = {*KIND_OF_DUPLICATE.values(), *KIND_OF_TAKEN.values(), *TOLD_BY_TARGET}
"""Kinds that the code looks up, so that they do not stand where a conflict is opened."""


def _opened() -> Iterator[str]:
    """The kinds that stand in the code: named to `conflict_key` or `Flaw`, or put into a variable for them."""
    for node in (node for tree in TREES for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OPENING:
            yield from _texts(node.args[0])
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "kind":
            yield from _texts(node.value)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _rows() -> dict[str, str]:
    """Kind → what the last column of its row says."""
    section = MANUAL.split("## Conflicts\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {kind: cells[-1] for cells in rows for kind in re.findall(r"`([^`]+)`", cells[0])}


KINDS = sorted(CONFLICT_KINDS)


def test_every_kind_that_the_code_opens_has_a_row() -> None:
    assert set(_opened()) - {"user", "group"} <= set(KINDS)


def test_every_row_is_opened_somewhere() -> None:
    nodes = (node for tree in TREES for node in ast.walk(tree))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert set(KINDS) <= COMPUTED | texts


def test_the_manual_has_every_kind_and_no_other() -> None:
    assert sorted(_rows()) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_the_manual_names_the_ways_to_decide_and_there_is_always_one(kind: str) -> None:
    ways = _rows()[kind]
    decided = {f"--{decision}" for decision in CONFLICT_KINDS[kind].decisions if decision != "ignore"}
    assert set(re.findall(r"--[a-z]+", ways)) == decided
    assert decided or "fixed" in ways


@pytest.mark.parametrize("kind", KINDS)
def test_a_remedy_names_only_ways_that_decide_it(kind: str) -> None:
    row = CONFLICT_KINDS[kind]
    assert set(re.findall(r"--([a-z]+)", row.remedy)) <= set(row.decisions)
