"""A connection as the overview shows it: is it healthy, and if not, what does a person do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scim_bridge.model.run import Pause, Quarantine, RunRecord
from scim_bridge.model.wording import counted
from scim_bridge.view import words
from scim_bridge.view.run import RunView, view_run
from scim_bridge.view.shadow import ShadowView
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
        return Status("paused", "Paused", "‖", "wait"), _sentence(situation.pause), (resume,)
    if situation.quarantine is not None and situation.quarantine.cause != "guard":
        stopped = Status("quarantined", "Quarantined", "✗", "bad")
        return stopped, _sentence(situation.quarantine), (f"scim-bridge check {situation.name}", resume)
    if last is None:
        return Status("never_run", "Never run", "·", "quiet"), "No run has been recorded yet.", (sync,)
    if last.status == "stopped_by_guard":
        stopped = Status("stopped", "Stopped by the guard", "✗", "bad")
        sentence = "Nothing was written. Look at the plan, and approve it only if it is right."
        approve = f"{sync} --approve --last-admin" if last.result.closes_last_door else f"{sync} --approve"
        return stopped, sentence, (f"scim-bridge plan {situation.name}", approve)
    if last.status == "failed":
        sentence = last.result.detail or "The last run failed."
        return Status("failed", "Last run failed", "✗", "bad"), sentence, (f"scim-bridge check {situation.name}", sync)
    if _is_overdue(situation):
        since = words.ago(last.started, situation.now)
        sentence = f"The last run began {since}, though one is due every {words.span(situation.every or timedelta())}."
        return Status("overdue", "Overdue", "✗", "bad"), sentence, (sync,)
    if last.status == "interrupted":
        sentence = "The last run was interrupted; the next run goes on where it stopped."
        return Status("interrupted", "Last run interrupted", "!", "wait"), sentence, (sync,)
    if last.status == "running":
        return Status("running", "Running now", "…", "quiet"), "A run is under way.", ()
    if situation.shadow is not None:
        return _in_shadow(situation.shadow)
    return _health_after(last, situation)


def _in_shadow(shadow: ShadowView) -> tuple[Status, str, tuple[str, ...]]:
    """Nothing is written, so nothing of it needs anyone now; whether it is ready is what people wait for."""
    told, tone = ("In shadow, not ready", "quiet") if shadow.because else ("In shadow, ready", "good")
    return Status("shadow", told, "○", tone), shadow.sentence, (f"scim-bridge shadow {shadow.connection}",)


def _sentence(why: Pause | Quarantine) -> str:
    text = str(why).rstrip(".")
    return f"{text[0].upper()}{text[1:]}."


def _health_after(last: RunRecord, situation: Situation) -> tuple[Status, str, tuple[str, ...]]:
    """The health after a run that went to its end."""
    if situation.unsuccessful:
        what = counted(situation.unsuccessful, "operation")
        sentence = f"{what} of the last run did not succeed; the next run tries again."
        return Status("unfinished", "Not everything succeeded", "!", "wait"), sentence, (f"scim-bridge show {last.id}",)
    if situation.conflicts:
        waiting = counted(situation.conflicts, "conflict")
        verb = "waits" if situation.conflicts == 1 else "wait"
        sentence = f"{waiting} {verb} for a decision; everything else goes on."
        return Status("conflicts", "Waiting for you", "!", "wait"), sentence, ("scim-bridge conflicts",)
    return (
        Status("healthy", "Healthy", "✓", "good"),
        last.result.detail or "The last run succeeded, and nothing waits.",
        (),
    )


def _is_overdue(situation: Situation) -> bool:
    if situation.every is None or situation.last is None:
        return False
    return situation.now - situation.last.started > OVERDUE_AFTER * situation.every
