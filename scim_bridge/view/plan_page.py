"""A kept plan as a page shows it, made from its document: a plan of 100,000 operations is looked at page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim_bridge.model.effect import Shrunk
from scim_bridge.model.plan import KEEPS_ADMINS, Trip
from scim_bridge.view import words
from scim_bridge.view.effect_names import EffectNames
from scim_bridge.view.impact import ImpactView, impact_view
from scim_bridge.view.operation import OperationView, kind_words, of_document
from scim_bridge.view.plan_document import Outline
from scim_bridge.view.words import printable

_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """One page of a plan. by_kind: kind, its words, how many. next: where the next page begins, 0 if there is none."""

    summary: str
    tripped: tuple[TripView, ...]
    access: ImpactView | None
    by_kind: tuple[tuple[str, str, int], ...]
    operations: tuple[OperationView, ...]
    next: int
    conflicts: tuple[Mapping[str, Any], ...]
    skipped: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    closes_last_door: bool


def plan_page(outline: Outline, found: Sequence[tuple[int, Mapping[str, Any]]], limit: int) -> PlanPage:
    """What is to be seen of a kept plan. found: up to limit + 1 of its operations, each with the number of its line."""
    document, names = outline.head, outline.names
    skipped, warnings = document["skipped"][:_SHOWN], document["warnings"][:_SHOWN]
    return PlanPage(
        summary=words.summary(document["summary"]),
        tripped=tuple(_trip(trip, names) for trip in outline.tripped if names is not None),
        access=impact_view(document.get("access", {}), datetime.fromisoformat(document["created"]), _SHOWN),
        by_kind=tuple((kind, kind_words(kind), count) for kind, count in outline.counts.items()),
        operations=tuple(of_document(operation) for _, operation in found[:limit]),
        next=found[limit - 1][0] if len(found) > limit else 0,
        conflicts=tuple(document["conflicts"][:_SHOWN]),
        skipped=tuple((printable(each["subject"]), printable(each["reason"])) for each in skipped),
        warnings=tuple((printable(each["kind"]), printable(each["detail"])) for each in warnings),
        closes_last_door=any(KEEPS_ADMINS in trip.sentence for trip in outline.tripped),
    )


def _trip(trip: Trip, names: EffectNames) -> TripView:
    # That a source shows less is about no one in particular; the sentence says all of it.
    about_someone = (effect for effect in trip.effects if not isinstance(effect, Shrunk))
    concerned = sorted(printable(names.say(effect)) for effect in about_someone)
    return TripView(
        sentence=printable(trip.sentence),
        counted=trip.counted,
        base=trip.base,
        allowed=trip.allowed,
        concerned=tuple(concerned[:_SHOWN]),
        more=max(0, len(concerned) - _SHOWN),
    )
