"""What a spreadsheet destroys in an export is noted."""

from pathlib import Path

import pytest

from scim_bridge.config.source import CsvSettings
from scim_bridge.source.csv_file import CsvSource


def _notices(folder: Path, text: str) -> list[str]:
    (folder / "users.csv").write_text(text, encoding="utf-8")
    source = CsvSource(CsvSettings(users=folder / "users.csv"), "id", "id", still_for=0)
    return [n.detail for n in source.read("2027-03-13").snapshot.warnings if n.kind == "spreadsheet"]


@pytest.mark.parametrize(
    ("source_id", "said"),
    [
        ("1.23457E+11", "makes of a long number"),
        ('"1,23457E+11"', "makes of a long number"),
        ('="0012"', "formula"),
        ('"=""0012"""', "formula"),
        ("#REF!", "error"),
        ("########", "error"),
    ],
)
def test_an_id_that_a_spreadsheet_destroyed_is_noted_once(tmp_path: Path, source_id: str, said: str) -> None:
    (told,) = _notices(tmp_path, f"id,x\n7,1\n{source_id},2\n{source_id},3\n")
    assert told.startswith("users.csv, line 3: id ")
    assert "(and 1 more)" in told
    assert said in told


@pytest.mark.parametrize("source_id", ["0012", "E+11", "1E5", "a.b=1", "7", "#7"])
def test_an_ordinary_id_is_not_noted(tmp_path: Path, source_id: str) -> None:
    assert _notices(tmp_path, f"id,x\n{source_id},1\n") == []


@pytest.mark.parametrize("column", ["End Date", "退職日", "Eintrittsdatum"])
def test_a_date_that_is_a_number_is_noted_with_the_day_it_means(tmp_path: Path, column: str) -> None:
    (told,) = _notices(tmp_path, f"id,{column}\n1,\n2,46094\n3,46095\n")
    assert told.startswith(f"users.csv, column {column}: '46094' is a date as a spreadsheet counts days (2026-03-13)")
    assert _notices(tmp_path, f"id,{column}\n1,46094\n2,2027-03-13\n") == []
    assert _notices(tmp_path, "id,Badge\n1,46094\n") == []
