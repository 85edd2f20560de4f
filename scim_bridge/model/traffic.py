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
