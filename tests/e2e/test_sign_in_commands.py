"""`token`, `session` and `sign-in`: who and what may come in, by command."""

import re

import httpx
import pytest

from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.reader import open_reader
from tests.e2e.conftest import Cli
from tests.e2e.world import World
from tests.service.sign_in import signed_in


def test_a_token_is_made_listed_and_revoked_by_command(world: World, cli: Cli) -> None:
    made = cli("token", "create", "--role", "operator", "--name", "ci", "--expires", "30d")
    assert (made.code, re.fullmatch(r"scimb_[\w-]{43}\n", made.out) is not None) == (0, True)
    listed = cli("token", "list", "--output", "json")
    assert made.out.strip() not in listed.out
    (token,) = listed.json
    assert (token["name"], token["role"], token["standing"], token["last_used"]) == ("ci", "operator", "valid", None)
    assert token["prefix"] == made.out[:12]
    assert f"{token['prefix']}…" in cli("token", "list").out
    assert f"the token ci ({token['prefix']}…) is revoked" in cli("token", "revoke", token["prefix"]).err
    again = cli("token", "revoke", "1")
    assert (again.code, "there is no token 1 to revoke. See: scim-bridge token list" in again.err) == (2, True)
    assert [entry.action for entry in open_reader(world.state).audit()] == ["make token", "revoke token"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--role", "root"), "--role 'root' is not a role. Write one of: viewer, operator, approver."),
        (("create", "--role", "viewer", "--expires", "soon"), "--expires 'soon' is not a duration; write 90s"),
        (("revoke", str(10**30)), f"there is no token {10**30} to revoke"),
    ],
)
def test_a_wrong_token_command_says_the_way_out(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    answer = cli("token", *arguments)
    assert answer.code == 2
    assert said in answer.err


def test_sessions_are_listed_and_ended_by_command(world: World, cli: Cli) -> None:
    with (
        Served(create_app(Shown(world.state, {"corp": None})), ("127.0.0.1", 0)) as served,
        signed_in(served.url, world.state) as one,
        signed_in(served.url, world.state, "viewer") as two,
    ):
        assert [each["role"] for each in cli("session", "list", "-o", "json").json] == ["viewer", "approver"]
        assert "viewer@test" in cli("session", "list").out
        assert cli("session", "end", "1").code == 0
        assert (one.get("/").status_code, two.get("/").status_code) == (303, 200)
        assert "1 session ended" in cli("session", "end", "--all").err
        assert two.get("/").status_code == 303
        assert cli("session", "end", "1").code == 2
        assert cli("session", "end").code == 2


def test_the_command_for_a_link_gives_one_that_opens(world: World, cli: Cli) -> None:
    with Served(create_app(Shown(world.state, {"corp": None})), ("127.0.0.1", 0)) as served:
        link = cli("sign-in").out.strip()
        assert link.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=served.url) as browser:
            assert browser.get(link[link.index("/sign-in") :]).status_code == 303
            assert browser.get("/").status_code == 200


AUTH = "auth: {issuer: https://idp.example, client: bridge, secret: env:NO_SUCH_SECRET, roles: {viewer: [staff]}}"


@pytest.mark.parametrize(
    ("service", "sentence"),
    [
        ('listen: "0.0.0.0:0"', "beyond loopback, without service.auth, so anyone could use it"),
        (f'listen: "0.0.0.0:0", public_url: https://b.example, {AUTH}', "beyond loopback, without TLS"),
        (f"public_url: https://b.example, {AUTH}", "the environment variable NO_SUCH_SECRET is not set"),
        ('tls: {cert_file: no.pem, key_file: no.pem}, listen: "127.0.0.1:0"', "no.pem cannot be read"),
    ],
)
def test_a_service_that_would_not_be_safe_does_not_start(world: World, cli: Cli, service: str, sentence: str) -> None:
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(f"{text}service: {{{service}}}\n" if "service:" not in text else
                            re.sub(r"service:.*", f"service: {{{service}}}", text), encoding="utf-8")  # fmt: skip
    answer = cli("run")
    assert (answer.code, sentence in answer.err) == (2, True)


def test_with_a_provider_there_is_no_link(world: World, cli: Cli) -> None:
    text = re.sub(r"service:.*\n", "", world.config.read_text(encoding="utf-8"))
    world.config.write_text(f"{text}service: {{public_url: https://b.example, {AUTH}}}\n", encoding="utf-8")
    answer = cli("sign-in")
    assert (answer.code, answer.out) == (2, "")
    assert "users sign in at the provider and not by a link. Open https://b.example in your browser." in answer.err
