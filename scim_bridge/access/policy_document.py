"""IAM policy documents: which actions a set of them allows on everything, without a condition. Pure.

Matching as IAM has it (IAM user guide, reference_policies_elements): names ignore case, `*` and `?` are wildcards,
NotAction and NotResource mean everything else, a deny wins. A deny with a condition is not subtracted: it may not hold.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

_ALL_OF_A_KIND = re.compile(r"arn:[^:]*:(?!s3)[^:]*:[^:]*:(\*|[^:]{12})?:(\*|[\w-]+[/:]\*)")
"""A resource that names every one of a kind, as arn:aws:iam::*:role/* does. A bucket's objects are not such a kind."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. actions: patterns in small letters; is_not: everything but these. on_all: on every resource."""

    is_allow: bool
    actions: tuple[str, ...]
    is_not: bool
    on_all: bool
    has_condition: bool

    def covers(self, action: str) -> bool:
        """Whether this action (in small letters, "s3:getobject") is among those of the statement."""
        return any(pattern_of(one).fullmatch(action) for one in self.actions) is not self.is_not

    @property
    def is_broad(self) -> bool:
        """Whether it covers all services, or all but a few that it names."""
        return self.is_not or bool({"*", "*:*"}.intersection(self.actions))


@cache
def pattern_of(text: str) -> re.Pattern[str]:
    """An action's pattern as a regular expression."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def statements_of(document: Mapping[str, Any] | str) -> tuple[Statement, ...]:
    """The statements of a policy, given as JSON text or read. Raises ValueError if it is not a policy."""
    read = orjson.loads(document) if isinstance(document, str) else document
    given = read.get("Statement") if isinstance(read, Mapping) else None
    if isinstance(given, Mapping):
        return (_statement(given),)
    if isinstance(given, list) and all(isinstance(one, Mapping) for one in given):
        return tuple(map(_statement, given))
    raise ValueError("a policy has a Statement")


def _statement(given: Mapping[str, Any]) -> Statement:
    is_not = "NotAction" in given
    actions = texts(given.get("NotAction" if is_not else "Action"))
    return Statement(
        is_allow=given.get("Effect") == "Allow",
        actions=tuple(one.lower() for one in actions),
        is_not=is_not,
        on_all="NotResource" in given or any(map(_is_all, texts(given.get("Resource", "*")))),
        has_condition=bool(given.get("Condition")),
    )


def texts(given: Any) -> Sequence[str]:
    """A text, or a list of texts, as a list."""
    return [given] if isinstance(given, str) else list(map(str, given or ()))


def _is_all(resource: str) -> bool:
    return resource == "*" or bool(_ALL_OF_A_KIND.fullmatch(resource))


@dataclass(frozen=True, slots=True)
class Grants:
    """What statements come to together."""

    statements: tuple[Statement, ...]

    def allows(self, action: str) -> bool:
        """Whether this action is allowed on everything, whatever the circumstances."""
        action = action.lower()
        is_allowed = any(
            one.is_allow and one.on_all and not one.has_condition and one.covers(action) for one in self.statements
        )
        return is_allowed and not self.denies(action)

    def denies(self, action: str) -> bool:
        """Whether it is denied on everything."""
        denying = (one for one in self.statements if not one.is_allow and one.on_all and not one.has_condition)
        return any(one.covers(action) for one in denying)

    def allows_everything(self, *, under_condition: bool = False) -> bool:
        """Whether every action is allowed. under_condition: where a condition holds."""
        if any(not one.is_allow and one.on_all and not one.has_condition for one in self.statements):
            return False
        return any(
            one.is_allow and one.on_all and not one.is_not and one.is_broad and one.has_condition is under_condition
            for one in self.statements
        )

    def allowing(self) -> Iterable[Statement]:
        """The statements that allow something."""
        return (one for one in self.statements if one.is_allow)
