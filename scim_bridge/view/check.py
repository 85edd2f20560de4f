"""One line of `check`: what was looked at, whether it is well, and what was found or how to fix it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A finding. detail: what was found, or the sentence that says what is wrong and the way out.

    problems: all that is wrong, where it is several things in one file.
    """

    name: str
    ok: bool
    detail: str
    problems: tuple[str, ...] = ()
