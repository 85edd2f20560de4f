"""How lists are told: a few of them, and how many more there are."""

from collections.abc import Sequence

SHOWN = 5
"""How many of a kind are told one by one."""


def some(told: Sequence[str]) -> str:
    """The first of these, and how many more there are."""
    more = f" and {len(told) - SHOWN:,} more" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more
