"""Two mappings held against each other as they are written: which rules differ."""

from collections.abc import Iterator, Mapping

from scim_bridge.mapping.compiled import CompiledMapping, CompiledRules
from scim_bridge.mapping.document import Rule
from scim_bridge.model.identity import Kind
from scim_bridge.model.mapping_comparison import TIMEZONE, RuleChange

Match = Mapping[Kind, tuple[str, ...]]
"""Each kind's match attributes."""


def changed_rules(now: CompiledMapping, changed: CompiledMapping, match: tuple[Match, Match]) -> tuple[RuleChange, ...]:
    """Every rule that is not written as before. match: the match attributes of both mappings."""
    kinds: tuple[Kind, Kind] = ("user", "group")
    found = [change for kind in kinds for change in _of_kind(now.of(kind), changed.of(kind))]
    if now.nested != changed.nested:
        place = f"{changed.name}: groups.nested"
        found.append(RuleChange("group", "nested", now.nested, changed.nested, place))
    if now.timezone != changed.timezone:
        old, new = str(now.timezone), str(changed.timezone)
        found.append(RuleChange("user", TIMEZONE, old, new, f"{changed.name}: timezone"))
    for kind in kinds:
        old, new = (", ".join(each[kind]) for each in match)
        if old != new:
            found.append(RuleChange(kind, "match", old, new, f"{changed.name}: {kind}s.match"))
    return tuple(found)


def _of_kind(now: CompiledRules, changed: CompiledRules) -> Iterator[RuleChange]:
    old, new = _by_path(now), _by_path(changed)
    for path in dict.fromkeys((*new, *old)):
        was, is_ = _text(old.get(path)), _text(new.get(path))
        if was != is_:
            yield RuleChange(now.kind, path, was, is_, (new.get(path) or old[path]).place)


def _text(rule: Rule | None) -> str | None:
    return rule.text.strip() if rule is not None else None


def _by_path(rules: CompiledRules) -> dict[str, Rule]:
    return {rule.rule.path: rule.rule for rule in (rules.scope, *rules.attributes)}
