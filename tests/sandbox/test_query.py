"""Queries that a correct client never sends are refused: counts, cursors, filters of another form."""

import base64
from typing import Any

import orjson
import pytest

from tests.sandbox.in_process import ENTERPRISE, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("count", ["9" * 5000, "--5", "²", "5²", "-", "", "1.5", " 5", "+5", "0x5", "１"])
@pytest.mark.parametrize("setting", ["refuse", "clamp"])
def test_a_made_up_count_is_refused_or_clamped(count: str, setting: Any) -> None:
    world = World(invalid_count=setting)
    assert world.status("GET", "Users", query=f"count={count}") == (400 if setting == "refuse" else 200)


@pytest.mark.parametrize(("count", "shown"), [("0", 1), ("-7", 1), ("101", 3), ("9" * 5000, 3), ("007", 3)])
def test_a_count_out_of_range_is_clamped_to_the_next_that_is_allowed(count: str, shown: int) -> None:
    world = World(invalid_count="clamp")
    for name in "abc":
        world.user(name)
    assert len(world.listed(f"cursor&count={count}")) == shown


@pytest.mark.parametrize(
    "content",
    [b"0:", b"-2:", b"1e3:", b"\xff", b"", b"[0]", b'[1,"x"]', b"{}", b"null", b"[[]]", b"[true]", b"[" * 999],
)
def test_a_made_up_cursor_is_refused(world: World, content: bytes) -> None:
    for name in "abc":
        world.user(name)
    cursor = base64.b64encode(content).decode() or "="
    assert world.status("GET", "Users", query=f"cursor={cursor}") == 400


def test_a_cursor_is_for_its_list_and_filter_alone(world: World) -> None:
    for name in "abc":
        world.group(name, world.user(name))
    cursor = world("GET", "Users", query="cursor&count=1")["nextCursor"].replace("=", "%3D").replace("+", "%2B")
    assert world.listed(f"cursor={cursor}") == ["b", "c"]
    assert world.status("GET", "Groups", query=f"cursor={cursor}") == 400
    assert world.status("GET", "Users", query=f'cursor={cursor}&filter=userName eq "a"') == 400
    number, seal = orjson.loads(base64.b64decode(cursor.replace("%3D", "=").replace("%2B", "+")))
    forged = base64.b64encode(orjson.dumps([number - 1, seal])).decode().replace("=", "%3D")
    assert world.status("GET", "Users", query=f"cursor={forged}") == 400


@pytest.mark.parametrize("text", ['userName eq "a"', 'USERNAME EQ "A"', 'username%20Eq%20"a"', 'userName eq "\\u0061"'])
def test_names_and_operators_of_filters_are_read_in_any_case(world: World, text: str) -> None:
    world.user("a")
    assert world.listed(f"filter={text}") == ["a"]


@pytest.mark.parametrize("text", ['ID eq "{u}" AND Manager EQ "{m}"', 'manager eq "{m}" And id eq "{u}"'])
def test_two_terms_are_read_in_any_case_and_order(world: World, text: str) -> None:
    boss = world.user("boss")
    user = world.user("a", **{ENTERPRISE: {"manager": {"value": boss}}})
    assert world.listed("filter=" + text.format(u=user, m=boss)) == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        'userName eq"a"',
        'userNameeq "a"',
        'userName  eq "a"',
        ' userName eq "a"',
        'userName eq "a" ',
        'userName%09eq "a"',
        'userName eq "a%0A"',
        'userName eq "\x01"',
        'userName eq "\\x"',
        'userName eq "\\ud800"',
        "userName eq a",
        "userName eq true",
        "userName pr",
        'userName eq "a"and id eq "b"',
        'id eq "a" and id eq "b"',
        'id eq "a" and ID eq "b"',
        'id eq "a" and manager eq "b" and userName eq "c"',
        '(userName eq "a")',
        "",
    ],
)
def test_a_filter_of_another_form_is_refused(world: World, text: str) -> None:
    assert world.status("GET", "Users", query=f"filter={text}") == 400
