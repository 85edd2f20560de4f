"""A mapping file as it is written (docs/design.md §4): rules as text with their lines, and the mapping's own tests.

Reading it needs no source. Which names its rules may use is only known with one, so they are compiled in compiled.py;
their syntax and the functions they call are looked at here.
"""

import unicodedata
from collections.abc import Mapping as Mappings
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from scim_bridge.config.yaml_file import KeyPath, YamlFile, nearest, read_text, refuse
from scim_bridge.mapping.expression import attributes_in, check
from scim_bridge.model.identity import NAMES, Kind
from scim_bridge.model.scim_attribute import MATCHABLE, PATHS, REQUIRED
from scim_bridge.model.source import Wanted

Nested = Literal["flatten", "ignore", "report"]
KEPT = 64
"""So many files are read once by a process, for as long as they hold the same: connections often share one, and reading
one takes a third of a run about 50 users."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression, and where it stands ("csv.yaml, line 9: users.attributes.title")."""

    path: str
    text: str
    line: int
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one kind; without any for attributes, the mapping does not provision this kind.

    id: the source attribute that never changes. place: where it stands. match: how unmanaged resources are found.
    """

    kind: Kind
    id: str
    place: str
    match: tuple[str, ...]
    scope: Rule
    attributes: tuple[Rule, ...]
    nested: Nested = "flatten"


def wanted_by(rule: Rule) -> frozenset[str]:
    """The attributes that one rule speaks of."""
    return attributes_in(rule.text) or frozenset()


def wanted(rules: Rules) -> Wanted:
    """What these rules use of a record."""
    used = [attributes_in(rule.text) for rule in (rules.scope, *rules.attributes)]
    names = frozenset[str]().union(*(names for names in used if names is not None))
    return Wanted(rules.id, names | {rules.id}, is_all=None in used)


@dataclass(frozen=True, slots=True)
class Test:
    """One of the mapping's own tests: a record, and what must come out. expect "scope" is about the scope rule."""

    __test__ = False  # pytest takes every class of this name for one of its own

    name: str
    kind: Kind
    record: dict[str, Any]
    expect: dict[str, Any]
    place: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mapping:
    """A whole mapping file. name: without its folder, for complaints that name a line; path: as it was named to us.

    timezone: where the days of its rules begin.
    """

    name: str
    path: Path
    users: Rules
    groups: Rules
    tests: tuple[Test, ...]
    timezone: tzinfo = UTC


def load_mapping(path: Path, text: str | None = None) -> Mapping:
    """Read a mapping file. Raises Misconfigured with every problem, each naming file, line and attribute.

    text: what the file will hold, for one that is not written yet.
    """
    return _loaded(path, read_text(path) if text is None else text)


@lru_cache(maxsize=KEPT)
def _loaded(path: Path, text: str) -> Mapping:
    file = YamlFile(path, text)
    file.data = _composed(file.data)
    problems: list[str] = []
    _check_keys(file, (), ("timezone", "users", "groups", "tests"), problems)
    users = _rules(file, "user", "users", problems)
    groups = _rules(file, "group", "groups", problems)
    tests = _tests(file, problems)
    zone = _timezone(file, problems)
    refuse(file.name, problems)
    return Mapping(name=file.name, path=path, users=users, groups=groups, tests=tests, timezone=zone)


def _composed(node: Any) -> Any:
    """The file's texts in NFC, as rules see a record's values: a file may be saved in another form than the export."""
    if isinstance(node, str):
        return unicodedata.normalize("NFC", node)
    if isinstance(node, dict):
        return {_composed(key): _composed(value) for key, value in node.items()}
    return [_composed(item) for item in node] if isinstance(node, list) else node


def _timezone(file: YamlFile, problems: list[str]) -> tzinfo:
    name = file.data.get("timezone", "UTC")
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        known = available_timezones()
        way_out = nearest(str(name), known) if known else " (this machine has no list of time zones: install tzdata)"
        problems.append(
            f"{file.at(('timezone',))}: {name!r} is not a time zone{way_out}. Write one such as Europe/Berlin."
        )
    return UTC


def _check_keys(file: YamlFile, where: KeyPath, known: tuple[str, ...], problems: list[str]) -> dict[str, Any]:
    """The mapping of keys at a place, complaining about keys that are not known there."""
    node: Any = file.data
    for key in where:
        node = node.get(key) if isinstance(node, dict) else None
    if node is None:
        return {}
    if not isinstance(node, dict):
        problems.append(f"{file.at(where)}: write `key: value` lines here.")
        return {}
    problems += [f"{file.at((*where, k))}: there is no such key{nearest(k, known)}." for k in node if k not in known]
    return node


def _rules(file: YamlFile, kind: Kind, section: str, problems: list[str]) -> Rules:
    known = ("id", "match", "scope", "attributes") + (("nested",) if kind == "group" else ())
    node = _check_keys(file, (section,), known, problems)
    if kind == "group" and not node and "groups" not in file.data:
        # A mapping that does not mention groups provisions none, whatever the source shows.
        return Rules(
            kind=kind,
            id="id",
            place=file.name,
            match=MATCHABLE[kind],
            scope=Rule("scope", "false", 1, f"{file.name}: groups.scope"),
            attributes=(),
        )
    identifier = node.get("id")
    if not isinstance(identifier, str) or not identifier:
        problems.append(f"{file.at((section,))}: name the source attribute that never changes: `id: …`.")
    attributes = _attributes(file, kind, section, problems)
    nested = node.get("nested", "flatten")
    if nested not in ("flatten", "ignore", "report"):
        problems.append(f"{file.at((section, 'nested'))}: write flatten, ignore or report.")
        nested = "flatten"
    scope = _rule(file, (section, "scope"), "scope", node.get("scope", "true"), problems)
    match = _match(file, kind, section, node, problems)
    return Rules(
        kind=kind,
        id=str(identifier),
        place=file.at((section, "id")),
        match=match,
        scope=scope,
        attributes=attributes,
        nested=nested,
    )


def _attributes(file: YamlFile, kind: Kind, section: str, problems: list[str]) -> tuple[Rule, ...]:
    where: KeyPath = (section, "attributes")
    node = _check_keys(file, where, PATHS[kind], problems)
    missing = [path for path in REQUIRED[kind] if path not in node]
    if missing:
        problems.append(f"{file.at(where)}: there is no rule for {', '.join(missing)}, which every target requires.")
    return tuple(_rule(file, (*where, path), path, text, problems) for path, text in node.items())


def _rule(file: YamlFile, where: KeyPath, path: str, text: Any, problems: list[str]) -> Rule:
    if isinstance(text, bool):
        text = "true" if text else "false"
    if not isinstance(text, str) or not text.strip():
        problems.append(
            f"{file.at(where)}: write an expression; fixed text goes in quotes inside quotes ('\"Employee\"')."
        )
        text = '""'
    problems += [f"{file.at(where)}{complaint.where}: {complaint.what}." for complaint in check(text)]
    return Rule(path, text, file.line(where), file.at(where))


def _match(file: YamlFile, kind: Kind, section: str, node: Mappings[str, Any], problems: list[str]) -> tuple[str, ...]:
    paths = node.get("match", [NAMES[kind]])
    if not isinstance(paths, list):
        paths = [paths]
    for path in paths:
        if path not in MATCHABLE[kind]:
            can = " and ".join(MATCHABLE[kind])
            problems.append(f"{file.at((section, 'match'))}: {kind}s can be matched by {can}, not by {path}.")
        elif path not in (node.get("attributes") or {}):
            problems.append(f"{file.at((section, 'match'))}: there is no rule for {path}.")
    return tuple(str(path) for path in paths)


def _tests(file: YamlFile, problems: list[str]) -> tuple[Test, ...]:
    given = file.data.get("tests") or []
    if not isinstance(given, list):
        problems.append(f"{file.at(('tests',))}: write a list of tests.")
        return ()
    return tuple(test for number in range(len(given)) for test in [_test(file, number, problems)] if test is not None)


def _test(file: YamlFile, number: int, problems: list[str]) -> Test | None:
    where: KeyPath = ("tests", number)
    node = file.data["tests"][number]
    place = file.at(where)
    if not isinstance(node, dict):
        problems.append(f"{place}: a test is written with the keys `name`, `user` or `group`, and `expect`.")
        return None
    kind: Kind = "group" if "group" in node else "user"
    unknown = [key for key in node if key not in ("name", "user", "group", "expect")]
    problems += [f"{place}: there is no key {key}{nearest(key, ('name', kind, 'expect'))}." for key in unknown]
    record, expect = node.get(kind), node.get("expect")
    if not isinstance(record, dict) or not isinstance(expect, dict) or not expect:
        problems.append(f"{place}: a test needs `user` or `group`, and `expect`.")
        return None
    for path in expect:
        if path not in (*PATHS[kind], "scope", "externalId"):
            problems.append(f"{place}: expects {path}, which is not an attribute{nearest(path, PATHS[kind])}.")
    return Test(str(node.get("name", f"test {number + 1}")), kind, record, expect, place)
