"""Reading pages, finding by filter, and what is concluded from a listing that can't be trusted: nothing."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.errors import EndpointDown, Stop
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.read import filter_of
from scim_bridge.target.scim import ScimTarget
from tests.e2e.world import person
from tests.target.conftest import Opening, Script, answer


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def target(sandbox: Sandbox) -> Iterator[ScimTarget]:
    with ScimTarget(ScimClient(sandbox.url, lambda: sandbox.token, Rate(100_000))) as target:
        yield target


def listing(*resources: dict[str, Any], cursor: str | None = None) -> httpx.Response:
    body = {"Resources": list(resources), "itemsPerPage": len(resources)}
    return answer(200, body if cursor is None else body | {"nextCursor": cursor})


def queries(script: Script) -> list[str]:
    return [request.url.query.decode() for request in script.requests]


def test_the_first_page_is_asked_for_by_the_bare_word_and_the_others_by_their_cursor(
    sandbox: Sandbox, target: ScimTarget
) -> None:
    sandbox.seed({"users": [person(f"u{n}@corp.example") for n in range(250)]})
    heard: list[tuple[str, int, int | None]] = []
    target.read(lambda step, done, total: heard.append((step, done, total)))
    asked = [(request.path, request.query) for request in sandbox.requests]
    assert [path for path, _ in asked] == ["Users", "Users", "Users", "Groups"]
    assert [asked[0][1], asked[3][1]] == ["cursor&count=100", "cursor&count=100"]
    assert all(query.startswith("cursor=") and query.endswith("&count=100") for _, query in asked[1:3])
    assert heard == [
        ("read users", 100, None),
        ("read users", 200, None),
        ("read users", 250, None),
        ("read groups", 0, None),
    ]
    assert sandbox.counts.invalid == 0


def test_a_cursor_s_own_characters_are_kept(open_at: Opening) -> None:
    script = Script(listing(cursor="a+b/c=:_-"), listing())
    open_at(script).read()
    assert parse_qs(queries(script)[1], strict_parsing=True)["cursor"] == ["a+b/c=:_-"]


def test_a_short_or_empty_page_with_a_cursor_is_not_the_last(open_at: Opening) -> None:
    script = Script(listing({"id": "a"}, cursor="1"), listing(cursor="2"), listing({"id": "b"}), listing())
    assert set(open_at(script).read().users) == {"a", "b"}


def test_the_cursor_may_be_spelt_in_lower_case_and_be_empty_at_the_end(open_at: Opening) -> None:
    first = answer(200, {"Resources": [{"id": "a"}], "nextcursor": "1"})
    script = Script(first, listing({"id": "b"}, cursor=""), listing())
    assert set(open_at(script).read().users) == {"a", "b"}


def test_an_endpoint_that_turns_in_a_circle_ends_the_run(open_at: Opening) -> None:
    script = Script(listing(cursor="1"), listing(cursor="2"), listing(cursor="1"))
    with pytest.raises(EndpointDown, match="same page cursor twice"):
        open_at(script).read()


@pytest.mark.parametrize(
    "odd",
    [
        {"totalResults": 0},
        {"Resources": None},
        {"Resources": "none"},
        {"Resources": ["t-1"]},
        {"Resources": [{"userName": "sato"}]},
        {"Resources": [{"id": None}]},
        {},
    ],
)
def test_a_listing_that_is_none_is_never_taken_for_an_empty_directory(open_at: Opening, odd: dict[str, Any]) -> None:
    with pytest.raises(EndpointDown):
        open_at(Script(answer(200, odd))).read()


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_refused_listing_stops_the_run_and_holds_nobody(open_at: Opening, status: int) -> None:
    with pytest.raises(Stop, match="users and groups cannot be read"):
        open_at(Script(listing(cursor="1"), answer(status))).read()


def test_a_filter_that_the_endpoint_ignores_finds_nobody_else(open_at: Opening) -> None:
    everybody = listing({"id": "a", "userName": "abe@corp.example"}, {"id": "b", "userName": "Sato@corp.example"})
    target = open_at(Script(everybody))
    found = target.find("user", "userName", "sato@corp.example")
    assert found is not None
    assert found.target_id == "b"
    assert target.find("user", "userName", "mori@corp.example") is None


@given(st.dictionaries(st.sampled_from(["userName", "id", "members"]), st.text(min_size=1), min_size=1, max_size=2))
def test_a_filter_survives_form_decoding_whatever_the_value(terms: dict[str, str]) -> None:
    encoded = filter_of(*terms.items())
    escaped = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in terms.items()}
    wanted = " and ".join(f'{name} eq "{value}"' for name, value in escaped.items())
    assert parse_qs(encoded, strict_parsing=True) == {"filter": [wanted]}
    assert encoded.isascii()
    assert not set(encoded) & set(' +"\\&#')
