"""What a run notes of itself is what other runs at its endpoint make room for."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scim_bridge.model.protocol import silent
from scim_bridge.model.traffic import Traffic, Use, Uses
from scim_bridge.run import noted_progress
from scim_bridge.run.noted_progress import noted
from scim_bridge.state.writer import State
from tests.waiting import until

_USE = Use(6.0, 20.0, is_held_back=True)


class _Target:
    """Of one run. seen: how much others use, those that began before and those that began later."""

    def __init__(self, use: Use) -> None:
        self._uses = {"POST Users": use}
        self.traffic = Traffic(7)
        self.seen: list[tuple[list[Uses], list[Uses]]] = []

    def uses(self) -> Uses:
        return self._uses

    def share(self, earlier: Sequence[Uses], later: Sequence[Uses]) -> None:
        self.seen.append((list(earlier), list(later)))


def _bridge(name: str, target: _Target) -> Any:
    return SimpleNamespace(name=name, endpoint="here", target=target)


def test_runs_in_progress_at_one_endpoint_see_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later one before it sends anything, the earlier one within a second."""
    monkeypatch.setattr(noted_progress, "_EVERY", 0.05)
    first, second = _Target(_USE), _Target(_USE)
    with State(tmp_path / "state.db") as state:
        runs = [state.begin_run(name, "here", "sync") for name in ("a", "b")]
        with noted(state, runs[0], _bridge("a", first), silent) as told:
            assert first.seen == [([], [])]
            told("apply", 1, 9)
            until(lambda: bool(state.reader.progress()))
            with noted(state, runs[1], _bridge("b", second), silent) as also:
                assert second.seen[0] == ([{"POST Users": _USE}], [])
                also("apply", 1, 9)
                until(lambda: first.seen[-1] == ([], [{"POST Users": _USE}]))
