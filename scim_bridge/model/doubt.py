"""A write of which no one knows yet whether it landed, and what a look at the target has shown of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scim_bridge.model.identity import Value
from scim_bridge.model.operation import Operation


@dataclass(frozen=True, slots=True)
class Doubt:
    """A write of an earlier run in doubt. target_id: of its resource, "" if it is not to be found. sent_at: UTC."""

    run_id: int
    operation: Operation
    target_id: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What a look at a write in doubt has shown. landed: path → value that is so now. members: user → whether in.

    has_landed: all of it did. members are target ids.
    """

    doubt: Doubt
    has_landed: bool
    landed: Mapping[str, Value | None]
    members: Mapping[str, bool]
