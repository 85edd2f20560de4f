"""One record while its rules run: which of its attributes they may read, and what a rule gives.

The attributes are looked at first, because the expression runtime (cel-expr-python 0.1.3) trusts what it is given: it
cuts text at a NUL, so that "admin\\0x" would become "admin", and bytes where text was promised end the whole process.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import is_normalized

import orjson

from scim_bridge.mapping.choice import Sets, in_one_form, is_alike, is_same, orders, single
from scim_bridge.mapping.compiled import CompiledRule, CompiledRules
from scim_bridge.mapping.expression import SOURCE, EvaluationFailed, Language
from scim_bridge.mapping.function import first_of
from scim_bridge.model.identity import Existing, Record, Value
from scim_bridge.model.remembered import LastApplied

_SURROGATE = re.compile("[\ud800-\udfff]")


class Unusable(EvaluationFailed):
    """The rule reads an attribute with a character that is not text."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} holds a character that is not text (NUL or half a surrogate pair)")


class Ambiguous(EvaluationFailed):
    """The rule reads an attribute that refers to a record and fits several."""


class Several(EvaluationFailed):
    """A rule to match by gives several values, and different resources on the target hold them. value: the first.

    fits: target ids of these resources.
    """

    def __init__(self, value: Value, fits: Iterable[Existing]) -> None:
        self.fits = tuple(each.target_id for each in fits)
        named = ", ".join(sorted(f"{each.name} ({each.target_id})" for each in fits))
        super().__init__(f"its values are held by different resources on the target: {named}")
        self.value = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record while its rules run. unreadable: the attributes that no rule may read, each with the reason.

    attributes: those of the record in the form that rules see. sets: those of them that have several values. applied:
    what was last applied to the record's resource, by path. fits: the resources it may be, where no rule can tell
    which.
    """

    record: Record
    rules: CompiledRules
    today: str
    attributes: Mapping[str, object]
    activation: Any
    sets: Sets
    unreadable: Mapping[str, EvaluationFailed]
    applied: Mapping[str, Value]
    fits: tuple[Existing, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a rule gives for a record. is_chosen: by a fixed choice among several, where nothing applied told which."""

    value: Value
    is_chosen: bool = False


_NONE: Mapping[str, EvaluationFailed] = {}
_NO_SETS: Sets = {}


def row_of(record: Record, rules: CompiledRules, today: str, last: LastApplied) -> Row:
    """A record, looked at and ready for its rules."""
    row = _looked_at(record, rules, today, last.to(rules.kind, record.id))
    return row if row.applied or not row.sets else _as_adopted(row, last)


def _as_adopted(row: Row, last: LastApplied) -> Row:
    """Where nothing was applied, what a resource shows that any of the record's values to match by is held by.

    It is going to be adopted by that value, so it keeps the values that it holds; otherwise someone who is there under
    another of their addresses would be created a second time.
    """
    found: dict[str, Existing] = {}
    for rule in row.rules.attributes:
        if rule.rule.path in row.rules.match:
            for value in _possible(rule, row):
                found |= {e.target_id: e for e in last.free(row.rules.kind, rule.rule.path, single(value))}
    if len(found) == 1:
        return replace(row, applied=next(iter(found.values())).attributes)
    return replace(row, fits=tuple(found[target_id] for target_id in sorted(found)))


def _possible(rule: CompiledRule, row: Row) -> Iterator[Value]:
    """Every value that a rule may give, in whatever order the directory lists its values."""
    value = _tried(rule, row)[0]
    if value is not None:
        yield value
    sets = _sets_of(rule, row)
    if sets:
        yield from _others(rule, row, sets)


def _sets_of(rule: CompiledRule, row: Row) -> Sets:
    return {name: row.sets[name] for name in row.sets if rule.takes_from(name)}


def is_choosing(record: Record, rules: CompiledRules) -> bool:
    """Whether a rule has several values of this record to choose from, so that what was applied last has a say."""
    if rules.language.is_text_only:
        return False
    lists = [name for name, value in record.attributes.items() if type(value) is list and len(value) > 1]
    return any(rule.takes_from(name) for name in lists for rule in (rules.scope, *rules.attributes))


def _looked_at(record: Record, rules: CompiledRules, today: str, applied: Mapping[str, Value]) -> Row:
    language = rules.language
    attributes = record.attributes
    if not (language.is_text_only and _is_composed(attributes)):  # what is text alone was trimmed when it was read
        attributes = in_one_form(attributes)
    sets = _NO_SETS
    if not language.is_text_only:
        sets = {name: value for name, value in attributes.items() if type(value) is list and len(value) > 1}
    activation = language.activation(attributes, rules.used, today)
    unreadable = _unreadable(attributes, language)
    if record.ambiguous:
        unreadable = {**unreadable, **{name: Ambiguous(detail) for name, detail in record.ambiguous.items()}}
    return Row(
        record=record,
        rules=rules,
        today=today,
        attributes=attributes,
        activation=activation,
        sets=sets,
        unreadable=unreadable,
        applied=applied,
    )


def _is_composed(attributes: Mapping[str, object]) -> bool:
    """Whether all of these are texts in NFC."""
    try:
        # Every part of a text that is in NFC is in NFC itself (Unicode Standard Annex 15), so one look is enough.
        return is_normalized("NFC", "".join(attributes.values()))  # type: ignore[arg-type]  # what is not text raises
    except TypeError:
        return False


def result_of(rule: CompiledRule, row: Row) -> Result:
    """What a rule gives for a record; of several values the one that was last applied, while it is among them.

    A truth is never kept: who may enter is decided by all the values there are now. Raises EvaluationFailed with a text
    for people.
    """
    sets = _sets_of(rule, row)
    if not sets:
        return Result(value_of(rule, row))
    if row.fits and rule.rule.path in row.rules.match:
        raise Several(value_of(rule, row), row.fits)
    applied = row.applied.get(rule.rule.path)
    value, failure = _tried(rule, row)
    if value is not None and applied is not None and is_same(value, applied):
        return Result(value)
    if applied and not rule.is_truth and (kept := _kept(applied, value, _others(rule, row, sets))) is not None:
        return Result(kept)
    if value is None:
        raise failure or EvaluationFailed("it gives nothing")
    return Result(value, is_chosen=any(not is_same(value, other) for other in _others(rule, row, sets)))


def _others(rule: CompiledRule, row: Row, sets: Sets) -> Iterator[Value]:
    """What the other orders give, as far as the rule does not fail on them."""
    return (found for order in orders(sets) if (found := _tried(rule, row, order)[0]) is not None)


def _kept(applied: Value, value: Value | None, others: Iterable[Value]) -> Value | None:
    """What some order gives that was last applied, else what differs from it in case alone; None if nothing does."""
    alike = value if value is not None and is_alike(value, applied) else None
    for other in others:
        if is_same(other, applied):
            return other
        if alike is None and is_alike(other, applied):
            alike = other
    return alike


def _tried(rule: CompiledRule, row: Row, order: Sets = _NO_SETS) -> tuple[Value | None, EvaluationFailed | None]:
    try:
        return value_of(rule, row, order), None
    except EvaluationFailed as failure:
        return None, failure


def value_of(rule: CompiledRule, row: Row, order: Sets = _NO_SETS) -> Value:
    """What a rule gives for a record. order: other orders of some of its lists. Raises EvaluationFailed."""
    expression = rule.expression
    if row.unreadable:
        _refuse_unreadable(expression.names, row.unreadable)
    attributes = {**row.attributes, **order} if order else row.attributes
    if expression.variable:
        text: Any = attributes.get(expression.variable, "")
        return str(text)
    if expression.first_of:
        texts: Any = attributes.get(expression.first_of, ())
        return first_of(texts)
    activation = row.activation
    if order:
        activation = row.rules.language.activation(attributes, expression.reads, row.today)
    result = expression.evaluate(activation)
    if (type(result) is bool) is not rule.is_truth:
        raise EvaluationFailed(f"it gives {result!r} where {'true or false' if rule.is_truth else 'text'} is wanted")
    return result


def _refuse_unreadable(names: frozenset[str], unreadable: Mapping[str, EvaluationFailed]) -> None:
    for name in sorted(unreadable):
        if name in names or SOURCE in names:
            raise unreadable[name]


def _unreadable(attributes: Mapping[str, object], language: Language) -> Mapping[str, EvaluationFailed]:
    try:
        # What nearly every record is: all of its texts are looked at as one, and anything else raises TypeError.
        if is_clean("".join(attributes.values() if language.is_text_only else _plain(attributes, language))):  # type: ignore[arg-type]
            return _NONE
    except TypeError:
        pass
    found = {name: _fault(name, value, language) for name, value in attributes.items()}
    return {name: fault for name, fault in found.items() if fault is not None}


def _plain(attributes: Mapping[str, object], language: Language) -> list[str]:
    """The texts of a record whose every value is a text, a list of texts or a truth, as its type has it."""
    texts: list[str] = []
    kind_of = language.names.get
    for name, value in attributes.items():
        kind = kind_of(name, "dyn")
        if type(value) is str and kind != "strings":
            texts.append(value)
        elif type(value) is list and kind != "string":
            texts += value
        elif type(value) is not bool or kind != "dyn":
            raise TypeError(name)
    return texts


def _fault(name: str, value: object, language: Language) -> EvaluationFailed | None:
    kind = language.names.get(name, "dyn")
    if kind == "string" and not isinstance(value, str):
        return EvaluationFailed(f"{name} is not text")
    if kind == "strings" and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return EvaluationFailed(f"{name} is not a list of texts")
    return None if _is_clean_within(value) else Unusable(name)


def _is_clean_within(value: object) -> bool:
    """Whether every text in a value is clean. Written as JSON in one go, which tells of nearly every value: half a
    surrogate pair is refused, and NUL is escaped.
    """
    try:
        if b"\\u0000" not in orjson.dumps(value):
            return True
    except orjson.JSONEncodeError:  # also for what JSON has no form for
        pass
    return is_clean(*_texts(value))


def _texts(value: object) -> Iterable[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value.keys(), *value.values()])
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def is_clean(*texts: str) -> bool:
    """Whether these texts hold no NUL and no half of a surrogate pair."""
    return all("\x00" not in text and (text.isascii() or _SURROGATE.search(text) is None) for text in texts)
