"""bench.growth runs from end to end; what it measures is for people to judge, on a machine that they know."""

import re
import subprocess
import sys

import pytest

from tests.ldap_server import require_slapd

_SCENES = ("first", "idle", "title", "leaver", "member", "nested", "hundred", "explain", "only", "whole")


def _lines(*arguments: str) -> list[str]:
    command = (sys.executable, "-m", "bench.growth", "--runs", "1", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _figures(lines: list[str]) -> dict[str, list[str]]:
    """The lines of the scenes, by name."""
    return {words[0]: words[1:] for line in lines if (words := line.split()) and words[0] in _SCENES}


@pytest.mark.slow
@pytest.mark.parametrize("source", ["csv", "ldap", "entra", "google"])
def test_everything_that_may_happen_is_measured(source: str) -> None:
    if source == "ldap":
        require_slapd()
    figures = _figures(_lines("--users", "100", "--sources", source))
    assert list(figures) == list(_SCENES)
    statements, requests = (
        {name: int(words[at].replace(",", "")) for name, words in figures.items()} for at in (-3, -2)
    )
    assert min(statements.values()) > 5
    assert requests["idle"] < requests["title"] < requests["leaver"]


@pytest.mark.slow
def test_sizes_are_compared() -> None:
    last = _lines("--users", "60", "100", "--sources", "csv", "--scenes", "idle")[-1]
    assert re.fullmatch(r"csv, 100 users ÷ 60: idle [0-9.]+ ×", last)


@pytest.mark.slow
def test_a_lost_state_on_a_target_that_holds_everyone_costs_no_second_copy_of_the_directory() -> None:
    """20,000 users and 200,000 memberships: 270 MiB at this time, 580 MiB while each page that was read stayed."""
    figures = _figures(_lines("--users", "20000", "--sources", "csv", "--scenes", "whole"))
    memory = {name: int(words[words.index("MiB") - 1]) for name, words in figures.items()}
    assert max(memory.values()) < 400
