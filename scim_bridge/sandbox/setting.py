"""Settings that come as JSON, held against the types of a dataclass: knobs and faults."""

from collections.abc import Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

_RANGES: Mapping[str, tuple[float, float, str]] = {
    "straggler_chance": (0, 1, "a number from 0 to 1"),
    "chance": (0, 1, "a number from 0 to 1"),
    "rate": (1e-9, 1e9, "a number above 0"),
    "status": (200, 599, "a status from 200 to 599"),
}
_ANY: tuple[float, float, str] = (0, 1e9, "a number from 0")


class Unfit(ValueError):
    """A setting, or what the control plane is asked, that does not fit."""


def check(what: str, kind: type, given: Any) -> None:
    """Raise Unfit with a sentence if the values do not fit the fields. what: how people call one of them, "knob"."""
    if not isinstance(given, dict):
        raise Unfit(f"each {what} is given by its name, in an object")
    types = get_type_hints(kind)
    for name, value in given.items():
        if name not in types:
            raise Unfit(f"there is no {what} {name!r}; there are {', '.join(types)}")
        allowed = _allowed(types[name])
        if not any(_is_fitting(name, value, one) for one in allowed):
            words = " or ".join(_in_words(name, one) for one in allowed)
            raise Unfit(f"the {what} {name} cannot be {value!r}; it is {words}")


def _allowed(kind: Any) -> list[Any]:
    """The values that a type has; float, int and str stand for all of theirs."""
    if kind is bool:
        return [True, False]
    if kind is NoneType:
        return [None]
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [one for part in get_args(kind) for one in _allowed(part)] or [kind]


def _is_fitting(name: str, value: Any, allowed: Any) -> bool:
    if allowed is str:
        return isinstance(value, str)
    if allowed not in (int, float):
        return type(value) is type(allowed) and bool(value == allowed)
    least, most, _ = _RANGES.get(name, _ANY)
    return (type(value) is int or type(value) is allowed) and least <= value <= most


def _in_words(name: str, allowed: Any) -> str:
    if allowed in (int, float):
        words = _RANGES.get(name, _ANY)[2]
        return words.replace("a number", "a whole number") if allowed is int else words
    return {None: "null", True: "true", False: "false", str: "a text"}.get(allowed) or str(allowed)
