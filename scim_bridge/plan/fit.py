"""Desired, brought into the form the target can hold, before anything is compared (docs/design.md §2.1, *fit*).

NFC and trim, the first of several values, what the target has no place for dropped: each noted. Beyond NFC and trim
nothing is shortened or rewritten: a value the target would refuse becomes a flaw of its record instead.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import regex

from scim_bridge.model import conflict_kind
from scim_bridge.model.capabilities import Capabilities, Characteristic
from scim_bridge.model.identity import ACTIVE, Desired, Directory, Flaw, Kind, Notice, Value
from scim_bridge.model.text import folded, normal
from scim_bridge.model.wording import counted


def fit(directory: Directory, capabilities: Capabilities) -> Directory:
    """The same directory in the target's own form. A flaw of a required attribute, or of `active`, holds its object."""
    notes = _Notes()
    users = _fit_all(directory.users, capabilities.attributes["user"], notes)
    groups = _fit_all(directory.groups, capabilities.attributes["group"], notes)
    return replace(directory, users=users, groups=groups, warnings=directory.warnings + notes.notices())


def _fit_all(
    records: tuple[Desired, ...], places: Mapping[str, Characteristic], notes: "_Notes"
) -> tuple[Desired, ...]:
    required = tuple(path for path, place in places.items() if place.required)
    return tuple(_fit_one(record, places, required, notes) for record in records)


class _Notes:
    """Counts what was dropped, so that a column of 100,000 records makes one notice and not 100,000."""

    def __init__(self) -> None:
        self.no_place: Counter[tuple[Kind, str]] = Counter()
        self.further_values: Counter[tuple[Kind, str]] = Counter()

    def notices(self) -> tuple[Notice, ...]:
        dropped = [
            Notice(
                "no_place",
                path,
                f"the target has no place for {kind} attribute {path}: left out for {counted(n, 'record')}",
            )
            for (kind, path), n in sorted(self.no_place.items())
        ]
        first_only = [
            Notice(
                "first_value_only",
                path,
                f"the target holds one value of {kind} attribute {path}: the first was kept for {counted(n, 'record')}",
            )
            for (kind, path), n in sorted(self.further_values.items())
        ]
        return (*dropped, *first_only)


def _fit_one(
    desired: Desired, places: Mapping[str, Characteristic], required: tuple[str, ...], notes: _Notes
) -> Desired:
    attributes: dict[str, Value] = {}
    flaws = [_weigh(flaw, places) for flaw in desired.flaws] if desired.flaws else []
    for path, raw in desired.attributes.items():
        place = places.get(path)
        if place is None:
            notes.no_place[desired.kind, path] += 1
            continue
        value = raw
        if type(value) is tuple:
            notes.further_values[desired.kind, path] += len(value) > 1
            # The mapping has put lists that have no order into one (decision 11), so the first is the same in every
            # run.
            value = value[0] if value else ""
        if type(value) is str:
            value = normal(value)
        fault = _fault(path, value, place)
        if fault is not None:
            flaws.append(_weigh(fault, places))
            # Left out, not emptied: an empty value would clear the attribute on the target.
            if not flaws[-1].fatal:
                continue  # left as it is on the target; the name of a held object is still wanted to call it by
        attributes[path] = value
    for path in required:
        if not attributes.get(path) and not any(flaw.attribute == path for flaw in flaws):
            flaws.append(_required(path))
    # Of 100,000 records nearly all fit as they are, and a second copy of them would be a tenth of a run's memory.
    if not flaws and not desired.flaws and attributes == desired.attributes:
        return desired
    return Desired(
        kind=desired.kind,
        source_id=desired.source_id,
        attributes=attributes,
        places=desired.places,
        flaws=tuple(flaws),
        may_be=desired.may_be,
    )


def _weigh(flaw: Flaw, places: Mapping[str, Characteristic]) -> Flaw:
    """A flaw of a required attribute holds the object; so does an unknown `active`: never guess who may enter."""
    place = places.get(flaw.attribute)
    is_fatal = flaw.fatal or flaw.attribute == ACTIVE or (place is not None and place.required)
    return replace(flaw, fatal=is_fatal)


def _fault(path: str, value: Value, place: Characteristic) -> Flaw | None:
    shown = f"{path} {_short(value)}"
    if place.is_boolean:
        is_fit, wrong = isinstance(value, bool), f"{shown} is neither true nor false"
        return None if is_fit else _invalid(path, wrong, "Let its rule give true or false.")
    if not isinstance(value, str):
        return _invalid(path, f"{shown} is not text", "Let its rule give text.")
    if not value:
        return _required(path) if place.required else None
    # Never cut: two names that are cut may become one, and a cut email is another person's.
    if len(value) > place.max_length:
        wrong = f"{shown} has {len(value)} characters, the target takes {place.max_length}"
        return _invalid(path, wrong, "Shorten it in the source.")
    if place.characters and not _is_made_of(value, place.characters):
        wrong = f"{shown} has a character the target refuses (it takes {place.allowed})"
        return _invalid(path, wrong, "Change it in the source or in the mapping.")
    if place.reserved and folded(value) in place.reserved:
        return _invalid(path, f"{shown} is a name that AWS reserves", "Choose another name.")
    return None


def _invalid(path: str, wrong: str, remedy: str) -> Flaw:
    return Flaw("invalid_value", path, wrong, remedy, fatal=False)


def _required(path: str) -> Flaw:
    kind = "missing_value"
    return Flaw(kind, path, f"{path} is required and is empty", conflict_kind.remedy(kind), fatal=True)


def _short(value: Value) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def _is_made_of(value: str, characters: str) -> bool:
    """Whether every character is in the class. Plain printable text, the most common, needs no expression for that."""
    check, takes_visible, takes_space = _compiled(characters)
    # The expression costs a second for each 100,000 users; almost every value is plain ASCII.
    if takes_visible and value.isascii() and value.isprintable() and (takes_space or " " not in value):
        return True
    return check.fullmatch(value) is not None


@cache
def _compiled(characters: str) -> tuple[regex.Pattern[str], bool, bool]:
    """The expression for a class, and whether the class holds all visible ASCII characters, and the space."""
    check = regex.compile(f"(?V1){characters}+")
    visible = "".join(map(chr, range(0x21, 0x7F)))
    return check, check.fullmatch(visible) is not None, check.fullmatch(" ") is not None
