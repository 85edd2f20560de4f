"""A connection in shadow as people see it: the size of its plans day by day, what differs all the time, and whether it
is ready to write.

Ready means: if `shadow: false` is set now, the first run does nothing that would surprise anyone. A difference that is
younger than a day is no reason against it, since the old program may not have come to it yet.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, groupby
from typing import Any

from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.run import RunRecord
from scim_bridge.model.shadow import Lasting, ShadowHistory
from scim_bridge.model.wording import counted
from scim_bridge.view import words
from scim_bridge.view.operation import changes_view

PERIOD = 7
"""Days that are looked at where no one says how many."""
_YOUNG = timedelta(days=1)
"""How long the old program may take to carry out what the source shows."""
_STALE = timedelta(days=2)
"""A run in shadow takes place once a day at least (model/verification.py), and one of them may fail."""
_MAY_LACK = 7
"""Of so many days one may be without a run: with one run a day, midnight may come between two of them twice."""
_ADOPTED = ("adopt_user", "adopt_group")


@dataclass(frozen=True, slots=True)
class ShadowDay:
    """The plans of one day (UTC): how many runs there were, and how many differences their plans had."""

    day: str
    runs: int
    fewest: int
    most: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingView:
    """A difference of the newest plan. since: when a plan had it first, of all that had it without interruption."""

    kind: str
    sign: str
    words: str
    subject: str
    effect: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowView:
    """A connection in shadow. period: days. began: None if there has not been a run in shadow since one that wrote.

    standing: differences in every plan of the period; lasting: others that are older than a day; young: younger ones.
    adoptions: what the first run that writes would adopt. because: why it is not ready, each a clause; () if it is.
    """

    connection: str
    period: int
    began: datetime | None
    runs: int
    days: tuple[ShadowDay, ...]
    standing: tuple[Lasting, ...]
    lasting: tuple[Lasting, ...]
    young: tuple[Lasting, ...]
    adoptions: int
    because: tuple[str, ...]
    now: datetime

    @property
    def size(self) -> int:
        """How many differences the newest plan has."""
        return len(self.standing) + len(self.lasting) + len(self.young)

    @property
    def parts(self) -> tuple[tuple[str, tuple[Lasting, ...]], ...]:
        """What the newest plan has, the most telling first, each with its title."""
        return (
            (f"Different in {_every_run(self.began, self.period, self.now)}", self.standing),
            ("Different for more than a day", self.lasting),
            ("Different for less than a day", self.young),
        )

    @property
    def ready(self) -> str:
        """The verdict in one line."""
        return f"ready: no, because {'; '.join(self.because)}" if self.because else "ready: yes"

    @property
    def trend(self) -> str:
        """The last plan of each day, the oldest first: "340 → 12 → 0"."""
        return " → ".join(f"{day.last:,}" for day in self.days)

    @property
    def sentence(self) -> str:
        """All of it in one sentence for an overview."""
        return f"Nothing is written. Differences in the last plan of each day: {self.trend}. {_capital(self.ready)}."


def period_of(days: int, now: datetime) -> datetime:
    """When a period of so many days that ends now has begun."""
    return now - timedelta(days=days)


def view_shadow(connection: str, history: ShadowHistory, days: int, now: datetime) -> ShadowView:
    """What is to be seen of a connection in shadow. history: of the last `days` days."""
    in_shadow = [run for run in history.runs if run.status == "shadow"]
    first = in_shadow[0].id if in_shadow else 0
    open_now = [each for each in history.lasting if each.until is None]
    old = [each for each in open_now if now - each.since >= _YOUNG]
    standing = [each for each in old if each.first <= first]
    summary = in_shadow[-1].result.summary if in_shadow else {}
    because = (
        *_against(history, in_shadow, days, now),
        *_differing(len(standing), len(old) - len(standing), _every_run(history.began, days, now)),
    )
    return ShadowView(
        connection=connection,
        period=days,
        began=history.began,
        runs=history.count,
        days=tuple(_days(in_shadow, history.lasting)),
        standing=_sorted(standing),
        lasting=_sorted(each for each in old if each.first > first),
        young=_sorted(each for each in open_now if now - each.since < _YOUNG),
        adoptions=sum(summary.get(key, 0) for key in _ADOPTED),
        because=because,
        now=now,
    )


def _days(runs: Sequence[RunRecord], lasting: Iterable[Lasting]) -> Iterator[ShadowDay]:
    sizes = dict(zip((run.id for run in runs), _sizes(runs, lasting), strict=True))
    for day, of_day in groupby(runs, key=lambda run: f"{run.started.astimezone(UTC):%Y-%m-%d}"):
        shown = [sizes[run.id] for run in of_day]
        yield ShadowDay(day, len(shown), min(shown), max(shown), shown[-1])


def _sizes(runs: Sequence[RunRecord], lasting: Iterable[Lasting]) -> Iterator[int]:
    """How many differences the plan of each run had: those that had begun, less those that had ended."""
    numbers = [run.id for run in runs]
    steps = [0] * (len(numbers) + 1)
    for each in lasting:
        steps[bisect_left(numbers, each.first)] += 1
        if each.until is not None:
            steps[bisect_left(numbers, each.until)] -= 1
    return accumulate(steps[:-1])


def _against(history: ShadowHistory, in_shadow: Sequence[RunRecord], days: int, now: datetime) -> Iterator[str]:
    """Why it is not ready, whatever differs: too little is known, or the first run that writes would stop or hold."""
    latest = history.latest
    if history.began is None:
        yield "no run in shadow has ended yet"
        return
    if latest is not None and latest.status not in ("shadow", "running"):
        yield f"run {latest.id} is the last one, and it {_ended(latest)}"
    if now - history.began < timedelta(days=days):
        yield f"it has been in shadow for {(now - history.began).days} of {counted(days, 'day')}"
    elif not in_shadow or now - in_shadow[-1].started > _STALE:
        yield "no run in shadow has ended in the last two days"
    else:
        seen = {run.started.astimezone(UTC).date() for run in in_shadow}
        # The first day of the period is only a part of a day, and so is today.
        lacking = days - 1 - len(seen - {now.date(), period_of(days, now).date()})
        if lacking > days // _MAY_LACK:
            yield f"no run ended on {lacking} of the last {counted(days, 'day')}"
    if in_shadow and in_shadow[-1].result.guard:
        yield f"the plan exceeds a limit: {' '.join(in_shadow[-1].result.guard).rstrip('.')}"
    if history.undecided:
        verb = "waits" if history.undecided == 1 else "wait"
        yield f"{counted(history.undecided, 'conflict')} {verb} for a decision"


def _ended(run: RunRecord) -> str:
    how = {"failed": "failed", "interrupted": "was interrupted", "stopped_by_guard": "was stopped by the guard"}
    return how.get(run.status, "wrote to the target")


def _every_run(began: datetime | None, days: int, now: datetime) -> str:
    """Which runs those are that the standing differences stood in."""
    is_whole = began is not None and began <= period_of(days, now)
    return f"every run of the last {counted(days, 'day')}" if is_whole else "every run so far"


def _differing(standing: int, lasting: int, every_run: str) -> Iterator[str]:
    """Why it is not ready: what the old program does not do as this one would."""
    if standing:
        yield f"{counted(standing, 'difference')} {'stands' if standing == 1 else 'stand'} in {every_run}"
    if lasting:
        more = "other difference" if standing else "difference"
        yield f"{counted(lasting, more)} {'is' if lasting == 1 else 'are'} older than a day"


def _sorted(found: Iterable[Lasting]) -> tuple[Lasting, ...]:
    """By what is done to whom: a key begins with it."""
    return tuple(sorted(found, key=lambda each: each.key))


def view_difference(lasting: Lasting) -> StandingView:
    """One difference in words."""
    found = lasting.read()
    row = OPERATION_KINDS.get(found.kind)  # type: ignore[call-overload]  # a row may be of another version
    changes = [f"{change.path}: {change}" for change in changes_view(found.change)]
    return StandingView(
        kind=found.kind,
        sign=row.sign if row is not None else "·",
        words=row.words.removesuffix("s") if row is not None else found.kind,
        subject=words.printable(found.subject),
        effect=words.printable(found.member) if found.member else ", ".join(changes),
        reason=words.printable(found.reason),
        since=lasting.since,
    )


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def shadow_document(view: ShadowView) -> dict[str, Any]:
    """The same for programs. Times are UTC."""

    def rows(found: Iterable[Lasting]) -> list[dict[str, Any]]:
        names = ("kind", "subject", "effect", "reason")
        views = map(view_difference, found)
        return [{name: getattr(each, name) for name in names} | {"since": words.utc(each.since)} for each in views]

    return {
        "connection": view.connection,
        "ready": not view.because,
        "because": list(view.because),
        "began": words.utc(view.began),
        "runs": view.runs,
        "period_days": view.period,
        "days": [asdict(day) for day in view.days],
        "differences": view.size,
        "adoptions": view.adoptions,
        "in_every_run": rows(view.standing),
        "older_than_a_day": rows(view.lasting),
        "younger": rows(view.young),
    }
