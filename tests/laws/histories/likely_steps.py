"""Sequences that seldom come about by chance, and that an operator meets sooner or later; each with its variants."""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.laws.histories.machine import CONNECTIONS, NAMES, WHICH
from tests.laws.histories.source_steps import EDITS, Edit
from tests.laws.histories.target_steps import TargetSteps
from tests.laws.histories.weather_steps import WeatherSteps

SYNCS = st.sampled_from(("none", "sync", "full", "only", "approved"))
"""What the operator runs in between."""


class LikelySteps(TargetSteps, WeatherSteps):
    """A question, an answer, and what happens before the answer is carried out."""

    def _in_between(self, run: str, connection: str, name: str) -> None:
        if run == "only":
            self.sync_only(name, approve=False)
        elif run != "none":
            self.sync(connection, full=run == "full", approve=run == "approved")

    def _decide_kinds(self, kinds: Sequence[str], which: int, how: int) -> None:
        """Answer each question of these kinds, if there are any; else any one."""
        asked = [number for number, c in enumerate(self.conflicts()) if c["kind"] in kinds]
        for number in asked or [which]:
            self.decide(number, how, 0)

    @rule(edits=EDITS, connection=CONNECTIONS, name=NAMES, how=WHICH, before=SYNCS, after=SYNCS)
    def lose_state_when_some_have_left(
        self, edits: Sequence[Edit], connection: str, name: str, how: int, before: str, after: str
    ) -> None:
        """Who has left meanwhile is listed until a decision about them has been carried out."""
        self.leave(name)
        self.edit_many(edits)
        self.lose_state()
        self._in_between(before, connection, name)
        self.sync(connection, full=True, approve=False)
        self._decide_kinds(("unclaimed",), 0, how)
        self._in_between(after, connection, name)
        self.sync(connection, full=True, approve=True)

    @rule(edits=EDITS, connection=CONNECTIONS, name=NAMES, how=WHICH, after=SYNCS, approve=st.booleans())
    def restore_an_older_state(
        self, edits: Sequence[Edit], connection: str, name: str, how: int, after: str, approve: bool
    ) -> None:
        """What was done since the copy was made is neither undone nor forgotten."""
        self.copy_state()
        self.edit_many(edits)
        self.sync(connection, full=False, approve=approve)
        self.restore_state(None, approve)
        self._decide_kinds(("unclaimed", "adopt?", "rehire?"), 0, how)
        self._in_between(after, connection, name)
        self.sync(connection, full=True, approve=True)

    @rule(name=NAMES, connection=CONNECTIONS, how=WHICH, after=SYNCS, is_locked_again=st.booleans())
    def lock_and_decide(self, name: str, connection: str, how: int, after: str, is_locked_again: bool) -> None:
        """An answer about who is locked takes effect once."""
        self.lock(name)
        self.sync(connection, full=True, approve=False)
        self._decide_kinds(("disabled_there",), 0, how)
        self._in_between(after, connection, name)
        if is_locked_again:
            self.lock(name)
        self.sync(connection, full=True, approve=False)

    @rule(name=NAMES, other=NAMES, connection=CONNECTIONS, how=WHICH, whom=WHICH, after=SYNCS)
    def return_under_another_id(self, name: str, other: str, connection: str, how: int, whom: int, after: str) -> None:
        """A newcomer bears the name of one who has left."""
        name, other = self.name(name), self.name(other)
        left = self.record(name)
        if left is None or other == name:
            return
        login = left["login"].partition("@")[0]
        self.leave(name)
        self.sync(connection, full=False, approve=True)
        self.leave(other)
        self.join(other, login)
        self.sync(connection, full=True, approve=False)
        for number, conflict in enumerate(self.conflicts()):
            if conflict["kind"] in ("rehire?", "match_taken", "adopt?"):
                self.decide(number, how, whom)
        self._in_between(after, connection, other)
        self.sync(connection, full=True, approve=True)

    @rule(edits=EDITS, back=EDITS, connection=CONNECTIONS, full=st.booleans(), approve=st.booleans())
    def undo_what_was_overtaken(
        self, edits: Sequence[Edit], back: Sequence[Edit], connection: str, full: bool, approve: bool
    ) -> None:
        """A run is undone after another has followed, and the schedule goes on."""
        self.edit_many(edits)
        self.sync(connection, full=False, approve=approve)
        self.edit_many(back)
        self.sync(connection, full=full, approve=approve)
        self.roll_back(1, approve, self.judge.policy.protects_more)
        self.sync(connection, full=full, approve=True)
