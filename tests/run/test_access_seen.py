"""Asking AWS again about a few: whatever it answers, a plan goes on by the older reading."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import pytest

from scim_bridge.access.refusal import NotReadable
from scim_bridge.model.access import AccessReading, Renewed
from scim_bridge.model.assignment import Principal
from scim_bridge.model.protocol import Progress
from scim_bridge.run.access_seen import ask_again


class _Refusing:
    """Raises what it was made with."""

    prices: Mapping[str, float] = {}

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, now: datetime, progress: Progress, *, most: int | None = None) -> AccessReading:
        raise self._error

    def renew(self, who: Sequence[Principal], known: Collection[str]) -> Renewed:
        raise self._error


@pytest.mark.parametrize("error", [NotReadable("denied"), KeyError("MemberId")])
def test_a_refusal_and_an_answer_that_no_one_has_foreseen_are_no_error(error: Exception) -> None:
    assert ask_again(_Refusing(error), [], set()) is None
