"""What the pages say and refuse, over real HTTP."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from scim_bridge.access.impact import impact_of
from scim_bridge.errors import Misconfigured
from scim_bridge.model.actor import Actor
from scim_bridge.model.operation import Outcome
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.writer import State
from tests.access.test_impact import OFF, step
from tests.plan.test_access_limits import BEFORE
from tests.service.conftest import Pages
from tests.service.seed import NOON, Seeder, busy_plan, hostile_plan, quiet_plan, tripping_plan
from tests.service.sign_in import signed_in


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Pages over one quiet run, for tests that only ask."""
    seeder = Seeder(tmp_path_factory.mktemp("state") / "scim-bridge.db")
    seeder.run(quiet_plan())
    app = create_app(Shown(seeder.path, {"corp": None}, lambda: NOON))
    with Served(app, ("127.0.0.1", 0)) as served, signed_in(served.url, seeder.path, now=NOON) as asking:
        yield asking


PATHS = ("/", "/runs", "/runs/1", "/conflicts", "/healthz", "/static/style.css", "/static/icon.svg", "/nowhere")


class _Text(HTMLParser):
    """What a reader sees, one space between words."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def seen(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    return " ".join(parser.words)


def test_before_the_first_run_the_overview_says_what_to_run(pages: Pages) -> None:
    said = seen(pages().get("/").text)
    assert "Nothing needs you corp · Never run" in said
    assert "scim-bridge sync corp" in said


def test_a_quiet_night_is_one_line(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    said = seen(pages().get("/").text)
    assert "Nothing needs you corp ✓ In sync" in said
    assert "Users 1,840 1,843" in said
    assert "Memberships 9,312 9,312 Read 4 min ago –" in said


def test_limits_that_were_approved_are_told_as_passed_and_not_as_a_stop(seeder: Seeder, pages: Pages) -> None:
    plan = tripping_plan()
    seeder.run(plan, verdict=plan.verdict, approved_by="b.sato")
    page = pages().get("/runs/1").text
    assert "These limits were passed with the approval of b.sato. 4 of 8 active managed users" in seen(page)
    assert '<p class="note good">' not in page


def test_sides_that_are_equal_need_no_explanation(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan(), counts={"users": (3, 3)})
    assert "The two sides can differ" not in pages().get("/").text


def test_the_overview_tells_what_changed_and_what_waits(seeder: Seeder, pages: Pages) -> None:
    seeder.run(busy_plan())
    said = seen(pages().get("/").text)
    assert "corp needs you What needs you, newest first ! duplicate user name t.ito@corp.example" in said
    assert "corp ! Waiting for you 1 conflict waits for a decision" in said
    assert "8 users created, 1 user updated, 1 user deactivated, 1 group created" in said
    assert "userName 't.ito@corp.example' is claimed by several users" in said


def test_who_needs_somebody_now_comes_first(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    Seeder(seeder.path, "zzz").stopped(tripping_plan())
    page = pages({"corp": None, "zzz": None}).get("/").text
    assert re.findall(r'<h2 id="c-\d"><a [^>]*><bdi>(\w+)<', page) == ["zzz", "corp"]
    assert "1 of 2 connections needs you" in seen(page)
    assert "<title>(1) Overview" in page


def test_a_stop_by_the_guard_gives_its_numbers_and_the_way_out(seeder: Seeder, pages: Pages) -> None:
    seeder.stopped(tripping_plan())
    said = seen(pages().get("/").text)
    assert "4 of 8 active managed users would be deactivated (50.0 %, limit 10%)" in said
    assert "scim-bridge sync corp --approve" in said
    assert "Changed nothing" in seen(pages().get("/runs/1").text)


def test_a_failed_run_says_why_and_where_to_look(seeder: Seeder, pages: Pages) -> None:
    seeder.failed("users.csv, line 3: a quote is never closed. Close it.")
    said = seen(pages().get("/").text)
    assert "✗ Last run failed users.csv, line 3: a quote is never closed. Close it. scim-bridge check corp" in said


def test_a_worker_that_stands_still_is_not_healthy(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    every = {"corp": timedelta(minutes=5)}
    assert "In sync" in seen(pages(every, NOON + timedelta(minutes=15)).get("/").text)
    late = seen(pages(every, NOON + timedelta(minutes=16)).get("/").text)
    assert "✗ Overdue The last run began 16 min ago, though one is due every 5 min." in late


def test_operations_that_did_not_succeed_are_not_called_healthy(seeder: Seeder, pages: Pages) -> None:
    plan = hostile_plan()
    first, second = plan.operations
    outcomes = [
        Outcome(operation_id=first.id, status="failed", detail="the endpoint did not answer"),
        Outcome(operation_id=second.id, status="held", request_id="r-77"),
    ]
    seeder.run(plan, outcomes)
    assert "! Changes pending 1 operation of the last run did not succeed" in seen(pages().get("/").text)
    said = seen(pages().get("/runs/1").text)
    assert "the endpoint did not answer ✗ failed" in said
    assert "! held request r-77" in said


def test_a_run_shows_each_operation_with_its_reason_and_request_id(seeder: Seeder, pages: Pages) -> None:
    seeder.run(busy_plan())
    said = seen(pages().get("/runs/1").text)
    assert "y.takahashi@corp.example - deactivate user active true → false left the source ✓ done request req-" in said
    assert "k.suzuki@corp.example ~ update user title 主任 → 課長" in said
    assert "and 1 more" in said


def test_a_run_shows_who_gained_and_lost_access(seeder: Seeder, pages: Pages) -> None:
    number = seeder.run(
        busy_plan(), access=impact_of(BEFORE, [step("deactivate_user", "ann", active=OFF)], {}).document()
    )
    said = seen(pages().get(f"/runs/{number}").text)
    assert "1 user loses access, 1 administrator among them" in said
    assert "no longer administrator: ann (production)" in said
    assert "ann g production admin administrator the user is deactivated" in said


def test_a_long_run_is_shown_in_pages(seeder: Seeder, pages: Pages) -> None:
    from tests.builders import directory, planned, target, user

    seeder.run(planned(directory(*(user(f"u{n:03}") for n in range(101))), target()))
    client = pages()
    first = client.get("/runs/1").text
    link = first.split('rel="next"')[0].rpartition('href="')[2].split("#")[0]
    second = client.get(f"/runs/1{link}").text
    assert (first.count('rowheader"><bdi>'), second.count('rowheader"><bdi>')) == (100, 1)
    assert ("Next" in first, "Back to the first" in first) == (True, False)
    assert ("Next" in second, "Back to the first" in second) == (False, True)
    assert "No operation is like this." in seen(client.get("/runs/1?after=zzz").text)


def test_names_are_text_never_markup(seeder: Seeder, pages: Pages) -> None:
    seeder.run(hostile_plan())
    client = pages()
    for path in ("/", "/runs", "/runs/1", "/conflicts"):
        page = client.get(path).text
        assert page.count("<script") == page.count('<script type="module" src="/static/main.js"></script>') == 1
        assert "<img src=x" not in page
    assert "<script>alert(1)</script>" in seen(client.get("/runs/1").text)


NOWHERE = (
    "/nowhere", "/runs/2", "/runs/abc", "/runs/-1", f"/runs/{10**30}", "/?page=0", f"/conflicts?page={10**30}",
    "/plans/7", "/plans/x", "/connections/nobody", "/docs", "/openapi.json", "/static/../app.py",
)  # fmt: skip


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_there_is_said_kindly(path: str, client: httpx.Client) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Not here" in seen(answer.text)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/runs/1", "/healthz", "/static/style.css"])
def test_the_pages_only_look(method: str, path: str, client: httpx.Client) -> None:
    assert client.request(method, path).status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_like_get_without_a_body(path: str, client: httpx.Client) -> None:
    head = client.head(path)
    assert (head.status_code, head.content) == (client.get(path).status_code, b"")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(path: str, client: httpx.Client) -> None:
    _assert_guarded(client.get(path).headers)


def _assert_guarded(headers: object) -> None:
    assert hasattr(headers, "get")
    policy = headers.get("content-security-policy", "")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers.get("x-content-type-options") == "nosniff"
    assert headers.get("referrer-policy") == "same-origin"


def test_no_page_names_another_server(seeder: Seeder, pages: Pages) -> None:
    seeder.run(busy_plan())
    client = pages()
    for path in ("/", "/runs", "/runs/1", "/conflicts"):
        links = re.findall(r'(?:href|src)="([^"]*)"', client.get(path).text)
        assert links
        assert all(link.startswith(("/", "#", "?")) and not link.startswith("//") for link in links)
    assert "url(" not in client.get("/static/style.css").text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "testserver", ""])
def test_a_foreign_host_name_is_refused(host: str, client: httpx.Client) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 400
    assert "corp" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080"])
def test_loopback_names_are_answered(host: str, client: httpx.Client) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


def test_health_is_ok_before_the_first_run_and_after(seeder: Seeder, pages: Pages) -> None:
    client = pages()
    assert client.get("/healthz").json() == {"status": "ok"}
    seeder.run(quiet_plan())
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/runs/1").status_code == 200


def test_a_service_is_ready_while_its_schedule_goes_on(tmp_path: Path) -> None:
    is_moving = [True]
    app = create_app(Shown(tmp_path / "later.db", {"corp": None}), is_moving=lambda: is_moving[0])
    with Served(app, ("127.0.0.1", 0)) as pages:
        assert httpx.get(f"{pages.url}/readyz").json() == {"status": "ready"}
        is_moving[0] = False
        answer = httpx.get(f"{pages.url}/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
        assert "The schedule has not looked at its connections for two minutes" in answer.json()["detail"]
        assert httpx.get(f"{pages.url}/healthz").status_code == 200
    assert not (tmp_path / "later.db").exists()


@pytest.mark.state_file
def test_a_state_that_cannot_be_read_is_said_with_503(tmp_path: Path, pages: Pages) -> None:
    broken, client = tmp_path / "scim-bridge.db", pages()
    broken.unlink()
    broken.write_bytes(b"this is not a database, though it is long enough to be looked at as one" * 20)
    assert client.get("/readyz").json()["status"] == "not ready"
    health = client.get("/healthz")
    assert health.status_code == 503
    assert "is not a usable state file" in health.json()["detail"]
    page = client.get("/")
    assert page.status_code == 503
    assert "is not a usable state file" in seen(page.text)


@pytest.mark.state_file
def test_the_unforeseen_gets_a_calm_page_without_a_traceback(seeder: Seeder, pages: Pages) -> None:
    seeder.run(busy_plan())
    with sqlite3.connect(seeder.path) as database:
        database.execute("UPDATE operations SET document = '{cut'")
    database.close()
    answer = pages().get("/runs/1")
    assert answer.status_code == 500
    assert "This page could not be made" in seen(answer.text)
    assert "Traceback" not in answer.text
    _assert_guarded(answer.headers)


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    app = create_app(Shown(tmp_path / "scim-bridge.db", {}))
    with Served(app, ("127.0.0.1", 0)) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(Misconfigured, match=r"cannot be served on 127\.0\.0\.1:"):
            Served(app, ("127.0.0.1", port))


def test_what_was_decided_stands_apart_and_waits_for_nobody(seeder: Seeder, pages: Pages) -> None:
    seeder.run(busy_plan())
    client = pages()
    assert "Waiting for a decision (1)" in seen(client.get("/conflicts").text)
    with State(seeder.path, seeder.clock) as state:
        for record in state.reader.conflicts("corp"):
            state.resolve("corp", record.conflict.key, "ignore", Actor("ops@bridge"), note="meant to be so")
    said = seen(client.get("/conflicts").text)
    assert "Nothing waits for a decision. Decided (1)" in said
    assert "ignore, decided by ops@bridge (meant to be so)" in said
    overview = seen(client.get("/").text)
    assert "corp ✓ In sync" in overview
    assert "Waiting for a decision" not in overview


def test_the_runs_say_what_kind_they_were_and_what_failed(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan(), summary={"update_user": 3, "failed": 20}, detail="20 operations failed")
    said = seen(pages().get("/runs").text)
    assert "1 corp sync" in said
    assert "! done, 20 failed 3 users updated; 20 operations failed" in said


def test_a_connection_in_shadow_shows_its_trend_and_whether_it_is_ready(seeder: Seeder, pages: Pages) -> None:
    run_id = seeder.shadow(busy_plan())
    said = seen(pages().get("/").text)
    assert "Nothing needs you corp ○ In shadow, not ready Nothing is written." in said
    assert "Ready: no, because it has been in shadow for 0 of 7 days" in said
    assert "scim-bridge shadow corp" in said
    page = seen(pages().get(f"/runs/{run_id}").text)
    assert "○ in shadow in shadow: nothing was written; planned: create 8 users" in page
    assert "Nothing was sent." in page
