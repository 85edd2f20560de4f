"""Tokens of the API and the page where they are made and revoked, over real HTTP."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from scim_bridge.model.actor import ROLES, Actor
from scim_bridge.service.app import create_app
from scim_bridge.service.auth.attempts import MOST
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.database import open_database
from scim_bridge.state.reader import open_reader
from scim_bridge.state.transaction import writing
from scim_bridge.state.writer import State
from tests.service.seed import NOON, Clock
from tests.service.sign_in import signed_in

OPS = Actor("ops@bridge")
DAY = timedelta(days=1)


class Service:
    """A served state with its tokens, on a clock of the test's."""

    def __init__(self, url: str, state: Path, clock: Clock) -> None:
        self.url, self.state, self.clock = url, state, clock
        self.tokens = State(state, clock).tokens

    def ask(self, token: str, path: str = "/tokens", method: str = "GET") -> httpx.Response:
        return httpx.request(method, self.url + path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    clock, state = Clock(NOON), tmp_path / "scim-bridge.db"
    with Served(create_app(Shown(state, {"corp": None}, clock)), ("127.0.0.1", 0)) as served:
        yield Service(served.url, state, clock)


def test_a_token_may_what_its_role_may(service: Service) -> None:
    for role in ROLES:
        token = service.tokens.make("ci", role, None, OPS)
        assert service.ask(token, "/").status_code == 200
        assert service.ask(token).status_code == (200 if role == "approver" else 403)


def test_a_token_needs_no_csrf_token_and_its_cookie_counts_for_nothing(service: Service) -> None:
    viewer = service.tokens.make("ci", "viewer", None, OPS)
    with signed_in(service.url, service.state, "approver", NOON) as browser:
        answer = browser.post(
            "/tokens", headers={"Authorization": f"Bearer {viewer}", "Origin": "https://evil.example"}
        )
    assert answer.status_code == 403
    assert "The role approver may do this" in html.unescape(answer.text)


def test_a_token_ends_when_it_expires_or_is_revoked(service: Service) -> None:
    brief, kept = service.tokens.make("brief", "viewer", DAY, OPS), service.tokens.make("kept", "viewer", None, OPS)
    service.clock.at += DAY
    refused = service.ask(brief, "/")
    assert (refused.status_code, refused.json()["detail"]) == (401, f"The token brief ({brief[:12]}…) is expired.")
    assert service.ask(kept, "/").status_code == 200
    assert [token.name for token in service.tokens.revoke(kept[:12], OPS)] == ["kept"]
    assert service.tokens.revoke(kept[:12], OPS) == []
    assert "is revoked" in service.ask(kept, "/").json()["detail"]


def test_wrong_tokens_are_counted_and_a_valid_one_still_opens(service: Service) -> None:
    valid = service.tokens.make("ci", "viewer", None, OPS)
    answers = [service.ask(f"wrong{number}", "/") for number in range(MOST + 1)]
    assert [answer.status_code for answer in answers] == [401] * (MOST - 1) + [429] * 2
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert int(answers[-1].headers["retry-after"]) > 0
    assert service.ask(valid, "/").status_code == 200
    refused = [entry for entry in open_reader(service.state).audit() if entry.action == "sign in refused"]
    assert [(e.actor.via, e.detail) for e in refused] == [("api", "The token is unknown.")] * MOST


@pytest.mark.state_file
def test_only_the_hash_of_a_token_is_kept(service: Service) -> None:
    token = service.tokens.make("ci", "viewer", None, OPS)
    service.ask(token, "/")
    kept = b"".join(file.read_bytes() for file in service.state.parent.glob("scim-bridge.db*"))
    assert token[:12].encode() in kept
    assert token[12:].encode() not in kept


def test_the_last_use_is_known_to_the_minute(service: Service) -> None:
    token = service.tokens.make("ci", "viewer", None, OPS)
    for later in (0, 30, 61):
        service.clock.at = NOON + timedelta(seconds=later)
        assert service.ask(token, "/").status_code == 200
        expected = NOON + timedelta(seconds=61 if later == 61 else 0)
        assert [each.last_used for each in service.tokens.all()] == [expected]


def test_no_request_waits_for_a_long_write_to_note_its_use(service: Service) -> None:
    token = service.tokens.make("ci", "viewer", None, OPS)
    with writing(open_database(service.state)) as database:
        database.exec_driver_sql("UPDATE api_tokens SET name = name")  # takes the lock of the database
        assert httpx.get(service.url, headers={"Authorization": f"Bearer {token}"}, timeout=8).status_code == 200


def test_the_page_makes_a_token_shows_it_once_and_revokes_it(service: Service) -> None:
    with signed_in(service.url, service.state, "approver", NOON) as browser:
        made = browser.post("/tokens", data={"name": "ci <b>", "role": "viewer", "lasts": "7d"})
        assert made.status_code == 303
        there = made.headers["location"]
        with signed_in(service.url, service.state, "approver", NOON) as another:
            assert 'id="made"' not in another.get(there).text
        browser.head(there)
        (token,) = re.findall(r'id="made">(scimb_[\w-]{43})<', browser.get(there).text)
        assert token not in browser.get(there).text
        assert token not in there
        assert len(service.tokens.all()) == 1
        assert service.ask(token, "/").status_code == 200
        page = browser.get("/tokens").text
        assert token not in page
        assert token[:12] in page
        assert "ci &lt;b&gt;" in page
        assert browser.post("/tokens/1/revoke").status_code == 303
        assert service.ask(token, "/").status_code == 401
    entries = open_reader(service.state).audit()
    told = [(entry.action, entry.subject, entry.detail) for entry in entries if entry.action != "sign in"]
    assert told[:2] == [
        ("make token", f"ci <b> ({token[:12]}…)", "viewer, until 2027-03-20"),
        ("revoke token", f"ci <b> ({token[:12]}…)", ""),
    ]


def test_a_token_without_a_name_or_a_role_is_not_made(service: Service) -> None:
    forms = [
        {},
        {"name": "", "role": "viewer"},
        {"name": "x" * 61, "role": "viewer"},
        {"name": "a\0b", "role": "viewer"},
    ]
    forms += [{"name": "ci", "role": "root"}, {"name": "ci", "role": "viewer", "lasts": "9999d"}]
    with signed_in(service.url, service.state, "approver", NOON) as browser:
        for form in forms:
            answer = browser.post("/tokens", data=form)
            assert (answer.status_code, "No token was made." in answer.text) == (422, True)
    assert service.tokens.all() == []


def test_a_number_that_is_none_is_a_page_that_is_not_there(service: Service) -> None:
    with signed_in(service.url, service.state, "approver", NOON) as browser:
        for number in ("0", "x", str(10**30), "-1"):
            assert browser.post(f"/tokens/{number}/revoke").status_code == 404
            assert browser.post(f"/sessions/{number}/end").status_code == 404


def test_an_approver_ends_the_session_of_another_browser(service: Service) -> None:
    with (
        signed_in(service.url, service.state, "viewer", NOON) as other,
        signed_in(service.url, service.state, "approver", NOON) as browser,
    ):
        assert other.get("/").status_code == 200
        assert "viewer@test" in browser.get("/tokens").text
        assert browser.post("/sessions/1/end").status_code == 303
        assert other.get("/").status_code == 303
        assert browser.get("/").status_code == 200


def test_a_token_that_no_one_has_looked_at_is_forgotten_after_a_minute(service: Service) -> None:
    with signed_in(service.url, service.state, "approver", NOON) as browser:
        there = browser.post("/tokens", data={"name": "ci", "role": "viewer", "lasts": "7d"}).headers["location"]
        service.clock.at += timedelta(minutes=1)
        assert 'id="made"' not in browser.get(there).text
