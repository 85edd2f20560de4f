"""How long to try again; and one object that fails every time, told apart from an endpoint that is down."""

import threading

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.errors import EndpointDown, NotAnswered
from scim_bridge.target.retry import backoff
from tests.fakes import FakeClock
from tests.target.conftest import Opening, answer
from tests.waiting import PATIENCE

POISONED = "/Users/poisoned"


class Endpoint:
    """It answers all but what begins so. asked: method and path of each request, below the base."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        line = f"{request.method} {request.url.path.partition('/scim/v2')[2]}"
        self.asked.append(line)
        if any(line.startswith(start) for start in self.broken):
            return answer(500)
        body = {"id": "u", "patch": {}, "totalResults": 0, "Resources": [], "itemsPerPage": 0}
        return answer(200, body)


def test_an_object_that_fails_every_time_is_held_where_the_endpoint_answers_a_question(open_at: Opening) -> None:
    endpoint = Endpoint(f"PATCH {POISONED}")
    target = open_at(endpoint)
    target.check()
    with pytest.raises(NotAnswered, match=r"all 8 tries within \d+ s failed.*the endpoint answered 500"):
        target.update("user", "poisoned", {"title": (None, "x")})
    assert endpoint.asked[1:] == [f"PATCH {POISONED}"] * 8 + ["GET /Users"]
    target.update("user", "other", {"title": (None, "x")})


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_endpoint_that_answers_no_question_either_is_down(open_at: Opening, method: str) -> None:
    target = open_at(Endpoint(f"{method} ", "GET /Users"))
    target.check()
    with pytest.raises(EndpointDown, match="did not recover"):
        if method == "PATCH":
            target.update("user", "poisoned", {"title": (None, "x")})
        else:
            target.delete("user", "poisoned")


def test_nobody_is_asked_where_another_write_was_answered_meanwhile(open_at: Opening, clock: FakeClock) -> None:
    endpoint = Endpoint(f"PATCH {POISONED}", "GET /Users")
    target = open_at(endpoint)
    target.check()
    waits = clock.wait

    def another(seconds: float) -> None:
        waits(seconds)
        if not any("other" in line for line in endpoint.asked):
            target.update("user", "other", {"title": (None, "x")})

    target._client._patience.wait = another
    with pytest.raises(NotAnswered):
        target.update("user", "poisoned", {"title": (None, "x")})
    assert "GET /Users" not in endpoint.asked


def test_a_dozen_objects_given_up_in_a_row_are_an_endpoint_that_takes_no_writes(open_at: Opening) -> None:
    endpoint = Endpoint("PATCH ")
    target = open_at(endpoint)
    target.check()
    for number in range(11):
        with pytest.raises(NotAnswered):
            target.update("user", f"u{number}", {"title": (None, "x")})
    with pytest.raises(EndpointDown):
        target.update("user", "u11", {"title": (None, "x")})


def test_what_lands_in_between_begins_the_count_anew(open_at: Opening) -> None:
    target = open_at(Endpoint(f"PATCH {POISONED}"))
    target.check()
    for _ in range(3):
        for _ in range(11):
            with pytest.raises(NotAnswered):
                target.update("user", "poisoned", {"title": (None, "x")})
        target.update("user", "other", {"title": (None, "x")})


def test_requests_that_wait_for_their_next_try_keep_nobody_else_up(open_at: Opening) -> None:
    endpoint = Endpoint(f"PATCH {POISONED}")
    target = open_at(endpoint)
    target.check()
    usual = target.at_once("update_user")
    seen: list[int] = []
    all_wait = threading.Barrier(6, timeout=PATIENCE)

    def look(seconds: float) -> None:
        all_wait.wait()
        seen.append(target.at_once("update_user"))
        all_wait.wait()

    target._client._patience.wait = look
    threads = [threading.Thread(target=_patch, args=(target, number)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen[0] == usual + 6
    assert target.at_once("update_user") == usual


def _patch(target: object, number: int) -> None:
    with pytest.raises(NotAnswered):
        target.update("user", f"poisoned{number}", {"title": (None, "x")})  # type: ignore[attr-defined]


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_the_backoff_begins_near_half_a_second_and_never_exceeds_thirty(attempt: int, chance: float) -> None:
    assert 0 <= backoff(attempt, None, lambda: chance) <= min(30, 0.5 * 2 ** min(attempt - 1, 20))


def test_the_backoff_doubles_up_to_its_cap() -> None:
    assert [backoff(n, None, lambda: 1.0) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_what_the_endpoint_asks_for_goes_before_the_backoff_up_to_five_minutes() -> None:
    assert backoff(1, 12.0) == 12
    assert backoff(1, 86_400.0) == 300
