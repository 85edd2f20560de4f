"""A kept plan as a page shows it, made from its document: a plan of 100,000 operations is looked at page by page."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim_bridge.model.operation_filter import OperationFilter
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.plan import KEEPS_ADMINS, Trip
from scim_bridge.view import words
from scim_bridge.view.effect_names import EffectNames
from scim_bridge.view.impact import ImpactView, impact_view
from scim_bridge.view.operation import OperationView, of_document
from scim_bridge.view.words import printable

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class TripView:
    """A limit that tripped. concerned: what it counted, by name, the first of them; more: how many there are beside."""

    sentence: str
    counted: int
    base: int
    allowed: str
    concerned: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPage:
    """One page of a plan. by_kind: how many operations there are of each kind, in words; found: how many fit."""

    summary: str
    tripped: tuple[TripView, ...]
    access: ImpactView | None
    by_kind: tuple[tuple[str, str, int], ...]
    found: int
    operations: tuple[OperationView, ...]
    conflicts: tuple[Mapping[str, Any], ...]
    skipped: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    closes_last_door: bool


def plan_page(document: Mapping[str, Any], wanted: OperationFilter, offset: int, limit: int) -> PlanPage:
    """What is to be seen of a plan document: of its operations, those that fit, from `offset` on."""
    operations: Sequence[Mapping[str, Any]] = document["operations"]
    found = [each for each in operations if _fits(each, wanted)]
    counts = Counter(str(each["kind"]) for each in operations)
    tripped = [Trip.of(trip) for trip in document["guard"]["tripped"]]
    names = EffectNames.of_document(document) if tripped else None
    skipped, warnings = document["skipped"][:_SHOWN], document["warnings"][:_SHOWN]
    return PlanPage(
        summary=words.summary(document["summary"]),
        tripped=tuple(_trip(trip, names) for trip in tripped if names is not None),
        access=impact_view(document.get("access", {}), datetime.fromisoformat(document["created"]), _SHOWN),
        by_kind=tuple((kind, row.words, counts[kind]) for kind, row in OPERATION_KINDS.items() if counts[kind]),
        found=len(found),
        operations=tuple(map(of_document, found[offset : offset + limit])),
        conflicts=tuple(document["conflicts"][:_SHOWN]),
        skipped=tuple((printable(each["subject"]), printable(each["reason"])) for each in skipped),
        warnings=tuple((printable(each["kind"]), printable(each["detail"])) for each in warnings),
        closes_last_door=any(KEEPS_ADMINS in trip.sentence for trip in tripped),
    )


def fitting(document: Mapping[str, Any], wanted: OperationFilter) -> Iterator[Mapping[str, Any]]:
    """The operations of a plan document that fit."""
    return (each for each in document["operations"] if _fits(each, wanted))


def _fits(operation: Mapping[str, Any], wanted: OperationFilter) -> bool:
    if wanted.kind and operation["kind"] != wanted.kind:
        return False
    if not wanted.text:
        return True
    text = wanted.text.casefold()
    if text in operation["subject"].casefold() or wanted.text in (operation["target_id"], operation["source_id"]):
        return True
    return any(text in member["name"].casefold() for member in operation.get("members", ()))


def _trip(trip: Trip, names: EffectNames) -> TripView:
    concerned = sorted(printable(names.say(effect)) for effect in trip.effects)
    return TripView(
        sentence=printable(trip.sentence),
        counted=trip.counted,
        base=trip.base,
        allowed=trip.allowed,
        concerned=tuple(concerned[:_SHOWN]),
        more=max(0, len(concerned) - _SHOWN),
    )
