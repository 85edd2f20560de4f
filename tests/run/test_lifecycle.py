"""What a command ends with, whatever kind of run it asked for."""

from typing import Any, cast

import pytest

from scim_bridge.apply.engine import Applied
from scim_bridge.model.plan import Bookkeeping, Conflict
from scim_bridge.run.conclude import Conclusion
from scim_bridge.run.lifecycle import Result

CONFLICT = Conflict(key="c-1", kind="duplicate_user_name", subjects=("sato",), detail="", remedy="")


@pytest.mark.parametrize(("applied", "conflicts", "failed", "code"), [
    (None, (CONFLICT,), 0, 4),
    (Applied(), (), 0, 0),
    (Applied(), (CONFLICT,), 0, 5),
    (Applied(), (), 1, 5),
])  # fmt: skip
def test_the_exit_code_says_stopped_before_unfinished_before_done(
    applied: Applied | None, conflicts: tuple[Conflict, ...], failed: int, code: int
) -> None:
    conclusion = Conclusion(conflicts=conflicts, books=Bookkeeping(), counts={}, failed=failed)
    nothing = cast("Any", None)
    assert Result(run_id=1, reading=nothing, plan=nothing, applied=applied, conclusion=conclusion).exit_code == code
