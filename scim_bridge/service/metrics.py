"""`/metrics`, for Prometheus: what is watched of all connections (docs/operations.md, Watching), read when asked for.

The state is looked at once for each scrape, at a cost that grows with the connections alone (state/watched.py). No name
of a person is ever a label: labels are connections, kinds and outcomes. So a scraper on this machine needs no sign-in
while the service is reached on loopback alone (docs/decisions/0025); beyond it, a viewer's token.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from typing import Any

from fastapi import APIRouter, Depends, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from scim_bridge import __version__
from scim_bridge.model.watched import BUCKETS, RunTotal, Watched
from scim_bridge.service.auth.principal import viewer_beyond_loopback
from scim_bridge.service.pages.frame import Framed
from scim_bridge.service.shown import Shown
from scim_bridge.state.lock import is_held

router = APIRouter()
Labels = tuple[str, ...]
_ONE = ("connection",)


@router.api_route("/metrics", methods=["GET", "HEAD"], dependencies=[Depends(viewer_beyond_loopback)])
def metrics(frame: Framed) -> Response:
    """All of it in the text format of Prometheus."""
    with frame.look() as reader:
        watched = reader.watched()
    # One whose process is gone is not running, though no run has come since to put it on record.
    running = {name: since for name, since in watched.running.items() if is_held(frame.shown.state, name)}
    watched = replace(watched, running=running)
    registry = CollectorRegistry()
    registry.register(_Collected(watched, frame.shown))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Collected(Collector):
    """What one look has found, as metrics."""

    def __init__(self, watched: Watched, shown: Shown) -> None:
        self._watched, self._shown = watched, shown

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("scim_bridge", "The version that is running.", value={"version": __version__})
        yield from _ages(self._watched)
        yield from _runs(self._watched.runs)
        yield from _operations(self._watched)
        yield from _traffic(self._watched)
        yield from _standing(self._watched)
        yield from _configured(self._shown)


def _gauge(name: str, says: str, values: Mapping[Any, float | datetime], labels: Labels = _ONE) -> Metric:
    family = GaugeMetricFamily(f"scim_bridge_{name}", says, labels=labels)
    for label, value in sorted(values.items()):
        family.add_metric(label, value.timestamp() if isinstance(value, datetime) else value)
    return family


def _counter(name: str, says: str, values: Mapping[Any, float], labels: Labels = _ONE) -> Metric:
    family = CounterMetricFamily(f"scim_bridge_{name}", says, labels=labels)
    for label, value in sorted(values.items()):
        family.add_metric(label, value)
    return family


def _of(connections: Mapping[str, Any]) -> dict[Labels, Any]:
    return {(name,): value for name, value in connections.items()}


def _ages(watched: Watched) -> Iterator[Metric]:
    source: dict[str, datetime] = {}
    good: dict[str, datetime] = {}
    for total in watched.runs:
        if total.has_read_source:
            source[total.connection] = max(source.get(total.connection, total.last_started), total.last_started)
        if total.is_good and total.last_ended is not None:
            good[total.connection] = max(good.get(total.connection, total.last_ended), total.last_ended)
    yield _gauge(
        "source_read_timestamp_seconds",
        "When a run last read the source and came to a plan about everyone.",
        _of(source),
    )
    yield _gauge(
        "target_read_timestamp_seconds",
        "When the whole target was last read, not only what a run had to look at.",
        _of(watched.target_read),
    )
    yield _gauge("good_run_timestamp_seconds", "When the last sync that ended well ended.", _of(good))
    yield _gauge("run_in_progress_timestamp_seconds", "Since when a run is in progress.", _of(watched.running))


def _runs(totals: Iterable[RunTotal]) -> Iterator[Metric]:
    runs: dict[Labels, float] = {}
    taken: dict[Labels, tuple[list[int], float]] = {}
    for total in totals:
        key: Labels = (total.connection, total.kind)
        runs[*key, total.outcome] = total.runs
        counts, seconds = taken.get(key, ([0] * (len(BUCKETS) + 1), 0.0))
        taken[key] = [a + b for a, b in zip(counts, total.buckets, strict=True)], seconds + total.seconds
    yield _counter(
        "runs",
        "Runs that ended, by kind and outcome: done, shadow, stopped_by_guard, failed, interrupted.",
        runs,
        (*_ONE, "kind", "outcome"),
    )
    family = HistogramMetricFamily("scim_bridge_run_duration_seconds", "How long runs took.", labels=(*_ONE, "kind"))
    bounds = [*(f"{most:g}" for most in BUCKETS), "+Inf"]
    for key, (counts, seconds) in sorted(taken.items()):
        family.add_metric(key, [*zip(bounds, map(float, accumulate(counts)), strict=True)], seconds)
    yield family


def _operations(watched: Watched) -> Iterator[Metric]:
    yield _counter(
        "operations",
        "Operations of ended runs; outcome done, held, failed, not_sent, superseded or unknown.",
        watched.operations,
        (*_ONE, "kind", "outcome"),
    )


def _traffic(watched: Watched) -> Iterator[Metric]:
    requests: dict[Labels, float] = {}
    throttled: dict[Labels, float] = {}
    for total in watched.runs:
        key: Labels = (total.connection,)
        requests[key] = requests.get(key, 0) + total.requests
        throttled[key] = throttled.get(key, 0) + total.throttled
    yield _counter("requests", "Requests that ended runs sent to the target, retries included.", requests)
    yield _counter("requests_throttled", "Those of them that were answered 429.", throttled)
    paces = {(name, kind): pace for name, found in watched.paces.items() for kind, pace in found.items()}
    yield _gauge(
        "pace_requests_per_second",
        "The pace that the newest run found for each kind of request that it sent.",
        paces,
        (*_ONE, "request"),
    )


def _standing(watched: Watched) -> Iterator[Metric]:
    held = {
        (name, what, side): float(count)
        for name, counts in watched.counts.items()
        for what, pair in counts.items()
        for side, count in zip(("source", "target"), pair, strict=True)
    }
    yield _gauge(
        "resources",
        "Users, groups and memberships that the source shows, and that the target held after the newest run.",
        held,
        (*_ONE, "what", "side"),
    )
    yield _gauge("conflicts_open", "Conflicts that wait for a decision.", watched.conflicts, (*_ONE, "kind"))
    quarantined = {(name, why.cause): 1.0 for name, why in watched.quarantined.items()}
    yield _gauge(
        "quarantined",
        "1 while the schedule has stopped itself; cause guard, credentials or failures.",
        quarantined,
        (*_ONE, "cause"),
    )
    yield _gauge(
        "approval_waiting", "1 while a stopped plan waits for approval.", _of(dict.fromkeys(watched.tripped, 1.0))
    )
    yield _gauge("paused", "1 while a person has paused the schedule.", _of(dict.fromkeys(watched.paused, 1.0)))
    waiting = {name: float(count) for name, (count, _) in watched.waiting.items()}
    yield _gauge("orders_waiting", "Orders of people that no run has taken yet.", _of(waiting))
    oldest = {name: since for name, (_, since) in watched.waiting.items()}
    yield _gauge("oldest_order_timestamp_seconds", "When the oldest order that waits was placed.", _of(oldest))


def _configured(shown: Shown) -> Iterator[Metric]:
    every = {name: rhythm.total_seconds() for name, rhythm in shown.connections.items() if rhythm is not None}
    yield _gauge("run_interval_seconds", "How often the schedule runs the connection, at the least.", _of(every))
    targets = {name: each.target for name, each in shown.settings.items()}
    ceilings = {name: t.requests_per_second for name, t in targets.items() if t.requests_per_second is not None}
    yield _gauge(
        "ceiling_requests_per_second", "The ceiling of the configuration; absent where it is `auto`.", _of(ceilings)
    )
    # Good until the end of its last day.
    ends = {
        name: datetime.combine(target.token_expires, time(), UTC) + timedelta(days=1)
        for name, target in targets.items()
        if target.token_expires is not None
    }
    yield _gauge(
        "token_expiry_timestamp_seconds", "When the token of the target expires (target.token_expires).", _of(ends)
    )
