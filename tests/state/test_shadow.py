"""What plans in shadow would have changed: each difference once, from the first run that had it to the last."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scim_bridge.model.run import RunStatus
from scim_bridge.model.shadow import Difference, ShadowHistory
from scim_bridge.state.aftermath import Aftermath
from scim_bridge.state.writer import Ending, State

NOON = datetime(2027, 3, 13, 12, 0, tzinfo=UTC)


class Days:
    """Runs of a connection, one a day."""

    def __init__(self, path: Path) -> None:
        self.at = NOON
        self.state = State(path / "state.db", lambda: self.at)

    def run(self, *paths: str, status: RunStatus = "shadow", connection: str = "corp", value: str = "Lead") -> int:
        self.at += timedelta(days=1)
        run_id = self.state.begin_run(connection, "e", "sync")
        if status == "done":
            self.state.begin_applying(run_id, "plan", ())
            self.state.finish(run_id, Ending(status="done"))
            return run_id
        found = tuple(
            Difference(key=path, kind="update_user", subject="a", reason="r", change={path: ("x", value)})
            for path in paths
        )
        left = Aftermath(again=frozenset(), is_settled=False, differences=found)
        self.state.finish(run_id, Ending(status=status), aftermath=left)
        return run_id

    def history(self, days: int = 30) -> ShadowHistory:
        return self.state.reader.shadow("corp", self.at - timedelta(days=days))


def stood(history: ShadowHistory) -> dict[str, tuple[int, int | None]]:
    return {each.key: (each.first, each.until) for each in history.lasting}


def test_a_difference_has_the_first_run_with_it_and_the_first_without_it(tmp_path: Path) -> None:
    days = Days(tmp_path)
    days.run("title", "locale")
    days.run("title", value="Engineer")
    days.run("title", "nickName", connection="other")
    days.run("title", "nickName", value="Engineer")
    history = days.history()
    assert stood(history) == {"title": (1, None), "locale": (1, 2), "nickName": (4, None)}
    assert (history.count, history.began) == (3, NOON + timedelta(days=1))
    [title] = [each for each in history.lasting if each.key == "title"]
    assert (title.since, title.read().change) == (NOON + timedelta(days=1), {"title": ("x", "Engineer")})
    assert stood(days.history(days=1)) == {"title": (1, None), "nickName": (4, None)}


def test_what_comes_back_begins_again(tmp_path: Path) -> None:
    days = Days(tmp_path)
    for paths in (("title",), (), ("title",)):
        days.run(*paths)
    assert [(each.first, each.until) for each in days.history().lasting] == [(1, 2), (3, None)]


def test_a_shadow_after_a_run_that_wrote_is_a_new_one(tmp_path: Path) -> None:
    days = Days(tmp_path)
    days.run("title")
    wrote = days.run(status="done")
    assert days.history() == ShadowHistory(latest=days.state.reader.run(wrote))
    again = days.run("title", "locale")
    history = days.history()
    assert stood(history) == {"title": (again, None), "locale": (again, None)}
    assert {each.since for each in history.lasting} == {history.began} == {days.at}
    assert history.count == 1
