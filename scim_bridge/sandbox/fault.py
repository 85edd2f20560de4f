"""What goes wrong at the emulated endpoint: refusals and cut connections, on demand or at random."""

from dataclasses import dataclass, field
from typing import Any, Literal

from scim_bridge.sandbox.knobs import Unfit, check

FaultKind = Literal[
    "throttle", "throttle_after", "error", "error_after", "refuse_after", "html", "garbage", "truncated", "slow",
    "hang_before", "hang_after", "cut_before", "cut_after", "invisible", "unauthorized", "forbidden", "hold_before",
    "hold_after",
]  # fmt: skip
"""What goes wrong. `…_before` (and throttle, error, html): nothing is applied. All others: the change is applied.

throttle, throttle_after: 429. error, error_after: `status`, a 5xx. refuse_after: a 400 though it was applied; what is
refused anyway is answered as usual.
html: a proxy's page with `status`, be it 502 or 200. garbage: a success whose body is not JSON. truncated: half the
body, then the connection is cut. slow: the answer comes after `seconds` (none = 1). hang_before, hang_after: no byte
comes, until `seconds` are over (none = forever), the client goes away or the emulator ends. cut_before, cut_after: the
connection is closed without an answer. invisible: what was created is unknown (404) to any PATCH for 100 to 500 ms.
unauthorized, forbidden: 401 and 403, for a token that has expired or may not do this. hold_before, hold_after: the
request, or its answer, waits for the call `go-on`; whatever else fits it strikes then.
"""
_WITHOUT_EFFECT = frozenset({"throttle", "error", "html", "hang_before", "cut_before", "unauthorized", "forbidden"})
_INSTEAD = frozenset({"throttle_after", "error_after", "refuse_after"})
_HOLDING = frozenset({"hold_before", "hold_after"})
_SILENT = frozenset({"hang_before", "hang_after", "cut_before", "cut_after"})


@dataclass(slots=True, kw_only=True)
class Fault:
    """One switch. It fits requests by method ("" = any) and by the beginning of the path below the base.

    chance: of each fitting request, 0 to 1. left: how many more times it strikes, None = forever. skip: how many
    fitting requests pass first.
    """

    kind: FaultKind = field(kw_only=False)
    method: str = field(default="", kw_only=False)
    path: str = field(default="", kw_only=False)
    chance: float = 1.0
    left: int | None = None
    retry_after: int | None = None
    status: int = 503
    seconds: float | None = None
    skip: int = 0

    def fits(self, method: str, path: str, *, is_holding: bool = False) -> bool:
        """Whether it is about this request, and holds it back or does not, as asked."""
        return self.is_holding == is_holding and self.method in ("", method) and path.startswith(self.path)

    @property
    def is_applied(self) -> bool:
        """Whether the request has its effect all the same."""
        return self.kind not in _WITHOUT_EFFECT

    @property
    def is_instead(self) -> bool:
        """Whether it has an answer of its own, whatever came of the request."""
        return self.kind in _INSTEAD

    @property
    def is_holding(self) -> bool:
        """Whether the request waits for the call `go-on`."""
        return self.kind in _HOLDING

    @property
    def is_silent(self) -> bool:
        """Whether not a byte of an answer is sent."""
        return self.kind in _SILENT


def read_faults(given: Any) -> list[Fault]:
    """Faults from JSON. Raises Unfit with a sentence for what does not fit."""
    if not isinstance(given, list):
        raise Unfit("faults are a list")
    for one in given:
        check("fault setting", Fault, one)
        if "kind" not in one:
            raise Unfit("a fault has a kind")
    return [Fault(**one) for one in given]
