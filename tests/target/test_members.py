"""Who is in which group, by whichever way the endpoint accepts, and what that costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import httpx
import pytest

from scim_bridge.errors import Stop
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.scim import ScimTarget
from tests.e2e.world import person
from tests.target.conftest import Opening, answer

Taken = Literal["accept", "refuse"]
GONE = "94b8f4e8-3011-7055-1d2c-000000000000"


@contextmanager
def world(groups_value: Taken, members_value: Taken) -> Iterator[tuple[Sandbox, ScimTarget, dict[str, set[str]]]]:
    """Five users, three groups; what the members are, by group id."""
    knobs = Knobs(rate=None, groups_value_filter=groups_value, members_value_filter=members_value, short_pages=True)
    with Sandbox(knobs) as sandbox:
        names = [f"u{n}@corp.example" for n in range(5)]
        teams = {"all": names, "one": names[:1], "none": []}
        ids = sandbox.seed(
            {
                "users": [person(name) for name in names],
                "groups": [{"displayName": name, "members": members} for name, members in teams.items()],
            }
        )
        truth = {ids["groups"][team]: {ids["users"][name] for name in members} for team, members in teams.items()}
        with ScimTarget(ScimClient(sandbox.url, lambda: sandbox.token, Rate(100_000))) as target:
            yield sandbox, target, truth


WAYS: list[tuple[Taken, Taken]] = [("accept", "accept"), ("refuse", "accept"), ("refuse", "refuse")]


@pytest.mark.parametrize(("groups_value", "members_value"), WAYS)
@pytest.mark.parametrize("has_read", [True, False])
def test_every_way_finds_the_same_members(groups_value: Taken, members_value: Taken, has_read: bool) -> None:
    with world(groups_value, members_value) as (_, target, truth):
        if has_read:
            target.read()
        assert target.read_members([*truth, GONE]) == truth | {GONE: set()}


def test_by_group_costs_one_request_a_group() -> None:
    with world("accept", "accept") as (sandbox, target, truth):
        sandbox.app.knobs = Knobs(rate=None)
        target.read_members(list(truth))
        assert sandbox.counts.total == len(truth)
        assert all(request.query.startswith("cursor&count=100&filter=groups.value") for request in sandbox.requests)
        assert sandbox.counts.invalid == 0


def test_a_refused_way_is_found_out_once_a_run() -> None:
    with world("refuse", "accept") as (sandbox, target, truth):
        sandbox.app.knobs = Knobs(rate=None, groups_value_filter="refuse")
        target.read()
        sandbox.forget_requests()
        target.read_members(list(truth))
        assert (sandbox.counts.total, sandbox.counts.invalid) == (2 + 5, 2)
        target.read_members(list(truth))
        assert (sandbox.counts.total, sandbox.counts.invalid) == (2 + 5 + 5, 2)


def test_pairs_cost_one_request_each() -> None:
    with world("refuse", "refuse") as (sandbox, target, truth):
        target.read()
        sandbox.forget_requests()
        target.read_members(list(truth))
        assert sandbox.counts.total == 2 + 2 + 3 * 5


def test_somebody_created_meanwhile_is_not_overlooked() -> None:
    with world("refuse", "accept") as (_, target, truth):
        target.read()
        attributes = {"userName": "new", "displayName": "new", "name.givenName": "a", "name.familyName": "b"}
        user_id = target.create("user", attributes).target_id
        group_id = next(iter(truth))
        target.add_members(group_id, [user_id])
        assert target.read_members([group_id])[group_id] == truth[group_id] | {user_id}


def filtered(of_cursor: httpx.Response, plain: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """An endpoint that answers a filter with a cursor so, and one without so; the two other ways find user u in all."""

    def answering(request: httpx.Request) -> httpx.Response:
        query = request.url.query.decode()
        if "groups.value" in query:
            found = of_cursor if query.startswith("cursor") else plain
            return httpx.Response(found.status_code, content=found.content)
        return listing("g1", "g2") if "members" in query else listing("u")

    return answering


def listing(*ids: str, cursor: str | None = None) -> httpx.Response:
    body: dict[str, Any] = {"Resources": [{"id": resource_id} for resource_id in ids]}
    return answer(200, body if cursor is None else body | {"nextCursor": cursor})


@pytest.mark.parametrize(("size", "is_believed"), [(0, True), (49, True), (50, False), (99, True), (100, False)])
def test_without_a_cursor_an_answer_that_fills_a_page_is_not_believed(
    open_at: Opening, size: int, is_believed: bool
) -> None:
    ids = [f"u{number}" for number in range(size)]
    found = open_at(filtered(answer(400), listing(*ids))).read_members(["g1"])
    assert found == {"g1": set(ids) if is_believed else {"u"}}


def test_that_the_cursor_is_refused_beside_a_filter_is_found_out_once(open_at: Opening) -> None:
    target = open_at(filtered(answer(400), listing("a")))
    assert target.read_members(["g1", "g2", "g3"]) == {"g1": {"a"}, "g2": {"a"}, "g3": {"a"}}
    assert target.sent.reads == 1 + 3


def test_a_listing_that_is_refused_on_a_later_page_is_not_taken_for_whole(open_at: Opening) -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        query = request.url.query.decode()
        if "groups.value" not in query:
            return listing("g1") if "members" in query else listing("a", "b")
        if query.startswith("cursor&"):
            return listing("a", cursor="1")
        return answer(400) if query.startswith("cursor=") else listing("a")

    assert open_at(answering).read_members(["g1"]) == {"g1": {"a", "b"}}


def test_an_endpoint_that_accepts_no_way_stops_the_run(open_at: Opening) -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        return answer(400) if "filter" in request.url.query.decode() else listing("a")

    with pytest.raises(Stop, match="members of groups cannot be read"):
        open_at(answering).read_members(["g1"])
