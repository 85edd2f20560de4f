"""Files that are being written are left alone until they are complete."""

import os
import time
from pathlib import Path

import pytest

from scim_bridge.config.source import CsvSettings
from scim_bridge.source import stillness
from scim_bridge.source.csv_file import CsvSource
from scim_bridge.source.stillness import wait_until_still


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each wait, none of which is waited for."""
    seconds: list[float] = []
    monkeypatch.setattr(stillness, "sleep", seconds.append)
    return seconds


def test_a_file_that_is_being_written_is_read_when_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "users.csv"
    path.write_text("id,login\n", encoding="utf-8")
    rows = [f"{number},p{number}\n" for number in range(5)]

    def export(_: float) -> None:
        """One more row whenever the reader waits."""
        if rows:
            with path.open("a", encoding="utf-8") as file:
                file.write(rows.pop())

    monkeypatch.setattr(stillness, "sleep", export)
    source = CsvSource(
        CsvSettings(users=path, groups=None, members=None, encoding="auto", delimiter="auto"), "id", "id", still_for=60
    )
    assert source.read("2027-03-13").snapshot.counts.users == 5


def test_a_file_that_was_written_some_time_ago_is_not_waited_for(tmp_path: Path, waited: list[float]) -> None:
    path = tmp_path / "users.csv"
    path.write_text("id\n", encoding="utf-8")
    os.utime(path, (time.time() - 3600,) * 2)
    wait_until_still([path, tmp_path / "missing.csv"], still_for=25)
    assert waited == []


@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_new_file_and_one_of_the_future_are_watched_for_a_while(
    tmp_path: Path, ahead: float, waited: list[float]
) -> None:
    path = tmp_path / "users.csv"
    path.write_text("id\n", encoding="utf-8")
    os.utime(path, (time.time() + ahead,) * 2)
    wait_until_still([path], still_for=1_000)
    assert waited == [pytest.approx(1_000, abs=500)]
