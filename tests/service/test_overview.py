"""The overview over real HTTP: what needs a person, and the same page for one connection and for three hundred."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from scim_bridge.model.actor import Actor
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.writer import Ending, State
from tests.service.conftest import Pages
from tests.service.seed import NOON, Seeder, busy_plan, quiet_plan, tripping_plan
from tests.service.sign_in import signed_in
from tests.service.test_pages import seen

MANY = [f"team-{n:03}" for n in range(120)]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with many connections, all of them well but two."""
    path = tmp_path_factory.mktemp("many") / "scim-bridge.db"
    with State(path, lambda: NOON) as state:
        for name in MANY:
            run_id = state.begin_run(name, "endpoint", "sync")
            status = "failed" if name == "team-077" else "done"
            state.finish(run_id, Ending(status=status, detail="", counts={"users": (3, 3)}))  # type: ignore[arg-type]
        state.pause("team-005", Actor("b.sato"), "change freeze")
    now = NOON + timedelta(minutes=4)
    app = create_app(Shown(path, {name: timedelta(minutes=5) for name in (*MANY, "new")}, lambda: now))
    with Served(app, ("127.0.0.1", 0)) as served, signed_in(served.url, path, "viewer", now) as client:
        yield client


def names(page: str) -> list[str]:
    return re.findall(r'<h2 id="c-\d+"><a href="[^"]*"><bdi>([^<]*)</bdi>', page)


def test_of_many_the_urgent_stand_first_and_the_rest_on_pages(many: httpx.Client) -> None:
    first, third = many.get("/").text, many.get("/?page=3").text
    assert "2 of 121 connections need you" in seen(first)
    assert names(first)[:3] == ["team-077", "team-005", "new"]
    assert len(names(first)) == 50
    assert len(names(third)) == 21
    assert "Page 3 of 3" in seen(third)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=TEAM-07", [f"team-{n:03}" for n in (77, 70, 71, 72, 73, 74, 75, 76, 78, 79)]),
        ("state=needs_you", ["team-077", "team-005"]),
        ("state=paused", ["team-005"]),
        ("state=in_sync&q=005", []),
        ("q=%3Cscript%3E", []),
        ("page=99", []),
    ],
)
def test_they_are_searched_and_filtered_by_state(query: str, expected: list[str], many: httpx.Client) -> None:
    page = many.get(f"/?{query}")
    assert page.status_code == 200
    assert names(page.text) == expected


def test_each_state_is_a_filter_with_its_number(many: httpx.Client) -> None:
    said = seen(many.get("/").text)
    assert "All 121 Needs you 2" in said
    assert "In sync 118" in said


def test_what_needs_a_person_stands_first_the_newest_on_top(seeder: Seeder, pages: Pages) -> None:
    seeder.run(busy_plan())
    other = Seeder(seeder.path, "大阪支社")
    other.clock.at = NOON + timedelta(minutes=2)
    other.stopped(tripping_plan())
    said = seen(pages({"corp": None, "大阪支社": None}).get("/").text)
    assert "2 of 2 connections need you" in said
    blocked, conflict = said.index("✗ Blocked"), said.index("! duplicate user name")
    assert blocked < conflict
    assert "4 of 8 active managed users would be deactivated" in said


def test_a_source_that_cannot_be_read_is_silent_and_says_since_when(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    seeder.clock.at = NOON + timedelta(minutes=3)
    with State(seeder.path, seeder.clock) as state:
        run_id = state.begin_run("corp", "endpoint", "sync")
        state.finish(run_id, Ending(status="failed", detail="users.csv is gone.", cause="source"))
    said = seen(pages().get("/").text)
    assert "✗ Source silent" in said
    assert "The source could not be read; it was last read 4 min ago. users.csv is gone." in said
    assert "Users 1,840 1,843" in said, "what both sides held when they were last read"


def test_trends_are_pictures_with_a_sentence(seeder: Seeder, pages: Pages) -> None:
    for _ in range(3):
        seeder.run(busy_plan())
    page = pages().get("/").text
    assert page.count('<rect class="plain"') == 6
    assert 'aria-label="Changes in the last 3 runs, newest last: 22 changes"' in page
    assert "style=" not in page


def test_the_next_run_is_told_and_none_while_paused(seeder: Seeder, pages: Pages, tmp_path: Path) -> None:
    seeder.run(quiet_plan())
    client = pages({"corp": timedelta(minutes=10)})
    assert "Next run in 6 min" in seen(client.get("/").text)
    with State(seeder.path, seeder.clock) as state:
        state.pause("corp", Actor("b.sato"), "")
    assert "Next run" not in seen(client.get("/").text)


def test_a_block_stays_in_sight_when_another_plan_was_refused_since(seeder: Seeder, pages: Pages) -> None:
    seeder.stopped(tripping_plan())
    with State(seeder.path, seeder.clock) as state:
        state.finish(state.begin_run("corp", "endpoint", "apply"), Ending(status="failed", detail="a side has changed"))
    client = pages()
    said = seen(client.get("/").text)
    assert "corp ✗ Blocked" in said
    assert "4 of 8 active managed users" in said
    assert 'href="/runs/1"' in client.get("/").text
    assert "corp ✗ Blocked" in seen(client.get("/connections/corp").text)
