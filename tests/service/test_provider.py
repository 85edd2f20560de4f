"""Sign-in at an OpenID provider: a real one (canaille), and one that forges its tokens, over real HTTP."""

import html
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import trustme
from joserfc.jwk import OctKey, RSAKey

from scim_bridge.cli.check_service import looks_at
from scim_bridge.config.secret import Secret
from scim_bridge.config.service import AuthSettings, ServiceSettings, TlsFiles
from scim_bridge.errors import Misconfigured
from scim_bridge.model.actor import Actor, Role, by_token, is_same_person
from scim_bridge.service.app import create_app
from scim_bridge.service.auth.vouched import ProviderDown
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State
from tests.service.issuer import CLIENT, SECRET, Forge, Issuer, honest, signed, signed_by_hand

ROLE_GROUPS: dict[Role, tuple[str, ...]] = {"viewer": ("staff",), "operator": ("it-ops",), "approver": ("it-leads",)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Console:
    """A service whose users sign in at a provider."""

    url: str
    state: Path

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.url)

    def audit(self) -> list[tuple[str, str, str]]:
        return [(each.action, each.actor.name, each.detail) for each in open_reader(self.state).audit()]


def served_with(issuer: str, folder: Path, **auth: Any) -> tuple[Served, Console]:
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    url, state = f"http://127.0.0.1:{_free_port()}", folder / "scim-bridge.db"
    given = AuthSettings(
        issuer=issuer, client=CLIENT, secret=Secret("file:secret", folder, "secret"), roles=ROLE_GROUPS
    )
    service = ServiceSettings(public_url=url, auth=replace(given, **auth))
    port = int(url.rpartition(":")[2])
    return Served(create_app(Shown(state, {"corp": None}), service), ("127.0.0.1", port)), Console(url, state)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    with Served(made.app, ("127.0.0.1", 0)) as served:  # type: ignore[arg-type]  # a smaller application
        made.url = served.url
        yield made


@pytest.fixture(scope="module")
def shared(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    served, console = served_with(issuer.url, tmp_path_factory.mktemp("state"))
    with served:
        yield console


@pytest.fixture
def console(issuer: Issuer, shared: Console) -> Iterator[Console]:
    """The provider is honest again after each test."""
    kept = dict(vars(issuer))
    issuer.asked.clear()
    yield shared
    vars(issuer).update(kept)


def come_back(browser: httpx.Client, issuer: Issuer, then: str = "/runs") -> httpx.Response:
    """Start, sign in at the provider (which asks nothing), and come back."""
    there = browser.get("/sign-in/start", params={"next": then})
    asked = parse_qs(urlsplit(there.headers["location"]).query)
    issuer.nonce = asked["nonce"][0]
    return browser.get("/sign-in/callback", params={"code": "c", "state": asked["state"][0]})


def test_a_user_signs_in_with_pkce_and_comes_to_the_page_that_was_wanted(console: Console, issuer: Issuer) -> None:
    with console.browser() as browser:
        asked_to = browser.get("/runs")
        assert asked_to.headers["location"] == "/sign-in?next=%2Fruns"
        assert 'href="/sign-in/start?next=/runs"' in browser.get("/sign-in?next=%2Fruns").text
        there = browser.get("/sign-in/start?next=/runs").headers["location"]
        asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
        assert asked["code_challenge_method"] == "S256"
        assert asked["scope"] == "openid profile groups"
        assert asked["redirect_uri"] == f"{console.url}/sign-in/callback"
        issuer.nonce = asked["nonce"]
        back = browser.get("/sign-in/callback", params={"code": "c", "state": asked["state"]})
        assert (back.status_code, back.headers["location"]) == (303, "/runs")
        assert "samesite=lax" in back.headers["set-cookie"].lower()
        assert len(issuer.asked[0]["code_verifier"]) >= 43
        page = browser.get("/runs")
        assert page.status_code == 200
        assert "h.sato" in page.text
    assert console.audit()[-1] == ("sign in", "h.sato", "as approver")


def test_a_browser_may_come_back_to_another_process_of_the_service(console: Console, issuer: Issuer) -> None:
    """Behind one address there may be several `serve`, and one may have been started again meanwhile."""
    another, at = served_with(issuer.url, console.state.parent)
    with another, console.browser() as browser:
        there = browser.get("/sign-in/start", params={"next": "/runs"})
        asked = parse_qs(urlsplit(there.headers["location"]).query)
        issuer.nonce = asked["nonce"][0]
        back = browser.get(f"{at.url}/sign-in/callback", params={"code": "c", "state": asked["state"][0]})
    assert (back.status_code, back.headers["location"]) == (303, "/runs")


FORGERIES: dict[str, Forge] = {
    "alg none": lambda i, c: signed(OctKey.import_key(SECRET), c, "none").rpartition(".")[0] + ".",
    "another audience, azp ours": lambda i, c: signed(i.key, c | {"aud": "other", "azp": CLIENT}),
    "another audience": lambda i, c: signed(i.key, c | {"aud": "other"}),
    "no audience": lambda i, c: signed(i.key, {k: v for k, v in c.items() if k != "aud"}),
    "another issuer": lambda i, c: signed(i.key, c | {"iss": "https://evil.example"}),
    "expired": lambda i, c: signed(i.key, c | {"exp": int(time.time()) - 61, "iat": int(time.time()) - 400}),
    "no expiry": lambda i, c: signed(i.key, {k: v for k, v in c.items() if k != "exp"}),
    "of the future": lambda i, c: signed(i.key, c | {"iat": int(time.time()) + 3_600}),
    "another nonce": lambda i, c: signed(i.key, c | {"nonce": "other"}),
    "no nonce": lambda i, c: signed(i.key, {k: v for k, v in c.items() if k != "nonce"}),
    "another key of the same kid": lambda i, c: signed(RSAKey.generate_key(2048), c),
    "an unknown kid": lambda i, c: signed(RSAKey.generate_key(2048), c, kid="k9"),
    "signed with the client's secret": lambda i, c: signed(OctKey.import_key(SECRET), c, "HS256"),
    "signed with the public key as a secret": lambda i, c: signed_by_hand(i.key.as_pem(private=False), c),
    "a changed payload": lambda i, c: ".".join(
        [signed(i.key, c).split(".")[0], signed(i.key, c | {"groups": ["it-leads", "x"]}).split(".")[1],
         signed(i.key, c).split(".")[2]]),
    "no subject": lambda i, c: signed(i.key, {k: v for k, v in c.items() if k != "sub"}),
    "no token at all": lambda i, c: "",
    "no token but text": lambda i, c: "\u00e9.\u00e9.\u00e9",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_signs_no_one_in(console: Console, issuer: Issuer, forge: Forge) -> None:
    issuer.forge = forge
    with console.browser() as browser:
        back = come_back(browser, issuer)
        assert (back.status_code, "did not sign you in" in back.text) == (403, True)
        assert browser.get("/").status_code == 303


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_the_audit_says_what_was_wrong_with_a_token_and_never_holds_it(tmp_path: Path, issuer: Issuer) -> None:
    issuer.forge = FORGERIES["another audience"]
    served, console = served_with(issuer.url, tmp_path)
    with served, console.browser() as browser:
        come_back(browser, issuer)
    issuer.forge = honest
    refused = ("sign in refused", "unknown", "its ID token is not to be believed: invalid_claim")
    assert console.audit() == [refused]


@pytest.mark.parametrize(
    "query",
    [{}, {"code": "c"}, {"state": "x", "code": "c"}, {"error": "access_denied", "error_description": "<b>no"},
     {"error": "\u00e9" * 500}],
)  # fmt: skip
def test_coming_back_without_having_left_signs_no_one_in(console: Console, query: dict[str, str]) -> None:
    with console.browser() as browser:
        back = browser.get("/sign-in/callback", params=query)
        assert (back.status_code, "<b>no" in back.text) == (403, False)


def test_the_answer_of_another_browser_signs_no_one_in(console: Console, issuer: Issuer) -> None:
    with console.browser() as victim, console.browser() as attacker:
        there = attacker.get("/sign-in/start").headers["location"]
        asked = parse_qs(urlsplit(there).query)
        issuer.nonce = asked["nonce"][0]
        assert victim.get("/sign-in/callback", params={"code": "c", "state": asked["state"][0]}).status_code == 403


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["staff"], "viewer"), (["it-ops", "staff"], "operator"), ("it-leads", "approver"), (["x"], None), ([], None),
     (None, None), ([1, {"a": 2}], None), ({"it-leads": True}, None)],
)  # fmt: skip
def test_groups_give_the_role_and_no_group_a_page_that_says_so(
    console: Console, issuer: Issuer, groups: object, role: str | None
) -> None:
    issuer.groups = groups
    with console.browser() as browser:
        back = come_back(browser, issuer)
        if role is None:
            assert back.status_code == 403
            assert "You have no role here" in back.text
            assert "h.sato" in back.text
            assert browser.get("/").status_code == 303
            assert console.audit()[-1][:2] == ("sign in refused", "h.sato")
        else:
            assert console.audit()[-1] == ("sign in", "h.sato", f"as {role}")
            assert browser.get("/tokens").status_code == (200 if role == "approver" else 403)


def test_groups_that_only_the_other_endpoint_says_count_for_the_same_subject(console: Console, issuer: Issuer) -> None:
    issuer.groups, issuer.metadata = None, {"userinfo_endpoint": f"{issuer.url}/userinfo"}
    fresh, own = served_with(issuer.url, console.state.parent)
    with fresh, own.browser() as browser, own.browser() as other:
        issuer.user_info = {"sub": "u1", "groups": ["staff"]}
        assert come_back(browser, issuer).status_code == 303
        issuer.user_info = {"sub": "u2", "groups": ["staff"]}
        assert come_back(other, issuer).status_code == 403


def test_a_new_key_of_the_provider_is_fetched(console: Console, issuer: Issuer) -> None:
    with console.browser() as browser, console.browser() as later:
        assert come_back(browser, issuer).status_code == 303
        issuer.key = RSAKey.generate_key(2048, {"kid": "k2"}, private=True)
        issuer.forge = lambda i, c: signed(i.key, c, kid="k2")
        assert come_back(later, issuer).status_code == 303


def test_a_session_of_a_link_or_of_another_provider_counts_no_more(console: Console, issuer: Issuer) -> None:
    signs = State(console.state).sign_ins
    for provider, status in (("", 303), ("https://old.example", 303), (issuer.url, 200)):
        secret = signs.begin(Actor("x", "page"), "viewer", provider)
        port = console.url.rpartition(":")[2]
        with httpx.Client(base_url=console.url, cookies={f"scim-bridge-{port}": secret}) as browser:
            assert browser.get("/").status_code == status
            assert browser.get("/sign-in?code=x").status_code == 200


def test_a_provider_that_is_down_or_answers_nonsense_is_said_with_503(tmp_path: Path, issuer: Issuer) -> None:
    gone = f"http://127.0.0.1:{_free_port()}"
    for address in (gone, f"{issuer.url}/nowhere"):
        served, console = served_with(address, tmp_path)
        with served, console.browser() as browser:
            assert browser.get("/sign-in").status_code == 200
            down = browser.get("/sign-in/start")
            assert (down.status_code, "does not answer as it should" in down.text) == (503, True)
            assert browser.get("/sign-out/provider").status_code == 503
            assert SECRET not in down.text


def _apart(look: Callable[[], str]) -> str:
    """In a thread of its own: where a browser of other tests is open, this one has a loop that is running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(look).result()


def test_check_says_whether_the_provider_and_the_tls_files_can_be_used(tmp_path: Path, issuer: Issuer) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    auth = AuthSettings(issuer=issuer.url, client=CLIENT, secret=Secret("file:secret", tmp_path, "secret"))
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    settings = ServiceSettings(public_url="https://bridge.example", auth=auth, tls=files)
    (_, tls), (_, sign_in) = looks_at(settings)
    assert _apart(sign_in) == f"{issuer.url} answers, and is the issuer that is configured"
    with pytest.raises(Misconfigured, match="cannot be read"):
        tls()
    leaf = trustme.CA().issue_cert("bridge.example")
    leaf.cert_chain_pems[0].write_to_path(str(files.cert_file))
    leaf.private_key_pem.write_to_path(str(files.key_file))
    assert tls() == "cert.pem and key.pem are a certificate and its key"
    away = replace(settings, auth=replace(auth, issuer=f"http://127.0.0.1:{_free_port()}"))
    with pytest.raises(ProviderDown):
        _apart(list(looks_at(away))[1][1])
    assert list(looks_at(ServiceSettings())) == []


def test_metadata_of_another_issuer_is_not_believed(tmp_path: Path, issuer: Issuer) -> None:
    issuer.metadata = {"issuer": "https://evil.example"}
    served, console = served_with(issuer.url, tmp_path)
    with served, console.browser() as browser:
        down = browser.get("/sign-in/start")
    issuer.metadata = {}
    assert (down.status_code, "of another issuer" in down.text) == (503, True)


@pytest.fixture(scope="module")
def canaille() -> Iterator[Any]:
    """A real provider, in a thread."""
    import os
    import threading
    import uuid

    import pytest_iam
    from canaille import create_app as create_provider
    from canaille.backends import Backend

    port, before = _free_port(), dict(os.environ)
    key = RSAKey.generate_key(2048, {"kid": "c1"}, private=True)
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # it is on loopback
    settings = {
        "TESTING": True, "ENV_FILE": None, "SECRET_KEY": str(uuid.uuid4()), "WTF_CSRF_ENABLED": False,
        "PREFERRED_URL_SCHEME": "http", "SERVER_NAME": f"localhost:{port}",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"]}}},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
    }  # fmt: skip
    app = create_provider(config=settings, env_file=".none", env_prefix="NONE_")
    server = pytest_iam.Server(app, port, Backend.instance)
    thread = threading.Thread(target=server.httpd.serve_forever)
    thread.start()
    with app.app_context():
        yield server
    server.httpd.shutdown()
    server.httpd.server_close()
    thread.join()
    os.environ.clear()
    os.environ |= before


@pytest.mark.filterwarnings("ignore")  # those of the provider are its own
def test_with_a_real_provider_a_user_signs_in_by_group_and_out_again(canaille: Any, tmp_path: Path) -> None:
    served, console = served_with(canaille.url.rstrip("/"), tmp_path)
    back = f"{console.url}/sign-in/callback"
    client = canaille.models.Client(
        client_id=CLIENT, client_secret=SECRET, client_name="bridge", redirect_uris=[back],
        post_logout_redirect_uris=[f"{console.url}/signed-out"], grant_types=["authorization_code"],
        response_types=["code"], scope=["openid", "profile", "email", "groups"],
        token_endpoint_auth_method="client_secret_basic",
    )  # fmt: skip
    canaille.backend.save(client)
    client.audience = [client]
    canaille.backend.save(client)
    user = canaille.random_user(user_name="h.sato", emails=["h.sato@corp.example"], password="correct horse")
    group = canaille.random_group(display_name="it-ops")
    canaille.backend.update(group, members=[user])
    canaille.backend.save(group)
    canaille.consent(user, client)
    with served, httpx.Client(base_url=console.url, follow_redirects=True) as browser:
        asked = browser.get("/sign-in/start?next=/runs")
        asked = browser.post(asked.url, data={"login": "h.sato"})
        arrived = browser.post(asked.url, data={"password": "correct horse"})
        assert str(arrived.url) == f"{console.url}/runs"
        assert console.audit()[-1] == ("sign in", "h.sato@corp.example", "as operator")
        assert browser.get("/tokens").status_code == 403
        token = re.findall(r'name="csrf_token" value="(\w+)"', arrived.text)[0]
        out = browser.post("/sign-out", data={"csrf_token": token}, headers={"Origin": console.url})
        assert "You are signed out" in out.text
        assert str(browser.get("/runs").url).startswith(f"{console.url}/sign-in")
        there = httpx.get(f"{console.url}/sign-out/provider").headers["location"]
        assert there.startswith(canaille.url)
        assert browser.get(there).status_code == 200
    assert html.unescape(out.text).count("h.sato") == 0


def test_a_user_and_the_tokens_they_made_are_one_person() -> None:
    for one, other in (
        ("h.sato", "h.sato"),
        (by_token("h.sato", "ci"), "H.Sato"),
        (by_token("h.sato", "a"), by_token("h.sato", "b")),
    ):
        assert is_same_person(one, other)
    assert not is_same_person("h.sato", by_token("k.suzuki", "h.sato"))
