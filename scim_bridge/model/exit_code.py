"""The exit codes of the commands, and which of several goes first (docs/design.md §5.1).

Codes 1 and 2 belong to errors, which bring their own (errors.py).
"""

from typing import Final

DONE: Final = 0
OPERATIONS_TO_DO: Final = 3
STOPPED_BY_GUARD: Final = 4
SOMETHING_WAITS: Final = 5
"""An operation failed, or a conflict waits for a decision."""


def of_run(*, is_stopped: bool, is_all_settled: bool) -> int:
    """What a command ends with that carries a plan out. is_stopped: by the guard. is_all_settled: no one has to act."""
    if is_stopped:
        return STOPPED_BY_GUARD
    return DONE if is_all_settled else SOMETHING_WAITS


def of_plan(*, is_stopped: bool, has_conflicts: bool, has_operations: bool) -> int:
    """What `plan --exit-code` ends with."""
    if has_operations and not is_stopped and not has_conflicts:
        return OPERATIONS_TO_DO
    return of_run(is_stopped=is_stopped, is_all_settled=not has_conflicts)
