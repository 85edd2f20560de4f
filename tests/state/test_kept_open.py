"""A state that one process keeps open for all who look at it."""

from pathlib import Path

import pytest

from scim_bridge.model.actor import Actor
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.writer import State

pytestmark = pytest.mark.state_file
_SLOW = 20
"""More than a pool of connections usually gives at once."""


def test_however_many_slow_downloads_there_are_no_one_else_waits_for_them(tmp_path: Path) -> None:
    kept = KeptOpen(tmp_path / "state.db")
    kept.state().pause("corp", Actor("ann"), "moved")
    downloads = [kept.reader().audit() for _ in range(_SLOW)]
    for each in downloads:
        next(each)  # and is not read any further
    kept.reader().check()
    kept.state().resume("corp", Actor("ann"))
    for each in downloads:
        each.close()  # type: ignore[attr-defined]  # a generator
    kept.close()


def test_looking_makes_no_state_and_finds_the_one_that_comes_and_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    kept = KeptOpen(path)
    assert not kept.reader().is_there
    assert not path.exists()
    for reason in ("first", "second"):
        with State(path) as state:
            state.pause("corp", Actor("ann"), reason)
        found = kept.reader().pause("corp")
        assert found is not None
        assert found.reason == reason
        path.rename(tmp_path / reason)
    assert kept.reader().pause("corp") is None
    kept.close()
