"""The functions a mapping has beside CEL's own and its strings extension. Pure: the same input gives the same output.

Each is documented for people in docs/mapping.md. CEL dispatches on the real type of an argument, so a function of
several types is several overloads.
"""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, tzinfo
from functools import cache
from typing import Any

import regex
from anyascii import anyascii
from cel_expr_python import cel

from scim_bridge.mapping.date import add_days, is_after, is_before
from scim_bridge.model.text import folded, is_blank

_STRING, _BOOL, _INT, _NULL = cel.Type.STRING, cel.Type.BOOL, cel.Type.INT, cel.Type.NULL
_LIST = cel.Type.List(cel.Type.DYN)
_PATIENCE = 0.1
"""Seconds one regular expression may take on one value: a bad one must not stop the sync."""

_YES = "true yes y 1 on enabled active 有効 ○ ja oui sí si sim wahr vrai aktiv actif はい"
_NO = "false no n 0 off disabled inactive 無効 × nein non não falsch faux inaktiv inactif いいえ"
TRUTH_WORDS = {**dict.fromkeys(_YES.split(), True), **dict.fromkeys(_NO.split(), False)}
"""What truth() knows, in lower case. What says that someone has left (退職, terminated) is not among them: under a
heading that asks whether someone has left it would be a yes."""


def _first_non_empty(*values: str) -> str:
    return next((value for value in values if not is_blank(value)), "")


def first_of(values: Iterable[Any]) -> str:
    """The first value that is not empty, as text; "" if there is none. What first() gives, evaluated or looked up."""
    return next((str(value) for value in values if value and not is_blank(str(value))), "")


def _truth(text: str) -> bool:
    try:
        return TRUTH_WORDS[folded(text)]
    except KeyError:
        raise ValueError(f"{text!r} is neither a yes nor a no") from None


def _normalize(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _ascii(text: str) -> str:
    """Composed first: a letter and its accent may be two characters, and each alone reads otherwise."""
    return anyascii(_normalize(text))


def _regex_replace(text: str, pattern: str, replacement: str) -> str:
    try:
        return regex.sub(pattern, replacement, text, timeout=_PATIENCE)
    except regex.error as error:
        raise ValueError(f"the regular expression {pattern!r} is invalid: {error}") from None
    except TimeoutError:
        raise ValueError(f"the regular expression {pattern!r} takes too long on this value") from None


def _member(name: str, implementation: Callable[..., Any], *arguments: Any) -> Any:
    overload = cel.Overload(
        f"{name}_string", return_type=_STRING, parameters=[_STRING, *arguments], is_member=True, impl=implementation
    )
    return cel.FunctionDecl(name, [overload])


def _free(name: str, returns: Any, implementations: list[tuple[Callable[..., Any], list[Any]]]) -> Any:
    overloads = [
        cel.Overload(
            f"{name}_{number}", return_type=returns, parameters=parameters, is_member=False, impl=implementation
        )
        for number, (implementation, parameters) in enumerate(implementations)
    ]
    return cel.FunctionDecl(name, overloads)


def _of_two_dates(
    compare: Callable[[str, str, tzinfo], bool], zone: tzinfo
) -> list[tuple[Callable[..., Any], list[Any]]]:
    """A comparison of two dates, where a JSON source may have null for one that is not set."""

    def with_nulls(one: str | None, other: str | None) -> bool:
        return compare(one or "", other or "", zone)

    return [(with_nulls, [one, other]) for one in (_STRING, _NULL) for other in (_STRING, _NULL)]


def _add_to_null(nothing: None, days: int) -> str:  # noqa: ARG001 - the interface
    return ""


_MOST_ARGUMENTS = 8


@cache
def library(zone: tzinfo = UTC) -> list[Any]:
    """The functions, for dates that are counted in this time zone."""

    def add(text: str, days: int) -> str:
        return add_days(text, days, zone)

    return [
        _member("lower", str.lower),
        _member("upper", str.upper),
        _member("normalize", _normalize),
        _member("ascii", _ascii),
        _member("regexReplace", _regex_replace, _STRING, _STRING),
        _free("truth", _BOOL, [(_truth, [_STRING])]),
        _free("isBefore", _BOOL, _of_two_dates(is_before, zone)),
        _free("isAfter", _BOOL, _of_two_dates(is_after, zone)),
        _free("addDays", _STRING, [(add, [_STRING, _INT]), (_add_to_null, [_NULL, _INT])]),
        _free("first", _STRING, [(first_of, [_LIST])]),
        _free(
            "firstNonEmpty",
            _STRING,
            [(_first_non_empty, [_STRING] * count) for count in range(2, _MOST_ARGUMENTS + 1)],
        ),
    ]


USAGE = {
    "lower": "text.lower()",
    "upper": "text.upper()",
    "trim": "text.trim()",
    "normalize": "text.normalize()",
    "ascii": "text.ascii()",
    "regexReplace": "text.regexReplace(pattern, replacement)",
    "truth": "truth(text)",
    "isBefore": "isBefore(date, date)",
    "isAfter": "isAfter(date, date)",
    "addDays": "addDays(date, number)",
    "first": "first(list), or firstNonEmpty(text, text, …) for texts",
    "firstNonEmpty": f"firstNonEmpty(text, text, …) with two to {_MOST_ARGUMENTS} texts, or first(list)",
    "contains": "text.contains(text)",
    "startsWith": "text.startsWith(text)",
    "endsWith": "text.endsWith(text)",
    "matches": "text.matches(pattern)",
    "replace": "text.replace(old, new)",
    "split": "text.split(separator)",
    "join": "list.join(separator)",
    "substring": "text.substring(start, end)",
    "charAt": "text.charAt(position)",
    "indexOf": "text.indexOf(text)",
    "lastIndexOf": "text.lastIndexOf(text)",
    "lowerAscii": "text.lowerAscii()",
    "upperAscii": "text.upperAscii()",
    "size": "size(text) or size(list)",
    "string": "string(value)",
    "int": "int(text)",
    "has": "has(source.name)",
    "filter": "list.filter(item, truth)",
    "map": "list.map(item, value)",
    "exists": "list.exists(item, truth)",
    "all": "list.all(item, truth)",
}
"""How each function is called: ours, and those of CEL that mappings use. For messages; docs/mapping.md says more."""
