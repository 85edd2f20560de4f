"""A connection as the overview shows it: is it healthy, and if not, what does a person do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from scim_bridge.model.glance import Glance
from scim_bridge.model.run import Pause, Quarantine, RunRecord
from scim_bridge.view import words
from scim_bridge.view.run import CountView, RunView, view_run
from scim_bridge.view.shadow import ShadowView
from scim_bridge.view.translation import _, _n, recorded
from scim_bridge.view.words import Status

OVERDUE_AFTER = 3
"""A connection is overdue when this many of its intervals have passed without a run being started."""
_WARN_FROM = 90
"""Days before the end of a token: AWS itself begins to remind then."""
_URGENT_FROM = 14


@dataclass(frozen=True, slots=True)
class TokenView:
    """How long the target's token is still good. days: below 0 if it has expired. tone: as of a status."""

    days: int
    said: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """One connection: health, one sentence about it, the commands that fix it (none if all is well).

    last: the run that the health is judged by. since: when the health became what it is, as far as that is known.
    next_run: None if nothing runs it by itself. source_read, target_read: when each side was last read. counts: of both
    sides, as the last good run found them.
    """

    name: str
    health: Status
    sentence: str
    commands: tuple[str, ...]
    last: RunView | None
    conflicts: int
    since: datetime | None = None
    next_run: datetime | None = None
    source_read: datetime | None = None
    target_read: datetime | None = None
    counts: tuple[CountView, ...] = ()
    token: TokenView | None = None

    @property
    def needs_you(self) -> bool:
        """Whether a person has something to do."""
        return self.health.tone in ("bad", "wait")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of a connection at one moment. every: its schedule, None if nothing runs it by itself.

    shadow: what is to be seen of it in shadow, if the last run was. token_expires: as configured.
    """

    glance: Glance
    every: timedelta | None
    now: datetime
    shadow: ShadowView | None = None
    token_expires: date | None = None


_URGENCY = ("bad", "wait", "quiet", "good")


def by_urgency(connections: Iterable[ConnectionView]) -> tuple[ConnectionView, ...]:
    """Those that need someone now first; otherwise in the order given."""
    return tuple(sorted(connections, key=lambda connection: _URGENCY.index(connection.health.tone)))


def view_connection(situation: Situation) -> ConnectionView:
    """The connection's health; the most urgent thing is the one that is said."""
    glance = situation.glance
    health, sentence, commands = _health(situation)
    good = view_run(glance.good) if glance.good is not None else None
    return ConnectionView(
        name=glance.connection,
        health=health,
        sentence=sentence,
        commands=commands,
        last=view_run(glance.judged) if glance.judged is not None else None,
        conflicts=glance.conflicts,
        since=_since(glance),
        next_run=_next_run(situation),
        source_read=good.started if good is not None else None,
        target_read=glance.target_read,
        counts=good.result.counts if good is not None else (),
        token=_token(situation),
    )


def _since(glance: Glance) -> datetime | None:
    """When what is said of it began, for the order in which people look at things."""
    if glance.pause is not None:
        return glance.pause.since
    if glance.quarantine is not None:
        return glance.quarantine.since
    return (glance.judged.ended or glance.judged.started) if glance.judged is not None else None


def _next_run(situation: Situation) -> datetime | None:
    glance, every = situation.glance, situation.every
    if every is None or glance.pause is not None:
        return None
    if glance.quarantine is not None and glance.quarantine.holds(situation.now):
        return None
    if glance.last is None or glance.last.status == "running":
        return None
    return glance.last.started + every


def _token(situation: Situation) -> TokenView | None:
    if situation.token_expires is None:
        return None
    left = (situation.token_expires - situation.now.astimezone(UTC).date()).days
    if left < 0:
        said = _n("The token expired %(count)s day ago.", "The token expired %(count)s days ago.", -left)
        return TokenView(left, said, "bad")
    said = _n("%(count)s day left", "%(count)s days left", left)
    return TokenView(left, said, "bad" if left <= _URGENT_FROM else "wait" if left <= _WARN_FROM else "quiet")


def _health(situation: Situation) -> tuple[Status, str, tuple[str, ...]]:
    glance, name = situation.glance, situation.glance.connection
    last, sync, resume = glance.judged, f"scim-bridge sync {name}", f"scim-bridge resume {name}"
    if glance.pause is not None:
        return Status("paused", _("Paused"), "‖", "wait"), _why_paused(glance.pause), (resume,)
    if _is_blocked(glance):  # first, because whatever failed since, the schedule waits for this decision
        return _blocked(last, name)
    if last is not None and last.status == "failed" and last.result.cause == "source":
        silent = Status("silent", _("Source silent"), "✗", "bad")
        return silent, _why_silent(situation, last), (f"scim-bridge check {name}", sync)
    if glance.quarantine is not None and glance.quarantine.cause != "guard":
        stopped = Status("quarantined", _("Quarantined"), "✗", "bad")
        return stopped, _why_quarantined(glance.quarantine), (f"scim-bridge check {name}", resume)
    if last is None:
        sentence = _("No run has been recorded yet.")
        if glance.last is not None:
            sentence = _("No run about everyone has been recorded yet.")
        return Status("never_run", _("Never run"), "·", "quiet"), sentence, (sync,)
    if last.status == "failed":
        sentence = recorded(words.printable(last.result.detail)) or _("The last run failed.")
        failed = Status("failed", _("Last run failed"), "✗", "bad")
        return failed, sentence, (f"scim-bridge check {name}", sync)
    if _is_overdue(situation):
        sentence = _(
            "The last run began %(ago)s, though one is due every %(every)s.",
            ago=words.ago(last.started, situation.now),
            every=words.span(situation.every or timedelta()),
        )
        return Status("overdue", _("Overdue"), "✗", "bad"), sentence, (sync,)
    if last.status == "interrupted":
        sentence = _("The last run was interrupted; the next run goes on where it stopped.")
        return Status("interrupted", _("Last run interrupted"), "!", "wait"), sentence, (sync,)
    if last.status == "running":
        return Status("running", _("Syncing"), "…", "quiet"), _("A run is in progress."), ()
    if situation.shadow is not None:
        return _in_shadow(situation.shadow)
    return _health_after(last, situation)


def _is_blocked(glance: Glance) -> bool:
    status = glance.judged.status if glance.judged is not None else ""
    is_held = glance.quarantine is not None and glance.quarantine.cause == "guard"
    return status == "stopped_by_guard" or (is_held and status != "running")


def _blocked(stopped: RunRecord | None, name: str) -> tuple[Status, str, tuple[str, ...]]:
    """stopped: the run that the guard stopped, None if it is not in the history any more."""
    blocked = Status("blocked", _("Blocked"), "✗", "bad")
    sentence = _("The guard stopped the plan; nothing was written. Look at it, and approve it only if it is right.")
    is_last_door = stopped is not None and stopped.result.closes_last_door
    approve = f"scim-bridge sync {name} --approve" + (" --last-admin" if is_last_door else "")
    return blocked, sentence, (f"scim-bridge plan {name}", approve)


def _in_shadow(shadow: ShadowView) -> tuple[Status, str, tuple[str, ...]]:
    """Nothing is written, so nothing of it needs anyone now; whether it is ready is what people wait for."""
    told, tone = (_("In shadow, not ready"), "quiet") if shadow.because else (_("In shadow, ready"), "good")
    return Status("shadow", told, "○", tone), shadow.sentence, (f"scim-bridge shadow {shadow.connection}",)


def _why_paused(pause: Pause) -> str:
    said = _("Paused since %(since)s by %(who)s", since=_moment(pause.since), who=pause.who)
    return _with_reason(said, pause.reason)


def _why_quarantined(quarantine: Quarantine) -> str:
    since = _moment(quarantine.since)
    said = (
        _("Quarantined since %(since)s", since=since)
        if quarantine.cause == "guard"
        else _("Quarantined since %(since)s, tried again every hour", since=since)
    )
    return _with_reason(said, quarantine.reason)


def _with_reason(said: str, reason: str) -> str:
    return f"{said}: {recorded(words.printable(reason).rstrip('.') + '.')}" if reason else _("%(said)s.", said=said)


def _why_silent(situation: Situation, last: RunRecord) -> str:
    good, detail = situation.glance.good, recorded(words.printable(last.result.detail))
    if good is None:
        return _("The source could not be read: %(detail)s", detail=detail)
    ago = words.ago(good.started, situation.now)
    return _("The source could not be read; it was last read %(ago)s. %(detail)s", ago=ago, detail=detail)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _health_after(last: RunRecord, situation: Situation) -> tuple[Status, str, tuple[str, ...]]:
    """The health after a run that went to its end."""
    if situation.glance.unsuccessful:
        sentence = _n(
            "%(count)s operation of the last run did not succeed; the next run tries again.",
            "%(count)s operations of the last run did not succeed; the next run tries again.",
            situation.glance.unsuccessful,
        )
        return Status("pending", _("Changes pending"), "!", "wait"), sentence, (f"scim-bridge show {last.id}",)
    if situation.glance.conflicts:
        sentence = _n(
            "%(count)s conflict waits for a decision; everything else goes on.",
            "%(count)s conflicts wait for a decision; everything else goes on.",
            situation.glance.conflicts,
        )
        return Status("conflicts", _("Waiting for you"), "!", "wait"), sentence, ("scim-bridge conflicts",)
    sentence = recorded(words.printable(last.result.detail)) or _("The last run succeeded, and nothing waits.")
    return Status("in_sync", _("In sync"), "✓", "good"), sentence, ()


def _is_overdue(situation: Situation) -> bool:
    last = situation.glance.judged
    if situation.every is None or last is None:
        return False
    return situation.now - last.started > OVERDUE_AFTER * situation.every
