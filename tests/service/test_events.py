"""Server-sent events: what happened is said to everyone who looks, and looking costs next to nothing."""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scim_bridge.model.actor import Actor
from scim_bridge.model.order import OrderEnd, PlacedOrder
from scim_bridge.model.progress import RunProgress
from scim_bridge.service import live
from scim_bridge.service.app import create_app
from scim_bridge.service.happening import Event, Happenings
from scim_bridge.service.live import Feed
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.writer import Ending, State
from tests.service.seed import NOON
from tests.service.sign_in import signed_in
from tests.waiting import PATIENCE

ANN = Actor("ann", "page")


def in_a_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: where a browser of other tests is open, this one has a loop that is running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / "scim-bridge.db") as opened:
        yield opened


@pytest.fixture
def happenings(state: State) -> Iterator[Happenings]:
    kept = KeptOpen(state.address)
    yield Happenings(kept)
    kept.close()


def _progress(run: int, done: int) -> RunProgress:
    return RunProgress(
        run=run,
        connection="corp",
        step="apply",
        done=done,
        total=100,
        step_began=NOON,
        noted=NOON + timedelta(seconds=5),
        requests=done,
    )


def test_runs_orders_and_acts_of_people_are_events(state: State, happenings: Happenings) -> None:
    assert happenings.look() == []
    run = state.begin_run("corp", "endpoint", "sync")
    state.note_progress(_progress(run, 50))
    (progress, changed) = happenings.look()
    assert changed == ("changed", {"connection": "corp"})
    assert progress[0] == "run"
    assert {"id": run, "connection": "corp", "phase": "apply", "done": 50, "total": 100, "left": 5}.items() <= (
        progress[1].items()
    )
    assert happenings.look() == []
    number = state.orders.place(PlacedOrder(connection="lab", kind="sync"), ANN)
    order = {"id": number, "connection": "lab"}
    assert happenings.look() == [("order", order | {"status": "waiting"}), ("changed", {"connection": "lab"})]
    state.orders.take(number, "w")
    assert happenings.look() == [("order", order | {"status": "running"})]
    state.orders.end(number, OrderEnd(status="done", sentence=""))
    assert happenings.look() == [("order", order | {"status": "done"}), ("changed", {"connection": "lab"})]
    state.finish(run, Ending(status="done"))
    state.pause("osaka", ANN, "")
    assert happenings.look() == [("changed", {"connection": "corp"}), ("changed", {"connection": "osaka"})]


def test_a_state_that_nothing_was_written_to_is_not_looked_through(
    state: State, happenings: Happenings, monkeypatch: pytest.MonkeyPatch
) -> None:
    happenings.look()
    monkeypatch.setattr(Happenings, "_runs", lambda *_: pytest.fail("looked through"))
    assert happenings.look() == []


def test_a_state_that_is_not_there_yet_is_not_made_by_looking(tmp_path: Path) -> None:
    happenings = Happenings(KeptOpen(tmp_path / "later.db"))
    assert happenings.look() == []
    assert not (tmp_path / "later.db").exists()


def test_a_page_hears_of_an_order_while_it_is_open(state: State) -> None:
    app = create_app(Shown(state.address, {"corp": None}))
    with Served(app, ("127.0.0.1", 0)) as served, signed_in(served.url, state.address) as client:
        timer = threading.Timer(1.0, lambda: state.orders.place(PlacedOrder(connection="corp", kind="sync"), ANN))
        with client.stream("GET", "/api/v1/events", timeout=PATIENCE) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            timer.start()
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith("event:")) == "event: order"
            assert json.loads(next(lines).removeprefix("data: "))["status"] == "waiting"
        begun = time.monotonic()
    assert time.monotonic() - begun < PATIENCE, "an open stream does not keep the service from its end"


def test_200_open_pages_cost_little_and_all_hear_the_same(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bench has the whole service with 200 connections; here it is the feed alone, which has one look for all."""
    looks = 0
    look = Happenings.look

    def counted(happenings: Happenings) -> list[Event]:
        nonlocal looks
        looks += 1
        return look(happenings)

    monkeypatch.setattr(Happenings, "look", counted)
    monkeypatch.setattr(live, "_LOOK_EVERY", 0.05)

    async def run() -> list[bytes]:
        feed = Feed(KeptOpen(state.address))
        streams = [feed.stream() for _ in range(200)]
        for stream in streams:
            assert (await anext(stream)).startswith(b"retry:")
        await asyncio.sleep(0.3)
        await asyncio.to_thread(state.pause, "corp", ANN, "")
        heard = list(await asyncio.gather(*(anext(stream) for stream in streams)))
        feed.close()
        for stream in streams:
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
        return heard

    (said,) = set(in_a_loop(run()))
    assert said == b'event: changed\ndata: {"connection":"corp"}\n\n'
    assert looks < 200


def test_a_client_that_does_not_read_is_let_go(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_BEHIND", 2)

    async def run() -> None:
        feed = Feed(KeptOpen(state.address))
        stream = feed.stream()
        await anext(stream)
        for _ in range(4):
            feed._say(b"event")
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    in_a_loop(run())


def test_what_is_looked_at_ends_with_the_last_page(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LOOK_EVERY", 0.01)

    async def run() -> None:
        feed = Feed(KeptOpen(state.address))
        stream = feed.stream()
        await anext(stream)
        looking = feed._looking
        assert looking is not None
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        await asyncio.wait_for(looking, PATIENCE)

    in_a_loop(run())
