"""Records become the desired state: scope, each attribute's rule, memberships. Pure; `today` is an argument."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scim_bridge.mapping.compiled import CompiledMapping, CompiledRule, CompiledRules
from scim_bridge.mapping.expression import EvaluationFailed
from scim_bridge.mapping.flatten import flatten
from scim_bridge.model.identity import (
    ACTIVE,
    EXTERNAL_ID,
    Desired,
    Directory,
    Flaw,
    Notice,
    OutOfScope,
    Record,
    Snapshot,
    Value,
)

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule made of one record, for `explain`. value is None where the rule failed, and failure says why."""

    path: str
    text: str
    place: str
    value: Value | None
    failure: str = ""


def map_records(snapshot: Snapshot, mapping: CompiledMapping, today: str) -> Directory:
    """Every record in scope as the target should hold it, but not yet fitted to the target. today: YYYY-MM-DD (UTC)."""
    users, users_out = _map_kind(snapshot.users, mapping.users, today)
    groups, groups_out = _map_kind(snapshot.groups, mapping.groups, today)
    members, notices = _members(snapshot, mapping, {u.source_id for u in users}, {g.source_id for g in groups})
    warnings = snapshot.warnings + tuple(notices)
    return Directory(users, groups, members, snapshot.counts, (*users_out, *groups_out), warnings)


def trace(record: Record, rules: CompiledRules, today: str) -> tuple[Step, ...]:
    """Every rule of one record, scope first, with its value or why it failed."""
    activation = rules.language.activation(record.attributes, rules.used, today)
    return tuple(_step(rule, record, activation) for rule in (rules.scope, *rules.attributes))


def _step(rule: CompiledRule, record: Record, activation: Any) -> Step:
    try:
        value = _value(rule, record, activation)
    except EvaluationFailed as failure:
        return Step(rule.rule.path, rule.rule.text, rule.rule.place, None, str(failure))
    return Step(rule.rule.path, rule.rule.text, rule.rule.place, value)


def _map_kind(
    records: Iterable[Record], rules: CompiledRules, today: str
) -> tuple[tuple[Desired, ...], list[OutOfScope]]:
    mapped: dict[str, Desired] = {}
    nameless: list[Desired] = []
    out: dict[str, OutOfScope] = {}
    for record in records:
        desired = _map_one(record, rules, today)
        if desired is None:
            out.setdefault(record.id or record.place, OutOfScope(rules.kind, record.id, record.place))
        elif not record.id:
            nameless.append(desired)
        elif record.id in mapped:
            mapped[record.id] = _merge(mapped[record.id], desired)
        else:
            mapped[record.id] = desired
    return (*mapped.values(), *nameless), [left for key, left in out.items() if key not in mapped]


def _map_one(record: Record, rules: CompiledRules, today: str) -> Desired | None:
    """One record, or None if it is out of scope. A scope rule that fails holds the record: it is not taken for gone."""
    flaws = _record_flaws(record, rules)
    attributes: dict[str, Value] = {EXTERNAL_ID: record.id}
    if rules.kind == "user" and not rules.has_active:
        attributes[ACTIVE] = True
    activation = None if flaws else rules.language.activation(record.attributes, rules.used, today)
    if activation is not None:
        try:
            if _value(rules.scope, record, activation) is not True:
                return None
        except EvaluationFailed as failure:
            flaws.append(_failed("scope", str(failure), fatal=True))
        for rule in rules.attributes:
            try:
                attributes[rule.rule.path] = _value(rule, record, activation)
            except EvaluationFailed as failure:
                flaws.append(_failed(rule.rule.path, str(failure), fatal=False))
    return Desired(rules.kind, record.id, attributes, (record.place,), tuple(flaws))


def _value(rule: CompiledRule, record: Record, activation: Any) -> Value:
    expression = rule.expression
    if expression.variable:
        value = record.attributes.get(expression.variable, "")
        if isinstance(value, str):
            return value
        raise EvaluationFailed(f"{expression.variable} is no text")
    return expression.evaluate(activation)


def _failed(path: str, why: str, *, fatal: bool) -> Flaw:
    remedy = "Mend the value in the source, or the rule in the mapping."
    return Flaw("rule_failed", path, f"the rule for {path} failed: {why}", remedy, fatal)


def _record_flaws(record: Record, rules: CompiledRules) -> list[Flaw]:
    flaws = []
    if not record.id:
        detail = f"the id ({rules.id}) is empty"
        flaws.append(Flaw("missing_id", EXTERNAL_ID, detail, "Give the record its id in the source.", fatal=True))
    unusable = None
    if not _is_clean(_all_text(record.attributes.values())):
        unusable = next(name for name, value in record.attributes.items() if not _is_clean(_all_text([value])))
    if unusable is not None:
        # The expression runtime cuts text at a NUL, and "admin\0x" must not become "admin".
        detail = f"{unusable} holds a character that is no text (NUL or half a surrogate pair)"
        flaws.append(Flaw("unusable_character", unusable, detail, "Remove it in the source.", fatal=True))
    return flaws


def _all_text(values: Iterable[object]) -> str:
    """Every text in these values, one after the other, to look through all of a record at once."""
    try:
        return "".join(values)  # type: ignore[arg-type]  # most records hold nothing but text
    except TypeError:
        return "".join(
            value if isinstance(value, str) else _all_text(value) for value in values if isinstance(value, (str, list))
        )


def _is_clean(text: str) -> bool:
    if "\x00" in text:
        return False
    return text.isascii() or _SURROGATE.search(text) is None


def _merge(first: Desired, other: Desired) -> Desired:
    """Rows that share an id are one held record: active if any of them is, at every place they stand."""
    places = (*first.places, *other.places)
    detail = f"id {first.source_id!r} stands in several rows"
    flaw = Flaw("duplicate_id", EXTERNAL_ID, detail, "Give each row an id of its own.", fatal=True)
    flaws = {f.kind + f.attribute: f for f in (*first.flaws, *other.flaws, flaw)}
    attributes = dict(first.attributes)
    if ACTIVE in attributes or ACTIVE in other.attributes:
        attributes[ACTIVE] = any(d.attributes.get(ACTIVE) is not False for d in (first, other))
    return Desired(first.kind, first.source_id, attributes, places, tuple(flaws.values()))


def _members(
    snapshot: Snapshot, mapping: CompiledMapping, users: set[str], groups: set[str]
) -> tuple[dict[str, frozenset[str]], list[Notice]]:
    """Group id → users, by the mapping's rule for nested groups, limited to what is provisioned."""
    notices: list[Notice] = []
    if mapping.nested == "flatten":
        whole: Mapping[str, frozenset[str]]
        whole, notices = flatten(snapshot.members)
    else:
        whole = {group: frozenset(direct) for group, (direct, _) in snapshot.members.items()}
    if mapping.nested == "report":
        notices = [
            Notice("nested_group", group, f"group {group} contains {len(nested)} group(s), whose users are not added")
            for group, (_, nested) in snapshot.members.items()
            if nested
        ]
    return {group: whole.get(group, frozenset()) & users for group in groups if group}, notices
