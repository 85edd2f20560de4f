"""The settings of a connection as they are in force, for people to look at. A secret is shown as its reference."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from scim_bridge.config.secret import Secret
from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.view import words
from scim_bridge.view.translation import _

_AUTO = ("target.requests_per_second", "verify")
"""Keys of which None means `auto`."""


def settings_in_force(settings: ConnectionSettings) -> tuple[tuple[str, str], ...]:
    """Key and value, in the order of the configuration, with defaults filled in."""
    return tuple((key, value) for key, value in _pairs("", settings) if key != "name")


def _pairs(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if is_dataclass(value) and not _is_told_as_one(value):
        for field in fields(value):
            inner = getattr(value, field.name)
            yield from _pairs(f"{prefix}.{field.name}" if prefix else field.name, inner)
    else:
        yield prefix, "auto" if value is None and prefix in _AUTO else _text(value)


def _is_told_as_one(value: Any) -> bool:
    return "__str__" in vars(type(value))


def _text(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reference or _("set, not shown")
    if isinstance(value, timedelta):
        return words.span(value)
    if isinstance(value, Path):
        return words.printable(str(value))
    if isinstance(value, Mapping | list | tuple):
        return words.value(value)
    return words.value(value if isinstance(value, bool | None) else str(value))
