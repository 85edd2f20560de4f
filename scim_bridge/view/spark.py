"""Small charts without axes: what the last runs were like, as bars beside a word. Values in, numbers of an SVG out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scim_bridge.model.glance import RunPoint
from scim_bridge.view import words
from scim_bridge.view.translation import _, _n

HEIGHT = 28
_PITCH = 6
"""Units from one bar to the next."""
_LEAST = 2
"""A bar for little is still seen; nothing at all is a line of one unit."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One run, in the chart's units. says: what a reader hears or hovers."""

    x: int
    y: int
    height: int
    tone: str
    says: str


@dataclass(frozen=True, slots=True)
class Spark:
    """A chart. latest: the newest value in words. says: all of it in one sentence, for those who do not see it."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    latest: str
    says: str


def changes_of(points: Sequence[RunPoint]) -> Spark:
    """How many changes each run made."""
    told = [_n("%(count)s change", "%(count)s changes", point.changes) for point in points]
    chart = _chart(points, [point.changes for point in points], told, _("Changes"))
    return replace(chart, latest=f"{points[-1].changes:,}") if points else chart


def durations_of(points: Sequence[RunPoint]) -> Spark:
    """How long each run took; one that has not ended has no bar."""
    ended = [point for point in points if point.took is not None]
    seconds = [point.took.total_seconds() for point in ended if point.took is not None]
    told = [words.span(point.took) for point in ended if point.took is not None]
    return _chart(ended, seconds, told, _("Duration"))


def _chart(points: Sequence[RunPoint], values: Sequence[float], told: Sequence[str], title: str) -> Spark:
    most = max(values, default=0)
    bars = tuple(
        _bar(place, point, round(value / most * HEIGHT) if most else 0, said)
        for place, (point, value, said) in enumerate(zip(points, values, told, strict=True))
    )
    latest = told[-1] if told else "–"
    runs = _n(
        "%(title)s in the last run: %(latest)s",
        "%(title)s in the last %(count)s runs, newest last: %(latest)s",
        len(points),
        title=title,
        latest=latest,
    )
    return Spark(max(1, len(bars)) * _PITCH, HEIGHT, bars, latest, runs if bars else _("No runs yet"))


def _bar(place: int, point: RunPoint, height: int, said: str) -> Bar:
    tall = max(height, _LEAST) if height else 1
    tone = {"failed": "bad", "stopped_by_guard": "bad", "interrupted": "wait"}.get(point.status, "plain")
    return Bar(place * _PITCH, HEIGHT - tall, tall, tone, f"{_('Run %(id)s', id=str(point.id))}: {said}")
