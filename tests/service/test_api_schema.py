"""Whatever a program sends, the API answers as its description says, and never with a failure of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scim_bridge.model.actor import Actor
from scim_bridge.plan.plan_file import fingerprint, to_bytes
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.writer import State
from tests.service.seed import NOON, Seeder, busy_plan, quiet_plan
from tests.service.sign_in import a_token

_CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_NUMBERS = ("run_id", "plan_id", "order_id")
_REAL = {"name": "corp", "connection": "corp"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An approver of a service with a run, a plan, conflicts and an order, so that requests can meet something."""
    seeder = Seeder(tmp_path_factory.mktemp("state") / "scim-bridge.db")
    seeder.run(quiet_plan())
    plan = busy_plan()
    seeder.run(plan)
    with State(seeder.path, seeder.clock) as state:
        state.plans.keep(plan, fingerprint=fingerprint(plan), document=to_bytes(plan), by=Actor("ann"))
    app = create_app(Shown(seeder.path, {"corp": None}, lambda: NOON))
    bearer = {"Authorization": f"Bearer {a_token(seeder.path, 'approver', NOON)}"}
    with Served(app, ("127.0.0.1", 0)) as served, httpx.Client(base_url=served.url, headers=bearer) as client:
        yield client


@pytest.fixture(scope="module")
def schema(api: httpx.Client) -> Any:
    description = api.get("/api/v1/openapi.json").raise_for_status().json()
    assert description["openapi"].startswith("3.1")
    return schemathesis.openapi.from_dict(description)


def _try_all(schema: Any, api: httpx.Client, examples: int) -> int:
    """So many requests for each operation of the description; how many were sent."""
    sent = 0
    headers = {"Authorization": api.headers["authorization"]}
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/events"):
            continue  # it never ends

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        def check(case: Any) -> None:
            nonlocal sent
            sent += 1
            if sent % 2:  # every other one is about what is there
                case.path_parameters |= {n: _REAL.get(n, 1) for n in case.path_parameters if n in (*_NUMBERS, *_REAL)}
            answer = case.call(base_url=str(api.base_url), headers=headers)
            case.validate_response(answer, checks=_CHECKS)

        check()
    return sent


def test_no_request_makes_the_api_fail_or_answer_outside_its_description(schema: Any, api: httpx.Client) -> None:
    assert _try_all(schema, api, 8) > 100


@pytest.mark.slow
def test_none_of_very_many_requests_does(schema: Any, api: httpx.Client) -> None:
    assert _try_all(schema, api, 200) > 2_000


def test_each_document_of_the_description_has_an_example(schema: Any) -> None:
    schemas = schema.raw_schema["components"]["schemas"]
    assert {"Problem", "Order", "OrderAsked", "Run", "Conflict"} <= schemas.keys()
    for name in ("Order", "Run", "Plan", "Conflict", "Connection", "OrderAsked", "Problem", "Operation"):
        assert "example" in str(schemas[name]), name


def test_the_description_has_every_route_of_the_api(schema: Any, tmp_path: Path) -> None:
    from fastapi.routing import iter_route_contexts

    app = create_app(Shown(tmp_path / "scim-bridge.db", {"corp": None}, lambda: NOON))
    there = {
        (str(each.path).replace(":path", ""), method.lower())
        for each in iter_route_contexts(app.routes)
        if each.methods and str(each.path).startswith("/api/") and not str(each.path).endswith("openapi.json")
        for method in each.methods
    }
    told = {(path, method) for path, methods in schema.raw_schema["paths"].items() for method in methods}
    assert told == there
