"""The house rules that no linter knows: what a caller has to count, what a class has to hold, where a name leads."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1] / "scim_bridge"
ROOMS = sorted(path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file())
APART = {"__init__", "sandbox", "sample"}
"""The sandbox imports nothing of ours, and the sample is data."""
MOST_FLOORS, MOST_ARROWS = 7, 80
MOST_POSITIONS, MOST_FIELDS, KEYWORDS_FROM = 5, 12, 6
SAYS_NOTHING = {
    "again", "told", "taken", "later", "mention", "known", "dated", "single", "utils", "util", "helpers", "helper",
    "common", "manager", "misc", "core", "base", "stuff",
}  # fmt: skip
TABLES_AND_DOCUMENTS = ("SQLModel", "BaseModel", "Section", "_Strict", "Enum")
"""Bases of what may be wide: a table has its columns, a document or a settings section its keys."""
SETTINGS = ("Knobs", "EntraKnobs")


@cache
def _trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def _classes() -> Iterator[tuple[str, ast.ClassDef, str, int]]:
    for path, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                decorators = " ".join(ast.unparse(d) for d in node.decorator_list)
                fields = sum(isinstance(line, ast.AnnAssign) for line in node.body)
                yield f"{path.relative_to(ROOT)}: {node.name}", node, decorators, fields


def _arrows() -> dict[str, set[str]]:
    """Room → the rooms it imports, at whatever place in a file."""
    arrows: dict[str, set[str]] = defaultdict(set)
    for path, tree in _trees().items():
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scim_bridge"):
                parts = (node.module or "").split(".")
                arrows[room] |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    found = {room: {to for to in arrows[room] if to in ROOMS and to != room} for room in ROOMS}
    return {room: to for room, to in found.items() if room not in APART}


def test_the_rooms_stand_on_few_floors_with_few_arrows() -> None:
    arrows = _arrows()

    def floor(room: str) -> int:
        return 1 + max((floor(below) for below in arrows.get(room, ())), default=0)

    assert max(floor(room) for room in arrows) <= MOST_FLOORS
    assert sum(len(to) for to in arrows.values()) <= MOST_ARROWS


def test_nobody_has_to_count_arguments() -> None:
    """At a call of our own, so many stand by position at most; the others are named."""
    own = {
        node.name
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    found = []
    for path, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and len(node.args) > MOST_POSITIONS:
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if called in own:
                    found.append(f"{path.relative_to(ROOT)}, line {node.lineno}: {called}")
    assert found == []


def test_a_value_of_many_fields_is_made_by_their_names() -> None:
    assert [
        name
        for name, _, decorators, fields in _classes()
        if "dataclass" in decorators and fields >= KEYWORDS_FROM and "kw_only=True" not in decorators
    ] == []


def test_no_class_holds_more_than_a_reader_can_keep_in_mind() -> None:
    wide = [
        name
        for name, node, _, fields in _classes()
        if fields > MOST_FIELDS
        and node.name not in SETTINGS
        and not any(ast.unparse(base).endswith(TABLES_AND_DOCUMENTS) for base in node.bases)
    ]
    assert wide == []


def test_a_module_is_called_after_what_is_inside() -> None:
    assert [str(path.relative_to(ROOT)) for path in _trees() if path.stem in SAYS_NOTHING] == []
