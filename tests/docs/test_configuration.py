"""docs/configuration.md has every key of the published schema, and its defaults."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from scim_bridge.config.document import json_schema

MANUAL = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
SCHEMA = json_schema()
ELSEWHERE = {"source"}
"""A key whose own keys stand under other headings."""
SECTIONS = {
    "The file": SCHEMA,
    "A connection": SCHEMA["$defs"]["Connection"],
    "`source` of kind `csv`": SCHEMA["$defs"]["CsvFiles"],
    "`source` of kind `ldap`": SCHEMA["$defs"]["Ldap"],
    "`source` of kind `entra`": SCHEMA["$defs"]["Entra"],
    "`source` of kind `google`": SCHEMA["$defs"]["Google"],
}


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    """A node with what it refers to, and with the section among its alternatives."""
    for part in (node, *node.get("anyOf", ()), *node.get("oneOf", ())):
        if "$ref" in part:
            referred: dict[str, Any] = SCHEMA["$defs"][part["$ref"].rpartition("/")[2]]
            return referred | {k: v for k, v in node.items() if k != "$ref"}
    return node


def _keys(section: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Every key that holds a value, with its default: "required", the value, or "" for none."""
    for name, node in section["properties"].items():
        whole, path = _resolved(node), f"{above}{name}"
        inner = () if name in ELSEWHERE else whole.get("properties", ())
        default = node.get("default")
        is_value = not inner or isinstance(default, str) or any("type" in part for part in node.get("oneOf", ()))
        if is_value:
            yield path, "required" if name in section.get("required", ()) else _told(default)
        if inner:
            yield from _keys(whole, f"{path}.")


def _told(default: object) -> str:
    if default is None or default in ("", []):
        return ""
    return default if isinstance(default, str) else orjson.dumps(default).decode()


def _rows(heading: str) -> dict[str, str]:
    """What the manual says: key → "required", the value that it shows as code, or "" where it is told in words."""
    under = MANUAL.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", under, re.MULTILINE))
    return {key: cell if cell == "required" else _code(cell) for key, cell in rows.items()}


def _code(cell: str) -> str:
    found = re.fullmatch(r"`(.*)`", cell)
    return found[1] if found else ""


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_is_in_the_manual_with_its_default(heading: str) -> None:
    assert _rows(heading) == dict(_keys(SECTIONS[heading]))
