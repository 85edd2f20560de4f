"""docs/security.md is about what the program really stores and offers."""

import re
from pathlib import Path

from sqlmodel import SQLModel

import scim_bridge.state.table  # noqa: F401 - it declares the tables
from scim_bridge.state.plans import _MOST
from scim_bridge.state.sign_in import LINK_LASTS, SESSION_LASTS

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_table_of_the_state_is_in_the_list_of_what_is_stored() -> None:
    listed = PAGE.partition("## What is stored")[2].partition("\n\nBeside")[0]
    names = [
        name
        for line in listed.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]
    assert sorted(names) == sorted(SQLModel.metadata.tables)


def test_the_times_are_those_of_the_program() -> None:
    hours, minutes = SESSION_LASTS.total_seconds() / 3600, LINK_LASTS.total_seconds() / 60
    assert f"| {hours:.0f} hours, {minutes:.0f} minutes |" in PAGE
    assert f"the newest {_MOST} of each connection" in PAGE
    assert "400 days unless you say otherwise" in PAGE
