"""One line of `check`: what was looked at, whether it is well, and what was found or how to mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A finding. detail: what was found, or the sentence that says what is wrong and the way out."""

    name: str
    ok: bool
    detail: str
