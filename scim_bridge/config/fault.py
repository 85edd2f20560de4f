"""What does not fit the document, as sentences for a person: what is wrong, where, and what to write instead.

No sentence shows a value that might be a secret.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from scim_bridge.config.document import Document
from scim_bridge.config.yaml_file import KeyPath, YamlFile, nearest

_SECTION = "a section of `key: value` lines"
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "finite",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge} or more",
    "list_type": "a list ([a, b])",
    "dict_type": _SECTION,
    "model_type": _SECTION,
    "literal_error": "{expected}",
    "too_short": "a section with at least one key",
}
"""pydantic's kind of fault → what must stand there."""

_GIVEN = ((bool, "true or false"), ((int, float), "a number"), (str, "text"), (list, "a list"), (dict, "a section"))


def faults(file: YamlFile) -> dict[KeyPath, str]:
    """Everything that does not fit, by place."""
    try:
        Document.model_validate(file.data)
    except ValidationError as error:
        found = [(_where(fault["loc"]), fault) for fault in error.errors(include_url=False)]
        return {where: f"{_sentence(file, where, fault)}." for where, fault in found}
    return {}


def _where(loc: tuple[int | str, ...]) -> KeyPath:
    return tuple(key for key in loc if key != "[key]")


def _sentence(file: YamlFile, where: KeyPath, fault: Mapping[str, Any]) -> str:
    place = file.at(where)
    if fault["type"] == "missing":
        section = ".".join(str(key) for key in where[:-1]) or "the file"
        return f"{file.name}, line {file.line(where)}: {section} needs the key {where[-1]}"
    if fault["input"] is None:
        return f"{place} is empty; give it a value, or leave the key out"
    if fault["type"] == "extra_forbidden":
        return f"{place}: there is no such key{_hint(where)}"
    if fault["type"] == "value_error":
        return f"{place}{fault['ctx']['error']}"
    expected = _EXPECTED[fault["type"]].format(**fault.get("ctx", {}))
    return f"{place} must be {expected}, not {_given(fault)}"


def _given(fault: Mapping[str, Any]) -> str:
    """What stands there instead: the value itself only where the choice is among fixed words, else its type."""
    value = fault["input"]
    if fault["type"] == "literal_error" and isinstance(value, str):
        return repr(value[:40])
    if fault["type"].startswith("greater_than") or fault["type"] == "finite_number":
        return f"{value:g}"
    kind = next((words for kinds, words in _GIVEN if isinstance(value, kinds)), "a value with a tag")
    quote = fault["type"] == "string_type" and isinstance(value, (bool, int, float))
    return f"{kind}; put it in quotation marks" if quote else kind


def _hint(where: KeyPath) -> str:
    known = _KEYS.get(tuple("*" if number == 1 else key for number, key in enumerate(where[:-1])), ())
    return nearest(str(where[-1]), known) or f"; there are: {', '.join(known)}"


def _sections(section: type[BaseModel], where: KeyPath = ()) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    """The keys of every section of the document; "*" stands for a connection's name."""
    yield where, tuple(section.model_fields)
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _sections(inner, (*where, name))
        elif name == "connections":
            yield from _sections(get_args(inner)[1], (*where, name, "*"))


_KEYS = dict(_sections(Document))
