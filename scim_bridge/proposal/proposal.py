"""The proposal: a mapping that fits the source, how attributes are filled and used, what a person should know.

For files it is written from scratch; for a directory it is a ready mapping without the rules that the directory cannot
have.
"""

import io
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from scim_bridge.config.source import EntraSettings, GoogleSettings, LdapSettings, SourceSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.document import Mapping as WrittenMapping
from scim_bridge.mapping.document import Rule, Rules, load_mapping
from scim_bridge.mapping.expression import names_in
from scim_bridge.mapping.ready import ready_mapping
from scim_bridge.model.identity import EMAILS, USER_NAME, AttributeType, Kind
from scim_bridge.model.scim_attribute import REQUIRED
from scim_bridge.proposal.columns import GUEST, Cells, Columns, cells, with_known_managers
from scim_bridge.proposal.csv_mapping import ahead_of_first_day, csv_mapping
from scim_bridge.proposal.survey import Survey
from scim_bridge.proposal.taking_over import LEAVINGS, Place
from scim_bridge.proposal.trial import tried, uses

_MOST = 90
"""Per cent of people who must have an address for it to be a way to find them."""


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """One attribute for the table: filled in per cent of the records seen, and what it is used for."""

    kind: Kind
    attribute: str
    filled: int
    distinct: int
    used_for: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping file as text; attributes as seen; notes, a sentence each without its full stop."""

    mapping: str
    attributes: tuple[AttributeRow, ...]
    notes: tuple[str, ...]


def suggested_match(survey: Survey, mail: str, login: str) -> tuple[str, ...]:
    """How people who are there already are found: by name, and by an address of their own if most have one."""
    seen = survey.profile("user", mail)
    has_address = seen is not None and mail != login and seen.rate >= _MOST and seen.distinct == seen.filled
    return (USER_NAME, EMAILS) if has_address else (USER_NAME,)


def propose_for_files(file: Path, survey: Survey, columns: Columns, match: tuple[str, ...], today: str) -> Proposal:
    """A mapping for CSV files, whose columns are for this. file: as a command line will call it."""
    users, said = with_known_managers(columns.users, survey)
    seen = cells(users, survey)
    groups = columns.groups if columns.has_groups else None
    text = csv_mapping(str(file), users, groups, _with_rule(match, users), seen)
    notes = [*filter(None, [seen.standing.alarm]), *seen.standing.notes, *filter(None, [said]), *columns.notes]
    notes += _who_comes(users, seen)
    if users["id"] in (users["login"], users.get("mail")):
        notes.append(
            f"no column looks like an id, so {users['id']} is it: a user who changes it will be taken for another user"
        )
    return _proposal(file, text, survey, today, notes)


def _who_comes(users: Mapping[str, str], seen: Cells) -> Iterator[str]:
    """Who is provisioned though a person may not expect it: who has not begun yet, and guests by which name."""
    if ahead_of_first_day(users, seen):
        yield (
            f"{users['starts']} is taken for the first day and has no say yet: users are provisioned before it. "
            "The mapping has a scope that goes by it, as a comment"
        )
    if seen.guests:
        are = "user is a guest" if seen.guests == 1 else "users are guests"
        by = f"they sign in by {users['mail']}" if "mail" in users else "no column has the address they sign in by"
        yield f"{seen.guests:,} {are} of another organization ({GUEST} in {users['login']}): {by}"


def propose_for_directory(
    file: Path, settings: SourceSettings, survey: Survey, match: tuple[str, ...], *, today: str, old_tool: str = ""
) -> Proposal:
    """The ready mapping of such a directory, as far as it has the attributes. old_tool: a key of LEAVINGS, or ""."""
    ready = ready_mapping(ready_name(settings))
    text, notes = fitted(ready.read_text(encoding="utf-8"), load_mapping(ready), survey.types)
    if old_tool:
        leavings = LEAVINGS[old_tool]
        text = _without(text, set(leavings.left_out), leavings.rules)
        notes += [f"there is no rule for {path} of {kind}s: {why}" for (kind, path), why in leavings.left_out.items()]
    text = with_match(text, load_mapping(file, text).users, match)
    return _proposal(file, text.replace(f"mappings/{ready.name}", str(file)), survey, today, notes)


def _with_rule(match: tuple[str, ...], users: Mapping[str, str]) -> tuple[str, ...]:
    """No one can be matched by an address for which there is no rule."""
    return tuple(path for path in match if path != EMAILS or "mail" in users)


def _proposal(file: Path, text: str, survey: Survey, today: str, notes: list[str]) -> Proposal:
    mapping = load_mapping(file, text)
    used = uses(mapping)
    rows = [
        AttributeRow(seen.kind, seen.name, seen.rate, seen.distinct, ", ".join(used.get((seen.kind, seen.name), ())))
        for seen in survey.profiles
    ]
    rows.sort(key=lambda row: (row.kind == "group", not row.used_for))  # directories show many that no one uses
    return Proposal(text, tuple(rows), (*notes, *tried(mapping, survey, today)))


_KEPT = ("scope", "active")
"""Rules that may not be left out because an attribute is missing: without them more people would be let in."""
_OF_EXPRESSIONS = {"today", "source"}


def ready_name(settings: SourceSettings) -> str:
    """Which of the ready mappings is meant for such a source."""
    if isinstance(settings, LdapSettings):
        return f"{settings.flavor or 'openldap'}.yaml"
    if isinstance(settings, GoogleSettings):
        return "google-workspace.yaml"
    return "entra-id.yaml" if isinstance(settings, EntraSettings) else "csv.yaml"


def fitted(
    text: str, written: WrittenMapping, types: Mapping[Kind, Mapping[str, AttributeType]]
) -> tuple[str, list[str]]:
    """The text without rules that cannot be, and a sentence for each. text: of the mapping that was read as written.

    Raises Misconfigured if a rule that every mapping needs is among them.
    """
    missing = {
        (rules.kind, rule.path): names
        for rules in (written.users, written.groups)
        for rule in (rules.scope, *rules.attributes)
        if (names := _missing(rule, types[rules.kind]))
    }
    for (kind, path), names in missing.items():
        if path in (*REQUIRED[kind], *_KEPT):
            raise Misconfigured(
                f"{kind}s of this directory have no attribute {names[0]}, by which {written.name} has {path}",
                f"Copy mappings/{written.name}, change that rule, and write bridge.yaml by hand.",
            )
    notes = [
        f"{kind}s have no attribute {names[0]}, so there is no rule for {path}"
        for (kind, path), names in missing.items()
    ]
    return (_without(text, set(missing)) if missing else text), notes


def with_match(text: str, rules: Rules, match: tuple[str, ...]) -> str:
    """The text with another list of attributes to match users by."""
    return text.replace(f"match: [{', '.join(rules.match)}]", f"match: [{', '.join(match)}]", 1)


def _missing(rule: Rule, types: Mapping[str, AttributeType]) -> list[str]:
    return sorted(names_in(rule.text) - _OF_EXPRESSIONS - set(types))


def _without(text: str, rules: Set[Place], others: Mapping[Place, str] | None = None) -> str:
    """The same file without these rules and what its tests expect of them; comments stay where they are.

    others: rules that get another expression. What the tests expect of their attributes goes too.
    """
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 10_000, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    document: Any = yaml.load(text)
    for (kind, path), expression in (others or {}).items():
        document[f"{kind}s"]["attributes"][path] = expression
    for kind, path in rules:
        document[f"{kind}s"]["attributes"].pop(path, None)
    for kind, path in (*rules, *(others or {})):
        for test in document["tests"]:
            if kind in test:
                test["expect"].pop(path, None)
    document["tests"][:] = [test for test in document["tests"] if test["expect"]]
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()
