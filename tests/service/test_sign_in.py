"""Sign-in by a link, sessions, forms of other sites, and what hostile headers do, over real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from scim_bridge.service.app import create_app
from scim_bridge.service.auth.attempts import MOST, MOST_RECORDED, WITHIN, Attempts
from scim_bridge.service.auth.csrf import FIELD, HEADER, token_for
from scim_bridge.service.pages.sign_in import local_path
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.reader import open_reader
from scim_bridge.state.sign_in import LINK_LASTS, SESSION_LASTS
from tests.service.seed import NOON, Clock, Seeder, quiet_plan
from tests.service.sign_in import sign_in_link, signed_in


@dataclass
class World:
    """A served state. clock: of the pages."""

    url: str
    state: Path
    clock: Clock

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url)

    def link(self) -> str:
        return sign_in_link(self.url, self.state, "approver", self.clock())


@contextmanager
def _served(folder: Path) -> Iterator[World]:
    seeder, clock = Seeder(folder / "scim-bridge.db"), Clock(NOON)
    seeder.run(quiet_plan())
    with Served(create_app(Shown(seeder.path, {"corp": None}, clock)), ("127.0.0.1", 0)) as served:
        yield World(served.url, seeder.path, clock)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with _served(tmp_path) as served:
        yield served


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests that change nothing that another one looks at."""
    with _served(tmp_path_factory.mktemp("state")) as served:
        yield served


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for tests whose sign-ins fail, so that none of the others has to wait."""
    with _served(tmp_path_factory.mktemp("state")) as served:
        yield served


def test_a_link_signs_one_browser_in_and_leaves_the_address(world: World) -> None:
    link = world.link()
    with world.client() as browser, world.client() as other:
        answer = browser.get(link + "&next=/runs/1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs/1")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "max-age" not in cookie  # it ends with the browser
        assert "expires" not in cookie
        assert browser.get("/runs/1").status_code == 200
        again = other.get(link)
        assert (again.status_code, dict(other.cookies)) == (403, {})
        assert "used before, or has expired" in again.text


def test_a_link_is_not_used_up_by_a_look(world: World) -> None:
    link = world.link()
    with world.client() as browser:
        browser.head(link)
        browser.get(link, headers={"Sec-Purpose": "prefetch;prerender"})
        assert browser.get(link).status_code == 303


def test_a_link_expires(world: World) -> None:
    link = world.link()
    world.clock.at += LINK_LASTS
    with world.client() as browser:
        assert browser.get(link).status_code == 403


def test_a_session_ends_by_itself(world: World) -> None:
    with signed_in(world.url, world.state, now=world.clock()) as browser:
        world.clock.at += SESSION_LASTS - timedelta(seconds=1)
        assert browser.get("/").status_code == 200
        world.clock.at += timedelta(seconds=1)
        assert browser.get("/runs/1?page=2").headers["location"] == "/sign-in?next=%2Fruns%2F1%3Fpage%3D2"


def test_signing_out_ends_the_session_on_the_server_too(world: World) -> None:
    with signed_in(world.url, world.state, now=world.clock()) as browser:
        kept = dict(browser.cookies)
        assert browser.post("/sign-out").headers["location"] == "/signed-out"
        page = browser.get("/signed-out").text
        assert "You are signed out" in page
        assert "data-events" not in page
        assert dict(browser.cookies) == {}
        browser.cookies.update(kept)
        assert browser.get("/").status_code == 303


@pytest.mark.state_file
def test_neither_codes_nor_session_secrets_are_in_the_state(world: World) -> None:
    link = world.link()
    with signed_in(world.url, world.state, now=world.clock()) as browser:
        (secret,) = browser.cookies.values()
        kept = b"".join(file.read_bytes() for file in world.state.parent.glob("scim-bridge.db*"))
        assert secret.encode() not in kept
        assert link.rpartition("=")[2].encode() not in kept


def test_whoever_fails_too_often_waits(world: World) -> None:
    with world.client() as browser:
        for _ in range(MOST):
            assert browser.get("/sign-in?code=wrong").status_code == 403
        answer = browser.get(world.link())
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= WITHIN


def test_a_page_of_another_site_cannot_make_its_user_wait(world: World) -> None:
    with world.client() as browser:
        for _ in range(MOST):
            for dest in ("image", "iframe", "empty"):
                browser.get("/sign-in?code=wrong", headers={"Sec-Fetch-Dest": dest, "Sec-Fetch-Site": "cross-site"})
        assert browser.get(world.link()).status_code == 303


def test_failures_are_forgotten_and_are_of_one_address() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    assert [attempts.note_failure("a") for _ in range(MOST + 5)] == [True] * MOST + [False] * 5
    assert (attempts.wait_of("a"), attempts.wait_of("b")) == (WITHIN, 0)
    now = WITHIN
    assert attempts.wait_of("a") == 0


def test_failures_of_many_addresses_do_not_fill_the_audit() -> None:
    attempts = Attempts(lambda: 0.0)
    assert sum(attempts.note_failure(str(number)) for number in range(20_000)) == MOST_RECORDED


def test_who_signed_in_from_where_is_in_the_audit_without_the_code(world: World) -> None:
    with signed_in(world.url, world.state, now=world.clock()) as browser:
        browser.get("/sign-in?code=wr0ng")
        browser.post("/sign-out")
    told = [(e.action, e.actor.name, e.actor.via, e.actor.address, e.detail) for e in open_reader(world.state).audit()]
    assert told == [
        ("sign in", "approver@test", "page", "127.0.0.1", "as approver"),
        ("sign in refused", "unknown", "page", "127.0.0.1", "a link that was used before, has expired, or never was"),
        ("sign out", "approver@test", "page", "127.0.0.1", ""),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_a_form_of_another_site_changes_nothing_even_with_the_token(lasting: World, headers: dict[str, str]) -> None:
    with signed_in(lasting.url, lasting.state, now=lasting.clock()) as browser:
        del browser.headers["Origin"]
        answer = browser.post("/sign-out", headers=headers)
        assert (answer.status_code, "Nothing was changed" in answer.text) == (403, True)
        assert browser.get("/").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "é", "0" * 64])
def test_a_form_without_the_token_of_its_session_changes_nothing(lasting: World, token: str) -> None:
    with signed_in(lasting.url, lasting.state, now=lasting.clock()) as browser:
        del browser.headers[HEADER]
        assert browser.post("/sign-out", data={FIELD: token}).status_code == 403
        assert browser.post("/sign-out", files={FIELD: ("a", b"b")}).status_code == 403
        assert browser.post("/sign-out", content=b"\xff" * 2_000_000, headers=FORM).status_code == 413
        assert browser.get("/").status_code == 200


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("is_multipart", [False, True])
def test_a_form_with_the_token_is_ours(lasting: World, *, is_multipart: bool) -> None:
    with signed_in(lasting.url, lasting.state, now=lasting.clock()) as browser:
        del browser.headers[HEADER]
        (secret,) = browser.cookies.values()
        files = {"file": ("a.csv", b"id")} if is_multipart else None
        answer = browser.post("/sign-out", data={FIELD: token_for(secret)}, files=files)
        assert answer.status_code == 303


def test_the_page_holds_the_token_of_its_session_alone(lasting: World) -> None:
    with signed_in(lasting.url, lasting.state, now=lasting.clock()) as browser, lasting.client() as nobody:
        (secret,) = browser.cookies.values()
        page = browser.get("/").text
        assert f'name="csrf_token" value="{token_for(secret)}"' in page
        assert secret not in page
        assert "csrf_token" not in nobody.get("/sign-in").text


@pytest.mark.parametrize(
    ("then", "path"),
    [
        ("/runs/1?page=2#x", "/runs/1?page=2#x"),
        ("", "/"),
        ("runs", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("///evil.example", "/"),
        ("http://[", "/"),
    ],
)
def test_after_the_sign_in_nobody_is_sent_to_another_site(then: str, path: str) -> None:
    assert local_path(then) == path


HOSTILE = {
    "a made-up address": {"X-Forwarded-For": "1.2.3.4, <script>", "X-Real-IP": "::::"},
    "a made-up scheme": {"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "evil.example"},
    "a forwarded header": {"Forwarded": 'for="[::1";host=evil.example'},
    "a long cookie": {"Cookie": "a=" + "b" * 20_000},
    "many cookies": {"Cookie": "; ".join(f"c{n}=1" for n in range(2_000))},
    "cookies that are none": {"Cookie": '=;;;="";\\'},
    "bytes beyond ASCII": {"Cookie": "scim-bridge-1=\xff\xfe", "Accept-Language": "\xe9\xff"},
    "a token beyond ASCII": {"Authorization": "Bearer \xff\xfe"},
    "a token that is none": {"Authorization": "Bearer"},
    "another scheme": {"Authorization": "Basic \xff"},
    "an origin that is none": {"Origin": "\xff://["},
    "a referrer that is none": {"Referer": "http://[", "Origin": "null"},
}


@pytest.mark.parametrize("headers", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/sign-in?code=x"), ("POST", "/"), ("POST", "/sign-out")]
)
def test_no_header_breaks_a_page(hostile: World, method: str, path: str, headers: dict[str, str]) -> None:
    with hostile.client() as nobody:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        assert nobody.request(method, path, headers=raw).status_code in (303, 400, 401, 403, 405, 429, 431)
        assert nobody.get("/sign-in").status_code == 200


def test_a_session_with_a_cookie_beyond_ascii_is_none(hostile: World) -> None:
    port = hostile.url.rpartition(":")[2]
    with hostile.client() as nobody:
        for value in (b"\xff\xfe", b'"\\377"', b"x" * 8_000):
            cookie = [(b"Cookie", b"scim-bridge-" + port.encode() + b"=" + value)]
            assert nobody.get("/", headers=cookie).status_code == 303
            assert nobody.post("/sign-out", headers=cookie).status_code == 403
