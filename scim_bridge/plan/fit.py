"""Desired, brought into the form the target can hold, before anything is compared (design.md §2, *fit*).

NFC and trim, the first of several values, what the target has no place for dropped: each noted. Beyond NFC and trim
nothing is shortened or rewritten: a value the target would refuse becomes a flaw of its record instead.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import regex

from scim_bridge.model.capabilities import Capabilities, Characteristic
from scim_bridge.model.identity import ACTIVE, Desired, Directory, Flaw, Kind, Notice, Value


def fit(directory: Directory, capabilities: Capabilities) -> Directory:
    """The same directory in the target's own form. A flaw of a required attribute, or of `active`, holds its object."""
    notes = _Notes()
    users = tuple(_fit_one(user, capabilities.attributes["user"], notes) for user in directory.users)
    groups = tuple(_fit_one(group, capabilities.attributes["group"], notes) for group in directory.groups)
    return replace(directory, users=users, groups=groups, warnings=directory.warnings + notes.notices())


class _Notes:
    """Counts what was dropped, so that a column of 100,000 records makes one notice and not 100,000."""

    def __init__(self) -> None:
        self.no_place: Counter[tuple[Kind, str]] = Counter()
        self.further_values: Counter[tuple[Kind, str]] = Counter()

    def notices(self) -> tuple[Notice, ...]:
        dropped = [
            Notice("no_place", path, f"the target has no place for {kind} attribute {path}: left out for {n} record(s)")
            for (kind, path), n in sorted(self.no_place.items())
        ]
        first_only = [
            Notice(
                "first_value_only",
                path,
                f"the target holds one value of {kind} attribute {path}: the first was kept for {n} record(s)",
            )
            for (kind, path), n in sorted(self.further_values.items())
        ]
        return (*dropped, *first_only)


def _fit_one(desired: Desired, places: Mapping[str, Characteristic], notes: _Notes) -> Desired:
    attributes: dict[str, Value] = {}
    flaws = [_weigh(flaw, places) for flaw in desired.flaws]
    for path, raw in desired.attributes.items():
        place = places.get(path)
        if place is None:
            notes.no_place[desired.kind, path] += 1
            continue
        value = raw
        if isinstance(raw, tuple):
            value = raw[0] if raw else ""
            notes.further_values[desired.kind, path] += len(raw) > 1
        if isinstance(value, str):
            value = value.strip() if value.isascii() else unicodedata.normalize("NFC", value).strip()
        fault = _fault(path, value, place)
        if fault is None:
            attributes[path] = value
            continue
        flaws.append(_weigh(fault, places))
        if flaws[-1].fatal:
            attributes[path] = value  # the object is held; its name is still wanted to call it by
    flaws += [
        _required(path)
        for path, place in places.items()
        if place.required and not _is_spoken_for(path, attributes, flaws)
    ]
    return replace(desired, attributes=attributes, flaws=tuple(flaws))


def _is_spoken_for(path: str, attributes: Mapping[str, Value], flaws: list[Flaw]) -> bool:
    return bool(attributes.get(path)) or any(flaw.attribute == path for flaw in flaws)


def _weigh(flaw: Flaw, places: Mapping[str, Characteristic]) -> Flaw:
    """A flaw of a required attribute holds the object; so does an unknown `active`: never guess who may enter."""
    place = places.get(flaw.attribute)
    is_fatal = flaw.fatal or flaw.attribute == ACTIVE or (place is not None and place.required)
    return replace(flaw, fatal=is_fatal)


def _fault(path: str, value: Value, place: Characteristic) -> Flaw | None:
    if place.is_boolean:
        return (
            None
            if isinstance(value, bool)
            else _invalid(path, value, "is neither true nor false", "Let its rule yield a truth.")
        )
    if not isinstance(value, str):
        return _invalid(path, value, "is not text", "Let its rule yield text.")
    if not value:
        return _required(path) if place.required else None
    if len(value) > place.max_length:
        return _invalid(
            path,
            value,
            f"has {len(value)} characters, the target takes {place.max_length}",
            "Shorten it in the source.",
        )
    if place.pattern and not _compiled(place.pattern).fullmatch(value):
        return _invalid(
            path,
            value,
            f"has a character the target refuses (it takes {place.allowed})",
            "Change it in the source or in the mapping.",
        )
    if value.casefold() in place.reserved:
        return _invalid(path, value, "is a name that AWS keeps for itself", "Choose another name.")
    return None


def _invalid(path: str, value: Value, why: str, remedy: str) -> Flaw:
    return Flaw("invalid_value", path, f"{path} {_short(value)} {why}", remedy, fatal=False)


def _required(path: str) -> Flaw:
    return Flaw(
        "missing_value",
        path,
        f"{path} is required and is empty",
        "Give it a value in the source or a fallback in the mapping.",
        fatal=True,
    )


def _short(value: Value) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern)
