"""Dated exports: the newest complete one is read; and what is in files, whatever their age."""

import os
from pathlib import Path

import pytest

from scim_bridge.config.source import CsvSettings
from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.csv_file import CsvSource
from scim_bridge.source.newest_export import fingerprint, newest

TODAY = "2027-03-13"


def _export(folder: Path, *files: str) -> None:
    folder.mkdir(parents=True)
    for name in files:
        (folder / name).write_text(f"id,name\n{folder.name},{name}\n")


def _settings(folder: Path, users: str = "{date}/users.csv", groups: str = "{date}/groups.csv") -> CsvSettings:
    return CsvSettings(users=folder / users, groups=folder / groups, members=None, encoding="auto", delimiter="auto")


def test_the_newest_export_that_has_all_its_files_is_read(tmp_path: Path) -> None:
    _export(tmp_path / "2027-03-11", "users.csv", "groups.csv")
    _export(tmp_path / "2027-03-12", "users.csv", "groups.csv")
    _export(tmp_path / "2027-03-13", "users.csv")
    _export(tmp_path / "latest-tmp", "users.csv", "groups.csv")
    read = CsvSource(_settings(tmp_path), "id", "id").read(TODAY).snapshot
    assert [record.id for record in read.users] == ["2027-03-12"]
    assert [record.id for record in read.groups] == ["2027-03-12"]


def test_files_may_bear_the_date_in_their_names(tmp_path: Path) -> None:
    for name in ("users-20270312.csv", "users-20270313.csv", "groups.csv", "users-.csv", "users-old.csv"):
        (tmp_path / name).write_text("id\n")
    found = newest(_settings(tmp_path, "users-{date}.csv", "groups.csv"))
    assert (found.users.name, found.groups) == ("users-20270313.csv", tmp_path / "groups.csv")


@pytest.mark.parametrize("present", [(), ("users.csv",)])
def test_without_a_complete_export_the_source_is_unreadable(tmp_path: Path, present: tuple[str, ...]) -> None:
    _export(tmp_path / "2027-03-13", *present)
    with pytest.raises(SourceUnreadable, match="there is no complete export: no date has all of"):
        CsvSource(_settings(tmp_path), "id", "id").read(TODAY)
    assert fingerprint(_settings(tmp_path)) == ""


def test_what_counts_is_what_files_hold_not_when_they_were_written(tmp_path: Path) -> None:
    _export(tmp_path / "1", "users.csv", "groups.csv")
    settings = _settings(tmp_path, "1/users.csv", "1/groups.csv")
    before = fingerprint(settings)
    os.utime(tmp_path / "1/users.csv", (1, 1))
    assert fingerprint(settings) == before
    (tmp_path / "1/groups.csv").write_text("id,name\n2,b\n")
    assert fingerprint(settings) not in ("", before)
