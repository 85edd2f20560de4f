"""`/metrics`: what a scraper reads, what it costs, and that rules and dashboard ask for what is really there."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from scim_bridge.config.secret import Secret
from scim_bridge.config.service import ServiceSettings
from scim_bridge.config.settings import TargetSettings
from scim_bridge.model.actor import Actor
from scim_bridge.model.identity import Inventory
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import Ending, State
from tests.service.seed import COUNTS, NOON, Seeder, busy_plan, hostile_plan, tripping_plan

DEPLOY = Path(__file__).parents[2] / "deploy"
HOSTILE = 'sato"}\n# <script>'


BY = Actor("someone", "command")


@pytest.fixture
def scraped(seeder: Seeder) -> str:
    """What a scraper reads after some runs."""
    seeder.run(hostile_plan())
    stopped = seeder.stopped(tripping_plan())
    seeder.run(busy_plan())
    with State(seeder.path, seeder.clock) as state:
        state.keep_trip(stopped, "corp", tripping_plan().verdict)
        state.finish(state.begin_run("corp", "endpoint", "sync"), Ending(status="stopped_by_guard", counts=COUNTS))
        state.finish(state.begin_run("corp", "endpoint", "sync"), Ending(status="failed"))
        state.ask("corp", [HOSTILE], BY)
        state.pause("corp", BY, "a reason")
        state.observe("corp", "endpoint", Inventory({}, {}), {}, seeder.clock.at)
    return scrape(seeder.path)


def scrape(state: Path) -> str:
    target = TargetSettings("identity-center", "https://x", Secret("env:T", state.parent), date(2027, 6, 1), 20.0)
    settings: Any = {"corp": SimpleNamespace(target=target)}
    shown = Shown(state, {"corp": timedelta(minutes=5)}, lambda: NOON, settings=settings)
    with Served(create_app(shown), ("127.0.0.1", 0)) as served:
        answer = httpx.get(f"{served.url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


def values(text: str) -> dict[tuple[str, ...], float]:
    """Name and labels' values, in the order of the labels → value."""
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    found = {}
    for each in samples:
        labels = (value for _, value in sorted(each.labels.items()))
        found[each.name.removeprefix("scim_bridge_"), *labels] = each.value
    return found


def test_a_scraper_reads_what_the_runs_have_done(scraped: str) -> None:
    found = values(scraped)
    assert found["runs_total", "corp", "sync", "done"] == 2
    assert found["runs_total", "corp", "sync", "stopped_by_guard"] == 2
    assert found["run_duration_seconds_count", "corp", "sync"] == 5
    assert found["run_duration_seconds_bucket", "corp", "sync", "+Inf"] == 5
    assert found["operations_total", "corp", "create_user", "done"] >= 1
    assert found["requests_total", "corp"] > 0
    assert found["conflicts_open", "corp", "duplicate_user_name"] >= 1
    assert found["quarantined", "guard", "corp"] == found["approval_waiting", "corp"] == found["paused", "corp"] == 1
    assert found["orders_waiting", "corp"] == 1
    assert found["resources", "corp", "source", "users"] > 0
    assert found["run_interval_seconds", "corp"] == 300
    assert found["ceiling_requests_per_second", "corp"] == 20
    assert found["token_expiry_timestamp_seconds", "corp"] == datetime(2027, 6, 2, tzinfo=UTC).timestamp()
    assert found["source_read_timestamp_seconds", "corp"] >= found["good_run_timestamp_seconds", "corp"] - 60


def test_no_name_of_a_person_is_in_it(scraped: str) -> None:
    assert "script" not in scraped
    assert not [o.subject for plan in (busy_plan(), hostile_plan()) for o in plan.operations if o.subject in scraped]


def test_before_the_first_run_there_is_no_state_and_what_is_configured_is_shown(tmp_path: Path) -> None:
    found = values(scrape(tmp_path / "none.db"))
    assert found["run_interval_seconds", "corp"] == 300
    assert not (tmp_path / "none.db").exists()


def test_behind_a_proxy_a_scraper_needs_the_token_of_a_viewer(seeder: Seeder) -> None:
    app = create_app(Shown(seeder.path, {"corp": None}, lambda: NOON), ServiceSettings(behind_proxy=True))
    with State(seeder.path, lambda: NOON) as state:
        token = state.tokens.make("scraper", "viewer", None, BY)
    with Served(app, ("127.0.0.1", 0)) as served:
        answer = httpx.get(f"{served.url}/metrics")
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
        answer = httpx.get(f"{served.url}/metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200


def test_what_is_forgotten_stays_counted(seeder: Seeder) -> None:
    seeder.run(busy_plan())
    seeder.run(busy_plan())
    before = values(scrape(seeder.path))
    with State(seeder.path, seeder.clock) as state:
        assert state.forget_some("corp", seeder.clock.at + timedelta(days=1))
    after = values(scrape(seeder.path))
    counted = {key: value for key, value in before.items() if "_total" in key[0]}
    assert counted
    assert {key: after[key] for key in counted} == counted


@contextmanager
def counting(path: Path) -> Iterator[list[str]]:
    statements: list[str] = []
    reader = open_reader(path)
    engine = reader._engine
    assert engine is not None
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    yield statements
    reader.watched()
    reader.close()


@pytest.mark.state_file
def test_a_scrape_takes_the_same_statements_whatever_has_happened_and_each_by_an_index(
    seeder: Seeder,
) -> None:
    seeder.run(busy_plan())
    with counting(seeder.path) as few:
        pass
    for number in range(30):
        with State(seeder.path, seeder.clock) as state:
            state.finish(state.begin_run(f"c{number}", "endpoint", "sync"), Ending(status="done"))
    with counting(seeder.path) as many:
        pass
    assert len(few) == len(many) <= 15
    with closing(sqlite3.connect(seeder.path)) as database:
        for statement in many:
            if statement.startswith("PRAGMA"):
                continue
            given = tuple("sync" if "kind" in statement else "" for _ in range(statement.count("?")))
            steps = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", given)]
            whole = [step for step in steps if re.fullmatch("SCAN (runs|operations|conflicts|inbox|resources)", step)]
            assert not whole, (statement, steps)


def asked_for() -> set[str]:
    """Every metric that the rules and the dashboard name."""
    texts = [path.read_text() for path in DEPLOY.rglob("*") if path.suffix in (".yml", ".json")]
    return {name for text in texts for name in re.findall(r"\bscim_bridge_[a-z_]+", text)}


def test_rules_and_dashboard_ask_for_metrics_that_are_there(scraped: str) -> None:
    families = list(text_string_to_metric_families(scraped))
    there = {sample.name for family in families for sample in family.samples} | {family.name for family in families}
    assert len(asked_for()) > 12
    assert asked_for() <= there


def test_the_dashboard_s_panels_do_not_overlap_and_each_says_what_it_shows() -> None:
    dashboard = orjson.loads((DEPLOY / "grafana" / "scim-bridge.json").read_bytes())
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert panel["title"]
        assert all(target["expr"] for target in panel["targets"])


def promtool(*arguments: str, given: str = "") -> str:
    """What promtool says. Left out where there is none; in CI its absence is a failure."""
    if shutil.which("promtool") is None:
        leave_out = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        leave_out("needs promtool: make system-packages")
    done = subprocess.run(
        ["promtool", *arguments], input=given, capture_output=True, text=True, cwd=DEPLOY / "prometheus"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_finds_nothing_wrong_with_the_metrics(scraped: str) -> None:
    promtool("check", "metrics", given=scraped)


def test_promtool_finds_nothing_wrong_with_the_rules_and_they_do_what_their_tests_say() -> None:
    promtool("check", "rules", "scim-bridge.rules.yml")
    promtool("test", "rules", "scim-bridge.rules.test.yml")


def test_promtool_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    dashboard = orjson.loads((DEPLOY / "grafana" / "scim-bridge.json").read_bytes())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries = [query.replace("$__rate_interval", "5m").replace("$connection", ".*") for query in queries]
    rules = [{"record": f"panel:{at}", "expr": query} for at, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_bytes(orjson.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", str(file))
