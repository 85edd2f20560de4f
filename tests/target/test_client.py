"""What becomes of each answer: which are sent again, which hold one object, which stop the run."""

import gc
import logging
import weakref
from email.utils import formatdate
from threading import Thread
from time import time

import httpx
import pytest

from scim_bridge.errors import CredentialsRefused, EndpointDown, Misconfigured, NameTaken, NotThere, Refused, Stop
from scim_bridge.target.client import ScimClient
from scim_bridge.target.lane import Turn
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from scim_bridge.target.scim import ScimTarget
from tests.fakes import FakeClock
from tests.target.conftest import URL, Opening, Script, answer

SATO = {"id": "t-1", "userName": "sato@corp.example", "displayName": "Sato", "active": True}
GENERIC = "Request is unparsable, syntactically incorrect, or violates schema."
HTML = httpx.Response(200, content=b"<html>Sign in to the proxy</html>", headers={"content-type": "text/html"})


@pytest.mark.parametrize(
    "trouble",
    [
        answer(429),
        answer(500),
        answer(503),
        HTML,
        answer(200),
        answer(200, ["a list"]),
        answer(200, {"status": "ok"}),
        httpx.ReadTimeout("no answer"),
        httpx.ReadError("connection reset"),
        httpx.RemoteProtocolError("closed without an answer"),
        httpx.ConnectError("refused"),
        httpx.ConnectError("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred"),
        httpx.DecodingError("not gzip"),
    ],
    ids=str,
)
def test_passing_trouble_is_waited_out(open_at: Opening, trouble: httpx.Response | httpx.RequestError) -> None:
    script = Script(trouble, trouble, answer(200, SATO))
    found = open_at(script).get("user", "t-1")
    assert found is not None
    assert found.name == "sato@corp.example"
    assert len(script.requests) == 3


@pytest.mark.parametrize(
    ("status", "error"), [(400, Refused), (404, NotThere), (409, NameTaken), (405, Refused), (501, Refused)]
)
def test_a_refusal_concerns_one_object_and_is_not_sent_again(
    open_at: Opening, status: int, error: type[Exception]
) -> None:
    script = Script(answer(status, {"detail": "No.", "status": str(status)}))
    with pytest.raises(error) as raised:
        open_at(script).update("user", "t-1", {"title": (None, "Lead")})
    assert getattr(raised.value, "request_id", None) == "req-1"
    assert "req-1" in str(raised.value)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "List attribute emails exceeds allowed limit of 1"}, "List attribute emails exceeds allowed limit"),
        ({"Detail": "in capitals"}, "in capitals"),
        ({"message": "by another name"}, "by another name"),
        ({"schema": []}, "no reason given"),
        (["no object"], "no object"),
        (None, "no reason given"),
    ],
)
def test_a_refusal_is_told_in_the_endpoints_words(open_at: Opening, body: object, said: str) -> None:
    with pytest.raises(Refused, match=said):
        open_at(Script(answer(400, body))).update("user", "t-1", {"title": (None, "Lead")})


def test_a_refusal_without_a_reason_points_to_cloudtrail(open_at: Opening) -> None:
    with pytest.raises(Refused, match=r"req-1\)\. .*CloudTrail") as raised:
        open_at(Script(answer(400, {"detail": GENERIC}))).update("user", "t-1", {"title": (None, "Lead")})
    assert "CloudTrail" in raised.value.way_out


def test_a_refusal_may_be_long_and_spread_over_lines(open_at: Opening) -> None:
    with pytest.raises(Refused) as raised:
        open_at(Script(httpx.Response(400, text="<p>no\n\n" + "x" * 5_000))).update(
            "user", "t-1", {"title": ("a", "b")}
        )
    assert len(str(raised.value)) < 500
    assert "\n" not in str(raised.value)


# Credentials


def test_a_token_that_was_rotated_is_read_again(open_at: Opening) -> None:
    tokens = iter(["old", "new"])
    script = Script(answer(401), answer(200, SATO))
    target = open_at(script, lambda: next(tokens))
    assert target.get("user", "t-1") is not None
    assert target.get("user", "t-1") is not None
    assert script.tokens == ["old", "new", "new"]


def test_a_token_that_stayed_the_same_is_not_tried_again(open_at: Opening) -> None:
    script = Script(answer(401))
    with pytest.raises(CredentialsRefused, match="expired") as raised:
        open_at(script).get("user", "t-1")
    assert "tenant" in str(raised.value)
    assert len(script.requests) == 1


def test_a_new_token_that_is_refused_too_stops_the_run(open_at: Opening) -> None:
    tokens = iter(["old", "new"])
    script = Script(answer(401))
    with pytest.raises(CredentialsRefused):
        open_at(script, lambda: next(tokens)).get("user", "t-1")
    assert script.tokens == ["old", "new"]


def test_denied_access_names_both_reasons_there_may_be(open_at: Opening) -> None:
    script = Script(answer(403))
    with pytest.raises(CredentialsRefused, match="may not do this") as raised:
        open_at(script).get("user", "t-1")
    assert "ScimAllowSourceIps" in str(raised.value)
    assert len(script.requests) == 1


@pytest.mark.parametrize("token", ["two words", "pässwort", "line\nbreak"])
def test_a_token_that_cannot_be_one_is_refused_unseen_and_unsent(open_at: Opening, token: str) -> None:
    script = Script(answer(200, SATO))
    with pytest.raises(CredentialsRefused) as raised:
        open_at(script, lambda: token).get("user", "t-1")
    assert token not in str(raised.value)
    assert not script.requests


def test_a_token_that_cannot_be_read_is_the_configurations_affair(open_at: Opening) -> None:
    def missing() -> str:
        raise Misconfigured("the environment variable SCIM_TOKEN is not set")

    with pytest.raises(Misconfigured):
        open_at(Script(answer(200, SATO)), missing).check()


def test_a_redirect_is_not_followed_since_the_token_is_for_this_host(open_at: Opening) -> None:
    script = Script(answer(302, location="https://elsewhere.example/"))
    with pytest.raises(EndpointDown, match="redirects to another address"):
        open_at(script).get("user", "t-1")
    assert len(script.requests) == 1


# Patience


def test_an_endpoint_that_never_answers_is_given_up_after_thirty_seconds(open_at: Opening, clock: FakeClock) -> None:
    script = Script(httpx.ConnectError("Name or service not known"))
    with pytest.raises(
        EndpointDown, match=r"never answered within 30 s: scim.eu-west-1.amazonaws.com cannot be reached"
    ):
        open_at(script).check()
    assert sum(clock.waited) == pytest.approx(30, abs=0.1)


def test_an_endpoint_that_answered_once_and_fails_is_given_up_after_eight_attempts(open_at: Opening) -> None:
    script = Script(answer(200, SATO), answer(503))
    target = open_at(script)
    target.get("user", "t-1")
    with pytest.raises(EndpointDown, match=r"did not recover within .* s: the endpoint answered 503"):
        target.get("user", "t-1")
    assert len(script.requests) == 1 + 8 + 1  # the last one asks whether it is this object alone


def test_once_nothing_has_succeeded_for_a_minute_everybody_ends_without_another_attempt(
    open_at: Opening, clock: FakeClock
) -> None:
    script = Script(answer(200, SATO), answer(503))
    target = open_at(script)
    target.get("user", "t-1")
    for _ in range(20):
        with pytest.raises(EndpointDown):
            target.get("user", "t-1")
    sent, now = len(script.requests), clock.now
    for _ in range(50):
        with pytest.raises(EndpointDown, match=r"nothing sent to the endpoint has succeeded for \d+ s"):
            target.get("user", "t-1")
    assert (len(script.requests), clock.now) == (sent, now)


def test_failures_between_successes_are_no_outage(open_at: Opening) -> None:
    script = Script(*[answer(503), answer(503), answer(200, SATO)] * 40)
    target = open_at(script)
    for _ in range(40):
        assert target.get("user", "t-1") is not None


def test_what_is_marked_urgent_goes_first_and_for_this_thread_alone(clock: FakeClock) -> None:
    asked: list[bool] = []

    class Recording(Rate):
        def acquire(self, kind: str = "", *, members: int = 0, urgent: bool = False) -> Turn:
            asked.append(urgent)
            return super().acquire(kind, members=members, urgent=urgent)

    rate = Recording(1_000, clock, clock.wait)
    transport = httpx.MockTransport(lambda request: answer(200, SATO))
    with ScimTarget(ScimClient(URL, lambda: "token-1", rate, Patience(clock=clock), transport)) as target:
        with target.urgent():
            target.get("user", "t-1")
            other = Thread(target=target.get, args=("user", "t-1"))
            other.start()
            other.join()
        target.get("user", "t-1")
    assert asked == [True, False, False]


def test_being_throttled_does_not_use_up_the_attempts(open_at: Opening) -> None:
    script = Script(*[answer(429, retry_after="1")] * 20, answer(503), answer(200, SATO))
    target = open_at(script)
    assert target.get("user", "t-1") is not None
    assert (target.sent.reads, target.sent.writes, target.sent.throttled) == (22, 0, 20)


def test_being_throttled_for_ever_ends_after_ten_minutes(open_at: Opening, clock: FakeClock) -> None:
    with pytest.raises(EndpointDown, match="did not recover"):
        open_at(Script(answer(429, retry_after="60"))).get("user", "t-1")
    assert 600 <= sum(clock.waited) < 700


@pytest.mark.parametrize("form", ["200", "date"])
def test_the_wait_that_the_endpoint_asks_for_is_kept(open_at: Opening, clock: FakeClock, form: str) -> None:
    value = formatdate(time() + 200, usegmt=True) if form == "date" else form
    open_at(Script(answer(429, retry_after=value), answer(200, SATO))).get("user", "t-1")
    assert 100 < sum(clock.waited) <= 200


@pytest.mark.parametrize("value", ["soon", "-3", "Wed, 99 Foo 2027", "7.5"])
def test_a_wait_that_cannot_be_read_counts_as_none(open_at: Opening, clock: FakeClock, value: str) -> None:
    open_at(Script(answer(503, retry_after=value), answer(200, SATO))).get("user", "t-1")
    assert sum(clock.waited) <= 0.5


def test_a_page_that_is_no_scim_is_told_apart_soon_when_a_person_waits(open_at: Opening) -> None:
    script = Script(HTML)
    with pytest.raises(EndpointDown, match=r"not JSON, so it is not a SCIM endpoint's.*proxy"):
        open_at(script).check()
    assert len(script.requests) == 3


@pytest.mark.parametrize("status", [400, 404])
def test_an_address_without_scim_is_named_as_such(open_at: Opening, status: int) -> None:
    with pytest.raises(Stop, match=r"there is no SCIM endpoint at target.url"):
        open_at(Script(answer(status))).check()


def test_nothing_of_token_or_tenant_is_ever_logged(open_at: Opening, caplog: pytest.LogCaptureFixture) -> None:
    script = Script(answer(401), answer(429), answer(503), httpx.ReadError("reset"), answer(400, {"detail": "No."}))
    tokens = iter(["token-1", "token-2"])
    with caplog.at_level(logging.INFO), pytest.raises(Refused) as raised:
        open_at(script, lambda: next(tokens)).update("user", "t-1", {"title": (None, "Lead")})
    assert [record.message for record in caplog.records if record.name == "scim_bridge.target"] == [
        "PATCH Users answered 429",
        "PATCH Users answered 503",
        "PATCH Users was not answered: ReadError",
        "PATCH Users answered 400",
    ]
    for secret in ("token-", "some-tenant"):
        assert secret not in caplog.text + str(raised.value)


def test_every_request_says_who_it_is_and_what_it_takes(open_at: Opening) -> None:
    script = Script(answer(200, SATO))
    target = open_at(script)
    target.get("user", "t-1")
    target.update("user", "t-1", {"title": (None, "Lead")})
    get, patch = script.requests
    assert get.headers["user-agent"] == patch.headers["user-agent"] == "scim-bridge"
    assert "content-type" not in get.headers
    assert patch.headers["content-type"] == "application/scim+json"
    assert (target.sent.reads, target.sent.writes) == (1, 1)


def test_a_page_that_was_read_is_gone_at_once_without_a_search_for_circles() -> None:
    pages: list[weakref.ref[httpx.Response]] = []

    def page(_: httpx.Request) -> httpx.Response:
        response = httpx.Response(200, json={"Resources": []})
        pages.append(weakref.ref(response))
        return response

    client = ScimClient(URL, lambda: "token", Rate(1_000), transport=httpx.MockTransport(page))
    gc.disable()  # as a run does
    try:
        for _ in range(3):
            client.get("Users?count=100", needs="Resources")
        assert [page() for page in pages] == [None] * 3
    finally:
        gc.enable()
        client.close()
