"""Where the documents leave a choice, the emulator can do either. The defaults are what AWS most likely does.

Settings that come as JSON, these and those of a fault, are held here against the types of their dataclass.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

_RANGES: Mapping[str, tuple[float, float, str]] = {
    "straggler_chance": (0, 1, "a number from 0 to 1"),
    "chance": (0, 1, "a number from 0 to 1"),
    "rate": (1e-9, 1e9, "a number above 0"),
    "memberships": (1e-9, 1e9, "a number above 0"),
    "aws_rate": (1e-9, 1e9, "a number above 0"),
    "status": (200, 599, "a status from 200 to 599"),
}
_ANY: tuple[float, float, str] = (0, 1e9, "a number from 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """One setting for each open question about the endpoint; docs/sandbox.md says what each one does."""

    rate: float | None = 20
    quota: Literal["together", "per_api"] = "together"
    memberships: float | None = None
    retry_after: int | None = None
    put_group: Literal[501, 400, 404, 405] = 501
    put_without_id: Literal["refuse", "accept"] = "refuse"
    put_success: Literal[201, 200] = 201
    members_replace: Literal["refuse", "ignore", "empty"] = "refuse"
    members_remove_all: Literal["refuse", "remove"] = "refuse"
    members_path_filter: Literal["accept", "refuse"] = "accept"
    redundant_member_change: Literal["accept", "refuse"] = "accept"
    unknown_member: Literal[404, 400] = 404
    empty_cursor_with_filter: Literal["accept", "refuse"] = "accept"
    unsupported_parameter: Literal["refuse", "ignore"] = "refuse"
    invalid_count: Literal["refuse", "clamp"] = "refuse"
    filter_unknown_member: Literal[404, 200] = 404
    filter_unknown_group: Literal[200, 404] = 200
    groups_value_filter: Literal["accept", "refuse"] = "accept"
    members_value_filter: Literal["accept", "refuse"] = "accept"
    member_filter: Literal["accept", "refuse"] = "accept"
    page_without_cursor: Literal[100, 50] = 100
    short_pages: bool = False
    case_exact: bool = False
    active_by_default: bool = True
    unsupported_attribute: Literal["refuse", "ignore"] = "refuse"
    read_only_attribute: Literal["ignore", "refuse"] = "ignore"
    strict_text: bool = False
    patch_schemas: Literal["require", "accept"] = "require"
    patch_oddity: Literal["refuse", "ignore"] = "refuse"
    replace_without_match: Literal["refuse", "create"] = "refuse"
    patch_bare_value: Literal["refuse", "accept"] = "refuse"
    patch_dotted_key: Literal["refuse", "accept"] = "refuse"
    wrong_method: Literal[400, 404, 405] = 400
    unauthorized_body: Literal["error", "empty"] = "error"
    removed_tenant: Literal[401, 404] | None = None
    visible_after: float = 0.0
    content_type: Literal["application/json", "application/scim+json"] = "application/json"
    error_keys: Literal["both", "old", "lower"] = "both"
    applies_throttled_posts: bool = False
    assignments_of_deleted: Literal["keep", "remove"] = "keep"
    list_lag: float = 0.0
    straggler_chance: float = 0.0
    straggler_lag: float = 60.0
    aws_rate: float | None = 20
    empty_pages: bool = False
    user_assignments: Literal["all", "direct"] = "all"
    account_state: Literal["both", "state", "status"] = "both"
    assignment_delay: float = 0.0


def changed(knobs: Knobs, given: Any) -> Knobs:
    """The settings with some of them changed, from JSON. Raises Unfit with a sentence for what does not fit."""
    check("knob", Knobs, given)
    return replace(knobs, **given)


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
