"""Settings whose section of `bridge.yaml` is made from them, so that no field and no default stands twice.

A settings class says what its fields mean; the type of a field says how it is written. A new field of model/limit.py,
model/policy.py or config/source.py whose type is in the table is a key of `bridge.yaml`, with its default and in the
published schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, create_model

from scim_bridge.config import form
from scim_bridge.config.secret import Secret
from scim_bridge.config.section import Duration, LimitOrReport, LimitText, Reference, Section, Text
from scim_bridge.model.limit import Limit

Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True)
class _Form:
    """written_as: what the section says the key's type is. write: a default, as a person would write it.

    read: what is written, and the folder that paths are relative to → its meaning.
    """

    written_as: Any
    write: Callable[[Any], object]
    read: Callable[[Any, Path], object]


_FORMS: Mapping[object, _Form] = {
    Limit: _Form(LimitText, form.written_limit, lambda text, _: form.limit(text)),
    Limit | None: _Form(
        LimitOrReport,
        form.written_limit,
        lambda text, _: form.limit_or_report(text),
    ),
    int: _Form(Annotated[int, Field(ge=0)], int, lambda number, _: number),
    timedelta: _Form(Duration, form.written, lambda text, _: form.duration(text)),
    str: _Form(Text, str, lambda text, _: text),
    tuple[str, ...]: _Form(list[Text], list, lambda texts, _: tuple(texts)),
    Path | None: _Form(Text, lambda _: "", lambda name, folder: folder / name if name else None),
    Secret | None: _Form(
        Reference, lambda _: "", lambda text, folder: Secret(text, folder, "password") if text else None
    ),
}
"""Type of a field → its form. Any other type (true or false, one of some words) is written as it is."""


def _form(kind: object) -> _Form:
    return _FORMS.get(kind) or _Form(kind, lambda value: value, lambda value, _: value)


def section_of(settings: type, says: str, base: type[Section] = Section) -> Any:
    """The section in which these settings are written: of the same name, with their fields in their order.

    says: its description in the schema. base: with what the section demands of several keys together.
    """
    keys: dict[str, Any] = {}
    for each in fields(settings):
        form_of = _form(each.type)
        default = ... if each.default is MISSING else form_of.write(each.default)
        keys[each.name] = (form_of.written_as, default)
    return create_model(settings.__name__, __base__=base, __doc__=says, **keys)


def settings_of(settings: type[Settings], section: BaseModel, folder: Path = Path()) -> Settings:
    """What a section made by section_of means. folder: what relative paths are relative to."""
    return settings(
        **{
            each.name: _form(each.type).read(getattr(section, each.name), folder)
            for each in fields(settings)  # type: ignore[arg-type]  # only dataclasses have a section
        }
    )


def defaults_of(settings: type) -> Mapping[str, Any]:
    """Field → default, of settings whose keys are not the same, so that they have a section of their own."""
    return {each.name: each.default for each in fields(settings) if each.default is not MISSING}
