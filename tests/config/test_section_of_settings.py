"""A field and its default stand once: the section of `bridge.yaml` is made from the settings, and gives them back."""

from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from scim_bridge.config import document, source_document
from scim_bridge.config.section_of_settings import defaults_of, section_of, settings_of
from scim_bridge.config.source import Bind, LdapTls, MemberFile
from scim_bridge.model.limit import Limit, Limits, percent
from scim_bridge.model.policy import Protect


@dataclass(frozen=True)
class _Every:
    must: str
    limit: Limit = percent(7)
    number: int = 3
    time: timedelta = timedelta(minutes=90)
    names: tuple[str, ...] = ("a",)
    file: Path | None = None
    flag: bool = True


@pytest.mark.parametrize("settings", [Limits, Protect, LdapTls])
def test_an_empty_section_means_the_defaults(settings: type) -> None:
    section = {Limits: document.Limits, Protect: document.Protect, LdapTls: source_document.LdapTls}[settings]
    assert settings_of(settings, section()) == settings()


@pytest.mark.parametrize(("settings", "section"), [
    (Limits, document.Limits),
    (Protect, document.Protect),
    (LdapTls, source_document.LdapTls),
    (Bind, source_document.Bind),
])  # fmt: skip
def test_every_field_is_a_key(settings: type, section: type[BaseModel]) -> None:
    assert list(section.model_fields) == [each.name for each in fields(settings)]


def test_each_type_is_written_in_its_form_and_read_back(tmp_path: Path) -> None:
    section = section_of(_Every, "All forms.")
    assert section(must="x").model_dump() == {
        "must": "x", "limit": "7%", "number": 3, "time": "90m", "names": ["a"], "file": "", "flag": True,
    }  # fmt: skip
    assert settings_of(_Every, section(must="x"), tmp_path) == _Every("x")
    given = section(must="y", limit=5, number=0, time="2h", names=[], file="ca.pem", flag=False)
    assert settings_of(_Every, given, tmp_path) == _Every(
        "y", Limit(5, is_percentage=False), 0, timedelta(hours=2), (), tmp_path / "ca.pem", flag=False
    )


def test_defaults_are_those_of_fields_that_have_one() -> None:
    assert defaults_of(MemberFile) == {
        "group": "group_id", "member": "member_id", "type": None, "group_by": "id", "member_by": "id",
    }  # fmt: skip
