"""What the target refused is not asked again in every run: what is left unsent now because of that.

It is sent again when its time has come (model/backoff.py), and at once when the record, the mapping or a
decision has changed. Revocations are never kept back: a refused deactivation, deletion or removal from a group is sent
in every run.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from scim_bridge.model.identity import Desired
from scim_bridge.model.plan import Refusal
from scim_bridge.model.remembered import Remembered, Resolution


def digest(*records: Desired) -> str:
    """A hash of what these records ask for: another one as soon as a record says something else."""
    text = repr([(record.kind, record.source_id, sorted(record.attributes.items())) for record in records])
    return hashlib.sha256(text.encode()).hexdigest()


def with_due(known: Remembered, mapping: str, now: datetime, *, is_asked: bool = False) -> Remembered:
    """The same, with what is due among the refusals marked. mapping: a hash of today's; now: UTC.

    is_asked: a person named these records (`--only`), so that only what a person ignored is not sent again.
    """
    if not known.refusals:
        return known
    due = {
        key: replace(refusal, is_due=_is_due(refusal, known.resolutions, mapping, now, is_asked=is_asked))
        for key, refusal in known.refusals.items()
    }
    return replace(known, refusals=due)


def _is_due(
    refusal: Refusal, resolutions: Mapping[str, Resolution], mapping: str, now: datetime, *, is_asked: bool
) -> bool:
    # A changed mapping may send something else even where this record's digest does not show it.
    if refusal.mapping != mapping:
        return True
    resolution = resolutions.get(refusal.conflict.key)
    if resolution is not None and resolution.decision in ("ignore", "source"):
        return resolution.decision == "source"
    # By time, for what was refused may pass by itself: a quota, a user on the other side who was renamed.
    return is_asked or now >= refusal.due


def waiting(refusal: Refusal | None, target_id: str, *records: Desired) -> Refusal | None:
    """The refusal, if it is of exactly what these records ask for now, and not due. target_id: "" if none exists."""
    if refusal is None or refusal.is_due or refusal.target_id != target_id or refusal.digest != digest(*records):
        return None
    return refusal
