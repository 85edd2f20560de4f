"""What does not fit the document, as sentences for a person: what is wrong, where, and what to write instead.

No sentence shows a value that might be a secret.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

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
    "less_than_equal": "{le} or less",
    "list_type": "a list ([a, b])",
    "dict_type": _SECTION,
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
    "union_tag_invalid": "{expected_tags}",
    "literal_error": "{expected}",
    "too_short": "at least one",
}
"""pydantic's kind of fault → what must stand there."""

_GIVEN = ((bool, "true or false"), ((int, float), "a number"), (str, "text"), (list, "a list"), (dict, "a section"))


def faults(file: YamlFile) -> dict[KeyPath, str]:
    """Everything that does not fit, by place."""
    try:
        Document.model_validate(file.data)
    except ValidationError as error:
        found = [(_where(file.data, fault), fault) for fault in error.errors(include_url=False)]
        return {where: f"{_sentence(file, where, fault)}." for where, fault in found}
    return {}


def _where(data: Any, fault: Mapping[str, Any]) -> KeyPath:
    """The place in the file. What pydantic adds to say which kind of section it took it for stands nowhere there."""
    kept: list[int | str] = []
    loc = (*fault["loc"], *(("kind",) if fault["type"].startswith("union_tag") else ()))
    for number, key in enumerate(loc):
        is_there = isinstance(data, (dict, list)) and (key in data if isinstance(data, dict) else True)
        if is_there:
            data = data[key]
        if is_there or (number == len(loc) - 1 and fault["type"] in ("missing", "union_tag_not_found")):
            kept.append(key)
    return tuple(kept)


def _sentence(file: YamlFile, where: KeyPath, fault: Mapping[str, Any]) -> str:
    place = file.at(where)
    if fault["type"] in ("missing", "union_tag_not_found"):
        section = ".".join(str(key) for key in where[:-1]) or "the file"
        return f"{file.name}, line {file.line(where)}: {section} needs the key {where[-1]}"
    if fault["input"] is None:
        return f"{place} is empty; give it a value, or leave the key out"
    if fault["type"] == "extra_forbidden":
        return f"{place}: there is no such key{_hint(fault['loc'])}"
    if fault["type"] == "value_error":
        return f"{place}{fault['ctx']['error']}"
    expected = _EXPECTED[fault["type"]].format(**fault.get("ctx", {}))
    if fault["type"] == "too_short":
        return f"{place} is empty; {expected} is needed"
    return f"{place} must be {expected}, not {_given(fault)}"


def _given(fault: Mapping[str, Any]) -> str:
    """What stands there instead: the value itself only where the choice is among fixed words, else its type."""
    value = fault["ctx"]["tag"] if fault["type"] == "union_tag_invalid" else fault["input"]
    if fault["type"] in ("literal_error", "union_tag_invalid") and isinstance(value, str):
        return repr(value[:40])
    if fault["type"].startswith(("greater_than", "less_than")) or fault["type"] == "finite_number":
        return f"{value:g}"
    kind = next((words for kinds, words in _GIVEN if isinstance(value, kinds)), "a value with a tag")
    quote = fault["type"] == "string_type" and isinstance(value, (bool, int, float))
    return f"{kind}; put it in quotation marks" if quote else kind


def _hint(loc: KeyPath) -> str:
    known = _KEYS.get(tuple("*" if number == 1 else key for number, key in enumerate(loc[:-1])), ())
    return nearest(str(loc[-1]), known) or f"; there are: {', '.join(known)}"


def _sections(section: type[BaseModel], where: KeyPath = ()) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    """The keys of every section of the document, by place as pydantic names it; "*" is a connection's name."""
    yield where, tuple(section.model_fields)
    for name, field in section.model_fields.items():
        if name == "connections":
            yield from _sections(get_args(field.annotation)[1], (*where, name, "*"))
            continue
        kinds = list(_models(field.annotation))
        for kind in kinds:
            yield from _sections(kind, (*where, name, *_tag(kind)) if _is_choice(field.annotation) else (*where, name))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that may stand where this is asked for."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _models(part)


def _is_choice(annotation: Any) -> bool:
    """Whether sections of several kinds may stand there; with None, there is nothing to choose."""
    return len([part for part in get_args(annotation) if part is not type(None)]) > 1


def _tag(kind: type[BaseModel]) -> tuple[str, ...]:
    """What pydantic calls a section of this kind where there are several."""
    return get_args(kind.model_fields["kind"].annotation) if "kind" in kind.model_fields else ("section",)


_KEYS = dict(_sections(Document))
