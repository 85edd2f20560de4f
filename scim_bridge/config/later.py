"""What the contract describes and this version does not do yet: refused in one sentence, never half done.

Each line goes when the feature comes.
"""

from collections.abc import Iterator
from typing import Any

from scim_bridge.config.yaml_file import KeyPath, YamlFile

_CONNECTION = ("connections", "*")
KEYS: dict[KeyPath, str] = {
    ("history",): "Leave it out; nothing is deleted from the history.",
    (*_CONNECTION, "access"): "Leave it out.",
    (*_CONNECTION, "schedule", "verify"): "Leave it out; every run reads the whole target.",
    (*_CONNECTION, "policy", "deprovision", "delete_after"): "Leave it out; nobody is deleted.",
    (*_CONNECTION, "policy", "limits", "missing"): "Leave it out.",
    (*_CONNECTION, "policy", "limits", "mapping_change"): "Leave it out.",
    (*_CONNECTION, "policy", "limits", "window"): "Leave it out; limits hold for one run.",
}
"""Keys not available yet, with what to do instead."""

VALUES: dict[KeyPath, tuple[frozenset[str], str]] = {
    (*_CONNECTION, "source", "kind"): (frozenset({"ldap", "entra"}), "csv"),
    (*_CONNECTION, "target", "kind"): (frozenset({"scim"}), "identity-center"),
    (*_CONNECTION, "policy", "deprovision", "action"): (frozenset({"delete"}), "deactivate or keep"),
    (*_CONNECTION, "policy", "adopt"): (frozenset({"always", "ask"}), "first-run"),
    (*_CONNECTION, "policy", "rehire"): (frozenset({"link", "separate"}), "ask"),
    (*_CONNECTION, "policy", "orphans"): (frozenset({"deactivate"}), "report or keep"),
    (*_CONNECTION, "policy", "drift"): (frozenset({"report"}), "overwrite"),
}
"""Values not available yet, and what may stand there."""


def not_yet(file: YamlFile) -> dict[KeyPath, str]:
    """Every use of something that comes later: where it stands → the sentence."""
    found: dict[KeyPath, str] = {}
    for pattern, instead in KEYS.items():
        for where, _ in _places(file.data, pattern):
            found[where] = f"{file.at(where)} is not available in this version. {instead}"
    for pattern, (values, possible) in VALUES.items():
        for where, value in _places(file.data, pattern):
            if value in values:
                found[where] = f"{file.at(where)}: {value} is not available in this version; use {possible}."
    for where, value in _places(file.data, ("state",)):
        if isinstance(value, str) and value.startswith("postgresql"):
            found[where] = f"{file.at(where)}: PostgreSQL is not available in this version; use sqlite:///FILE."
    return found


def _places(data: Any, pattern: KeyPath, done: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every place that fits the pattern ("*" fits any key), with its value."""
    if not pattern:
        yield done, data
    elif isinstance(data, dict):
        for key in data if pattern[0] == "*" else (pattern[0],):
            if key in data:
                yield from _places(data[key], pattern[1:], (*done, key))
