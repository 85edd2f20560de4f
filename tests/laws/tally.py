"""Counts what the histories have really done, so that nobody has to guess how many steps were run."""

from collections import Counter

HISTORIES: dict[str, Counter[str]] = {}
"""Name of the driver → histories begun, steps taken, those of them that did something, commands run."""


def count(driver: str, what: str) -> None:
    """One more of these."""
    HISTORIES.setdefault(driver, Counter())[what] += 1


def sentence(driver: str, seed: int | str) -> str:
    """What a driver has done so far."""
    done = HISTORIES.get(driver, Counter())
    return (
        f"{driver}: {done['histories']:,} histories, {done['steps']:,} steps ({done['effective']:,} of them did "
        f"something), {done['commands']:,} commands; --hypothesis-seed={seed}"
    )
