"""What people are told, from a real state to a real webhook: once, also over restarts, and held in quiet hours."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scim_bridge.config.settings import Settings, load
from scim_bridge.model.actor import Actor
from scim_bridge.model.plan import Conflict, Trip, Verdict
from scim_bridge.run.bridge import endpoint_key
from scim_bridge.state.table import SeenChangeRow
from scim_bridge.state.writer import Ending, State
from scim_bridge.worker.watch import Watch
from tests.alert.receiver import Hook, a_hook
from tests.state.conftest import Clock

ADMIN = {"user_id": "u", "user": "sato", "account": "a"}
HOSTILE = "sato\n東京\u202e<script>"
CONFIG = """
connections:
  corp:
    source: {{kind: csv, users: users.csv}}
    mapping: m.yaml
    target: {{kind: scim, url: "{url}", token: plain, token_expires: 2027-08-01}}
alerts: {{to: ["env:ALERT_URL"]{more}}}
"""
URL = "http://127.0.0.1:1/scim"


@dataclass
class Desk:
    """A state that things happen to, and a watch that may be started again."""

    path: Path
    hook: Hook
    clock: Clock = field(default_factory=Clock)
    more: str = ""
    watch: Watch | None = None

    @property
    def settings(self) -> Settings:
        text = CONFIG.format(url=URL, more=self.more)
        return load(self.path / "bridge.yaml", text)

    def state(self) -> State:
        return State(self.path / "scim-bridge.db", self.clock)

    def look(self) -> list[str]:
        """What the webhook gets at the next look."""
        before = len(self.hook.got)
        self.watch = self.watch or Watch(self.settings, self.clock, lambda moment: moment)
        self.watch.look()
        return self.hook.texts[before:]

    def restart(self) -> None:
        self.watch = None

    def run(self, ending: Ending, conflicts: tuple[Conflict, ...] | None = None) -> int:
        with self.state() as state:
            run_id = state.begin_run("corp", endpoint_key(URL), "sync")
            state.finish(run_id, ending, conflicts)
        self.clock.pass_by(minutes=1)
        return run_id

    def stopped(self) -> int:
        with self.state() as state:
            run_id = state.begin_run("corp", endpoint_key(URL), "sync")
            trip = Trip(limit="deactivate", sentence=HOSTILE, counted=9, base=10, allowed="1")
            state.keep_trip(run_id, "corp", Verdict((trip,)))
            state.finish(run_id, Ending(status="stopped_by_guard", detail=HOSTILE))
        return run_id


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with a_hook() as hook:
        monkeypatch.setenv("ALERT_URL", hook.url)
        yield Desk(tmp_path, hook)


GOOD = Ending(status="done")


def conflict(key: str, kind: str = "unclaimed") -> Conflict:
    return Conflict(key=key, kind=kind, subjects=(HOSTILE,), detail=HOSTILE, remedy="")


def test_all_is_well_and_no_one_hears_of_it(desk: Desk) -> None:
    assert desk.look() == []
    desk.run(GOOD)
    assert desk.look() == []


def test_each_thing_is_told_once_also_over_restarts_and_that_it_is_over(desk: Desk) -> None:
    desk.run(GOOD)
    desk.look()
    run_id = desk.stopped()
    sentence = f"corp: run {run_id} was stopped by the guard before the first write."
    assert desk.look() == [f"{sentence} See: scim-bridge show {run_id}"]
    assert desk.look() == []
    desk.restart()
    assert desk.look() == []
    with desk.state() as state:
        state.forget_trip("corp")
    desk.run(GOOD)
    desk.restart()
    assert desk.look() == [sentence.replace("corp: ", "corp: resolved: ")]
    desk.restart()
    assert desk.look() == []


def test_what_failed_before_a_restart_and_was_not_sent_is_sent_after_it(desk: Desk) -> None:
    desk.run(GOOD)
    desk.look()
    desk.run(Ending(status="failed", detail=HOSTILE))
    desk.hook.answers = [503]
    assert desk.look() == []
    assert desk.look() == []
    desk.restart()
    desk.clock.pass_by(minutes=2)
    assert desk.look() == ["corp: a run failed. See: scim-bridge history corp"]
    assert desk.look() == []


def test_repeated_failure_becomes_a_quarantine_and_nothing_is_well_in_between(desk: Desk) -> None:
    told = []
    for _ in range(7):
        desk.run(Ending(status="failed"))
        told += desk.look()
    assert [line.partition(".")[0] for line in told] == [
        "corp: a run failed",
        "corp: the schedule has stopped itself: its runs failed several times in a row",
    ]
    desk.run(GOOD)
    assert "resolved" in desk.look()[0]


def test_new_conflicts_are_told_with_their_number_and_old_ones_are_not(desk: Desk) -> None:
    desk.run(GOOD, (conflict("c-1"), conflict("c-2")))
    assert desk.look() == ["corp: 2 conflicts wait for a decision (unclaimed). See: scim-bridge conflicts"]
    desk.run(GOOD, (conflict("c-1"), conflict("c-2")))
    assert desk.look() == []
    desk.run(GOOD, (conflict("c-1"),))
    assert desk.look() == []
    desk.run(GOOD, (conflict("c-1"), conflict("c-3"), conflict("c-4")))
    assert desk.look()[0].startswith("corp: 3 conflicts")
    with desk.state() as state:
        for key in ("c-1", "c-3", "c-4"):
            state.resolve("corp", key, "ignore", Actor("me", "command"))
    assert desk.look() == ["corp: resolved: 3 conflicts wait for a decision (unclaimed)."]


def test_who_becomes_an_administrator_is_told_by_number_and_not_what_was_before_anyone_looked(desk: Desk) -> None:
    desk.run(Ending(status="done", access={"admins": {"gained": [ADMIN], "lost": []}}))
    assert desk.look() == []
    desk.run(GOOD)
    assert desk.look() == []
    run_id = desk.run(Ending(status="done", access={"admins": {"gained": [ADMIN, ADMIN], "lost": [ADMIN]}}))
    sentence = "corp: 2 users gained and 1 user lost the rights of an administrator."
    assert desk.look() == [f"{sentence} See: scim-bridge show {run_id}"]
    assert desk.look() == []
    desk.restart()
    assert desk.look() == []


def test_drift_is_told_when_a_reading_has_seen_it(desk: Desk) -> None:
    desk.run(GOOD)
    assert desk.look() == []
    with desk.state() as state, state._engine.begin() as database:
        for number in range(3):
            row = {"endpoint": endpoint_key(URL), "kind": "user", "target_id": f"t{number}", "path": "title"}
            table = SeenChangeRow.__table__  # type: ignore[attr-defined]  # SQLModel's
            database.execute(table.insert().values(**row, value="1", seen_at=desk.clock.at))
    assert desk.look()[0].startswith("corp: 3 values of the target were changed by someone else.")
    assert desk.look() == []


def test_a_token_is_told_at_90_30_and_7_days_and_when_it_is_over(desk: Desk) -> None:
    told = []
    desk.more = ", events: [token, resolved]"
    for day in (1, 50, 51, 52, 80, 110, 111, 112, 133, 134, 135, 140, 141, 142, 143):
        desk.clock.at = datetime(2027, 3, 13, tzinfo=UTC) + timedelta(days=day)
        desk.restart()
        told += [(day, line.split(",")[0]) for line in desk.look()]
    expires = (datetime(2027, 8, 1, tzinfo=UTC) - datetime(2027, 3, 13, tzinfo=UTC)).days
    assert [(expires - day, line) for day, line in told] == [
        (90, "corp: the token expires in 90 days"),
        (30, "corp: the token expires in 30 days"),
        (7, "corp: the token expires in 7 days"),
        (0, "corp: the token expires in 0 days"),
        (-1, "corp: the token expired on 2027-08-01"),
    ]


def test_no_good_run_for_some_intervals_is_told_but_not_of_a_paused_connection_or_after_a_restart(desk: Desk) -> None:
    desk.run(GOOD)
    desk.look()
    desk.clock.pass_by(minutes=14)
    assert desk.look() == []
    desk.clock.pass_by(minutes=3)
    assert "no run has ended well for more than 3 intervals" in desk.look()[0]
    with desk.state() as state:
        state.pause("corp", Actor("me", "command"), "")
    assert "resolved" in desk.look()[0]
    with desk.state() as state:
        state.resume("corp", Actor("me", "command"))
    desk.clock.pass_by(hours=9)
    desk.restart()
    assert desk.look() == []


def test_in_quiet_hours_what_can_wait_waits_and_is_sent_together_afterwards(desk: Desk) -> None:
    desk.more = ', quiet: "22:00-06:00"'
    desk.clock.at = datetime(2027, 3, 13, 21, 50, tzinfo=UTC)
    desk.run(GOOD)
    desk.look()
    desk.clock.at = datetime(2027, 3, 13, 23, 0, tzinfo=UTC)
    desk.run(Ending(status="failed"))
    assert desk.look() == []
    desk.run(GOOD, (conflict("c-1"),))
    assert desk.look() == []
    run_id = desk.stopped()
    assert desk.look() == [
        f"corp: run {run_id} was stopped by the guard before the first write. See: scim-bridge show {run_id}"
    ]
    desk.restart()
    desk.clock.at = datetime(2027, 3, 14, 6, 0, tzinfo=UTC)
    (morning,) = desk.look()
    assert [line.partition(".")[0] for line in morning.splitlines()] == [
        "corp: 1 conflict waits for a decision (unclaimed)",
        "corp: a run failed",
        "corp: resolved: a run failed",
    ]
    assert desk.look() == []


def test_no_name_of_a_person_leaves_the_machine(desk: Desk) -> None:
    desk.run(Ending(status="failed", detail=HOSTILE), (conflict("c-1"),))
    desk.look()
    desk.stopped()
    desk.look()
    assert desk.hook.got
    assert "sato" not in f"{desk.hook.got}"


def test_one_place_that_is_down_does_not_make_the_other_hear_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_hook() as other:
        monkeypatch.setenv("OTHER", other.url)
        text = CONFIG.format(url=URL, more="").replace('"env:ALERT_URL"', '"env:ALERT_URL", "env:OTHER"')
        watch = Watch(load(desk.path / "bridge.yaml", text), desk.clock, lambda moment: moment)
        watch.look()
        desk.run(Ending(status="failed"))
        other.answers = [500]
        watch.look()
        desk.clock.pass_by(minutes=2)
        watch.look()
        assert (len(desk.hook.got), len(other.got)) == (1, 1)


def test_a_place_that_was_taken_out_of_the_configuration_hears_nothing_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.look()
    desk.run(Ending(status="failed"))
    desk.hook.answers = [500]
    desk.look()
    desk.clock.pass_by(minutes=2)
    text = CONFIG.format(url=URL, more="").replace("env:ALERT_URL", "env:OTHER")
    with a_hook() as other:
        monkeypatch.setenv("OTHER", other.url)
        Watch(load(desk.path / "bridge.yaml", text), desk.clock, lambda moment: moment).look()
        assert (desk.hook.got, other.got) == ([], [])
