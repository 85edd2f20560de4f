"""Counts what the histories have really done, so that no one has to guess how many steps were run."""

from collections import Counter

HISTORIES: dict[str, Counter[str]] = {}
"""Name of the driver → histories begun, steps taken, those that did something, commands run, and what happened."""
_TOTALS = ("histories", "steps", "effective", "commands")


def count(driver: str, what: str) -> None:
    """One more of these."""
    HISTORIES.setdefault(driver, Counter())[what] += 1


def sentence(driver: str, seed: int | str) -> str:
    """What a driver has done so far."""
    done = HISTORIES.get(driver, Counter())
    happened = "; ".join(f"{what} ×{times}" for what, times in sorted(done.items()) if what not in _TOTALS)
    return (
        f"{driver}: {done['histories']:,} histories, {done['steps']:,} steps ({done['effective']:,} of them did "
        f"something), {done['commands']:,} commands; --hypothesis-seed={seed}\n  {happened}"
    )
