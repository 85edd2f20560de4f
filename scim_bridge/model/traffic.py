"""What a run has sent to its target: how many requests, and at what pace in the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Traffic:
    """requests: how many were sent, retries included. throttled: those of them that were answered 429.

    pace: kind of request → requests a second that were found to be permitted, of the kinds that were sent.
    """

    requests: int = 0
    throttled: int = 0
    pace: Mapping[str, float] = field(default_factory=dict)


NO_TRAFFIC = Traffic()


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a pace a run uses. per_second: requests that were let pass, a second, recently.

    pace: a second, for all runs together, by which it reckons. is_limit: an endpoint has said that more are too many.
    is_held_back: it had more to send. is_throttled: it was answered 429 since the note before.
    """

    per_second: float
    pace: float = 0.0
    is_limit: bool = False
    is_held_back: bool = False
    is_throttled: bool = False


Uses = Mapping[str, Use]
"""Kind of request → how much a run sends of it."""
