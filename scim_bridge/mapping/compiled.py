"""A mapping whose rules are compiled against the names that a source really has."""

import re
from collections.abc import Mapping as Mappings
from dataclasses import dataclass
from datetime import tzinfo

from scim_bridge.config.yaml_file import nearest, refuse
from scim_bridge.mapping.complaint import Complaint
from scim_bridge.mapping.document import Mapping, Nested, Rule, Rules
from scim_bridge.mapping.expression import SOURCE, TODAY, BadExpression, EvaluationFailed, Expression, Language
from scim_bridge.model.identity import ACTIVE, AttributeType, Kind
from scim_bridge.model.scim_attribute import ATTRIBUTES

_PICKS = re.compile(r"\bfirst\s*\(|\[|\.\s*join\s*\(")
"""How a rule takes one value of a list, or puts them into a row."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule and its expression. is_truth: it must give true or false; else text, or texts."""

    rule: Rule
    expression: Expression
    is_truth: bool

    def takes_from(self, name: str) -> bool:
        """Whether the order of this list may matter to the rule. A truth about all of a list's values does not pick."""
        read = self.expression.attributes
        return (read is None or name in read) and (not self.is_truth or _PICKS.search(self.rule.text) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRules:
    """The rules of one kind, ready to run. used: the variables that any of them reads. match: paths to match by."""

    kind: Kind
    id: str
    match: tuple[str, ...]
    scope: CompiledRule
    attributes: tuple[CompiledRule, ...]
    language: Language
    used: frozenset[str]
    has_active: bool


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping ready to run over the records of one source. timezone: where its days begin."""

    name: str
    users: CompiledRules
    groups: CompiledRules
    nested: Nested
    timezone: tzinfo

    def of(self, kind: Kind) -> CompiledRules:
        """The rules of one kind."""
        return self.users if kind == "user" else self.groups

    @property
    def speaks_of_today(self) -> bool:
        """Whether a rule may give something else on another day."""
        rules = (rule for of_kind in (self.users, self.groups) for rule in (of_kind.scope, *of_kind.attributes))
        return any(TODAY in rule.expression.names for rule in rules)


def compile_mapping(
    mapping: Mapping, users: Mappings[str, AttributeType], groups: Mappings[str, AttributeType]
) -> CompiledMapping:
    """Compile all rules. users, groups: the source's attributes with their types.

    Raises Misconfigured with every problem: unknown names with the nearest known one, and results of the wrong type.
    """
    problems: list[str] = []
    zone = mapping.timezone
    compiled = [
        _compile(rules, Language(variables, zone), problems)
        for rules, variables in ((mapping.users, users), (mapping.groups, groups))
    ]
    refuse(mapping.name, problems)
    return CompiledMapping(mapping.name, compiled[0], compiled[1], mapping.groups.nested, zone)


def _compile(rules: Rules, language: Language, problems: list[str]) -> CompiledRules:
    variables = language.variables
    if rules.id not in variables and rules.attributes:
        hint = nearest(rules.id, variables)
        problems.append(f"{rules.place}: {rules.kind}s have no attribute {rules.id!r} to be their id{hint}.")
    scope = _one(rules.scope, language, problems)
    attributes = tuple(_one(rule, language, problems) for rule in rules.attributes)
    evaluated = [rule.expression for rule in (scope, *attributes) if not rule.expression.is_looked_up]
    used = frozenset[str]().union(*(expression.reads for expression in evaluated))
    has_active = any(rule.rule.path == ACTIVE for rule in attributes)
    return CompiledRules(
        kind=rules.kind,
        id=rules.id,
        match=rules.match,
        scope=scope,
        attributes=attributes,
        language=language,
        used=used,
        has_active=has_active,
    )


def _one(rule: Rule, language: Language, problems: list[str]) -> CompiledRule:
    row = ATTRIBUTES["user"].get(rule.path)
    is_truth = rule.path == "scope" or (row is not None and row.form == "truth")
    try:
        expression = language.compile(rule.text)
    except BadExpression as bad:
        problems += [f"{rule.place}{c.where}: {c.what}{_hint(c, rule, language)}." for c in bad.complaints]
        return CompiledRule(rule, language.compile('""'), is_truth)
    allowed = ("truth", "unknown") if is_truth else ("text", "texts", "unknown")
    problem = _invalid_pattern(expression, language)
    if problem:
        problems.append(f"{rule.place}: {problem}.")
    elif expression.yields not in allowed:
        needs = "true or false" if is_truth else "text"
        hint = _unreachable(rule, language)
        problems.append(f"{rule.place}: gives {expression.type_name} where {needs} is wanted{hint}.")
    return CompiledRule(rule, expression, is_truth)


def _hint(complaint: Complaint, rule: Rule, language: Language) -> str:
    near = nearest(complaint.unknown, [*language.names, TODAY, SOURCE]) if complaint.unknown else ""
    return _unreachable(rule, language, complaint.unknown) or near


def _unreachable(rule: Rule, language: Language, part: str = "") -> str:
    """How to write an attribute whose name is not an identifier, or a word of the language, if the rule speaks of one.

    part: what must stand in its name: the compiler reads x-y as a subtraction, and complains of x and of y.
    """
    for name in language.variables:
        if (
            name not in language.names
            and part in name
            and re.search(rf"(?<![\w\"]){re.escape(name)}(?![\w\"])", rule.text)
        ):
            return f' (the attribute {name!r} is written source["{name}"])'
    return ""


def _invalid_pattern(expression: Expression, language: Language) -> str:
    """A regular expression is only looked at when the rule runs: so run it once, on a record without values."""
    try:
        expression.evaluate(language.activation({}, expression.reads, "2000-01-01"))
    except EvaluationFailed as failure:
        if "regular expression" in str(failure):
            return str(failure)
    return ""
