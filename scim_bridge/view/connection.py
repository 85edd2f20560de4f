"""A connection as the overview shows it: is it healthy, and if not, what does a person do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scim_bridge.model.run import Pause, Quarantine, RunRecord
from scim_bridge.view import words
from scim_bridge.view.run import RunView, view_run
from scim_bridge.view.shadow import ShadowView
from scim_bridge.view.translation import _, _n
from scim_bridge.view.words import Status

OVERDUE_AFTER = 3
"""A connection is overdue when this many of its intervals have passed without a run being started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """One connection: health, one sentence about it, the commands that fix it (none if all is well), its last run."""

    name: str
    health: Status
    sentence: str
    commands: tuple[str, ...]
    last: RunView | None
    conflicts: int

    @property
    def needs_you(self) -> bool:
        """Whether a person has something to do."""
        return self.health.tone in ("bad", "wait")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of a connection at one moment. every: its schedule, None if nothing runs it by itself.

    unsuccessful: operations of the last run that are not known to have worked. pause, quarantine: why the schedule does
    nothing. shadow: what is to be seen of it in shadow, if the last run was.
    """

    name: str
    last: RunRecord | None
    conflicts: int
    every: timedelta | None
    now: datetime
    unsuccessful: int = 0
    pause: Pause | None = None
    quarantine: Quarantine | None = None
    shadow: ShadowView | None = None


_URGENCY = ("bad", "wait", "quiet", "good")


def by_urgency(connections: Iterable[ConnectionView]) -> tuple[ConnectionView, ...]:
    """Those that need someone now first; otherwise in the order given."""
    return tuple(sorted(connections, key=lambda connection: _URGENCY.index(connection.health.tone)))


def view_connection(situation: Situation) -> ConnectionView:
    """The connection's health; the most urgent thing is the one that is said."""
    health, sentence, commands = _health(situation)
    last = view_run(situation.last) if situation.last is not None else None
    return ConnectionView(
        name=situation.name,
        health=health,
        sentence=sentence,
        commands=commands,
        last=last,
        conflicts=situation.conflicts,
    )


def _health(situation: Situation) -> tuple[Status, str, tuple[str, ...]]:
    last, sync = situation.last, f"scim-bridge sync {situation.name}"
    resume = f"scim-bridge resume {situation.name}"
    if situation.pause is not None:
        return Status("paused", _("Paused"), "‖", "wait"), _why_paused(situation.pause), (resume,)
    if situation.quarantine is not None and situation.quarantine.cause != "guard":
        stopped = Status("quarantined", _("Quarantined"), "✗", "bad")
        return stopped, _why_quarantined(situation.quarantine), (f"scim-bridge check {situation.name}", resume)
    if last is None:
        return Status("never_run", _("Never run"), "·", "quiet"), _("No run has been recorded yet."), (sync,)
    if last.status == "stopped_by_guard":
        stopped = Status("blocked", _("Blocked"), "✗", "bad")
        sentence = _("The guard stopped the plan; nothing was written. Look at it, and approve it only if it is right.")
        approve = f"{sync} --approve --last-admin" if last.result.closes_last_door else f"{sync} --approve"
        return stopped, sentence, (f"scim-bridge plan {situation.name}", approve)
    if last.status == "failed":
        sentence = _(last.result.detail) or _("The last run failed.")
        failed = Status("failed", _("Last run failed"), "✗", "bad")
        return failed, sentence, (f"scim-bridge check {situation.name}", sync)
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


def _in_shadow(shadow: ShadowView) -> tuple[Status, str, tuple[str, ...]]:
    """Nothing is written, so nothing of it needs anyone now; whether it is ready is what people wait for."""
    told, tone = (_("In shadow, not ready"), "quiet") if shadow.because else (_("In shadow, ready"), "good")
    return Status("shadow", told, "○", tone), shadow.sentence, (f"scim-bridge shadow {shadow.connection}",)


def _why_paused(pause: Pause) -> str:
    said = _("Paused since %(since)s by %(who)s", since=_moment(pause.since), who=pause.who)
    return f"{said}: {words.printable(pause.reason).rstrip('.')}." if pause.reason else f"{said}."


def _why_quarantined(quarantine: Quarantine) -> str:
    since = _moment(quarantine.since)
    said = (
        _("Quarantined since %(since)s", since=since)
        if quarantine.cause == "guard"
        else _("Quarantined since %(since)s, tried again every hour", since=since)
    )
    return f"{said}: {words.printable(quarantine.reason).rstrip('.')}."


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _health_after(last: RunRecord, situation: Situation) -> tuple[Status, str, tuple[str, ...]]:
    """The health after a run that went to its end."""
    if situation.unsuccessful:
        sentence = _n(
            "%(count)s operation of the last run did not succeed; the next run tries again.",
            "%(count)s operations of the last run did not succeed; the next run tries again.",
            situation.unsuccessful,
        )
        return Status("pending", _("Changes pending"), "!", "wait"), sentence, (f"scim-bridge show {last.id}",)
    if situation.conflicts:
        sentence = _n(
            "%(count)s conflict waits for a decision; everything else goes on.",
            "%(count)s conflicts wait for a decision; everything else goes on.",
            situation.conflicts,
        )
        return Status("conflicts", _("Waiting for you"), "!", "wait"), sentence, ("scim-bridge conflicts",)
    sentence = last.result.detail or _("The last run succeeded, and nothing waits.")
    return Status("in_sync", _("In sync"), "✓", "good"), sentence, ()


def _is_overdue(situation: Situation) -> bool:
    if situation.every is None or situation.last is None:
        return False
    return situation.now - situation.last.started > OVERDUE_AFTER * situation.every
