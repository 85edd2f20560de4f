"""What the contract describes and this version does not do yet: refused in one sentence, never half done.

Each line goes when the feature comes.
"""

from collections.abc import Iterator
from typing import Any

from scim_bridge.config.yaml_file import KeyPath, YamlFile

_CONNECTION = ("connections", "*")
KEYS: dict[KeyPath, str] = {
    ("history",): "leave it out; nothing is deleted from the history",
}
"""Keys not available yet, with what to do instead."""

_POSTGRESQL = "PostgreSQL is not available in this version; use sqlite:///FILE"


def not_yet(file: YamlFile) -> dict[KeyPath, str]:
    """Every use of something that comes later: where it stands → the sentence."""
    found: dict[KeyPath, str] = {}
    for pattern, instead in KEYS.items():
        for where, _ in _places(file.data, pattern):
            found[where] = f"{file.at(where)} is not available in this version; {instead}."
    for where, value in _places(file.data, ("state",)):
        if isinstance(value, str) and value.startswith("postgresql"):
            found[where] = f"{file.at(where)}: {_POSTGRESQL}."
    return found


def explains(later: KeyPath, where: KeyPath) -> bool:
    """Whether what is wrong at a place only follows from something of later."""
    return where[: len(later)] == later


def _places(data: Any, pattern: KeyPath, done: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every place that fits the pattern ("*" fits any key), with its value."""
    if not pattern:
        yield done, data
    elif isinstance(data, dict):
        for key in data if pattern[0] == "*" else (pattern[0],):
            if key in data:
                yield from _places(data[key], pattern[1:], (*done, key))
