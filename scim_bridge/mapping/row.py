"""One record while its rules run: which of its attributes they may read, and what a rule gives.

The attributes are looked at first, because the expression runtime (cel-expr-python 0.1.3) trusts what it is given: it
cuts text at a NUL, so that "admin\\0x" would become "admin", and bytes where text was promised end the whole process.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scim_bridge.mapping.compiled import CompiledRule, CompiledRules
from scim_bridge.mapping.expression import SOURCE, EvaluationFailed, Language
from scim_bridge.mapping.function import first_of
from scim_bridge.model.identity import Record, Value

_SURROGATE = re.compile("[\ud800-\udfff]")


class Unusable(EvaluationFailed):
    """The rule reads an attribute with a character that is no text."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} holds a character that is no text (NUL or half a surrogate pair)")


class Ambiguous(EvaluationFailed):
    """The rule reads an attribute that refers to a record and fits several."""


@dataclass(slots=True)
class Row:
    """One record while its rules run. unreadable: the attributes that no rule may read, each with the reason."""

    record: Record
    activation: Any
    unreadable: Mapping[str, EvaluationFailed]


def row_of(record: Record, rules: CompiledRules, today: str) -> Row:
    """A record, looked at and ready for its rules."""
    activation = rules.language.activation(record.attributes, rules.used, today)
    unreadable = _unreadable(record.attributes, rules.language)
    if record.ambiguous:
        unreadable = {**unreadable, **{name: Ambiguous(detail) for name, detail in record.ambiguous.items()}}
    return Row(record, activation, unreadable)


def value_of(rule: CompiledRule, row: Row) -> Value:
    """What a rule gives for a record. Raises EvaluationFailed with a text for people."""
    expression = rule.expression
    if row.unreadable:
        _refuse_unreadable(expression.names, row.unreadable)
    if expression.variable:
        text: Any = row.record.attributes.get(expression.variable, "")
        return str(text)
    if expression.first_of:
        texts: Any = row.record.attributes.get(expression.first_of, ())
        return first_of(texts)
    result = expression.evaluate(row.activation)
    if (type(result) is bool) is not rule.is_truth:
        raise EvaluationFailed(f"it gives {result!r} where {'true or false' if rule.is_truth else 'text'} is wanted")
    return result


def _refuse_unreadable(names: frozenset[str], unreadable: Mapping[str, EvaluationFailed]) -> None:
    for name in sorted(unreadable):
        if name in names or SOURCE in names:
            raise unreadable[name]


_NONE: Mapping[str, EvaluationFailed] = {}


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
        return EvaluationFailed(f"{name} is no text")
    if kind == "strings" and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return EvaluationFailed(f"{name} is no list of texts")
    return None if is_clean(*_texts(value)) else Unusable(name)


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
