"""How a service is reached: over TLS, behind a proxy, by its public name; and that an unsafe one does not start."""

import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from scim_bridge.config.secret import Secret
from scim_bridge.config.service import AuthSettings, ServiceSettings, TlsFiles
from scim_bridge.errors import Misconfigured
from scim_bridge.model.actor import Actor
from scim_bridge.service.app import create_app
from scim_bridge.service.auth.csrf import HEADER, token_for
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State

ISSUER = "https://idp.example"


def _settings(folder: Path, **given: object) -> ServiceSettings:
    (folder / "secret").write_text("s", encoding="utf-8")
    secret = Secret("file:secret", folder, "secret")
    auth = AuthSettings(issuer=ISSUER, client="bridge", secret=secret, roles={"viewer": ("staff",)})
    return ServiceSettings(public_url="https://bridge.example", auth=auth, **given)  # type: ignore[arg-type]  # its own


def _certificate(folder: Path) -> tuple[trustme.CA, TlsFiles]:
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", "bridge.example")
    leaf.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    return authority, TlsFiles(folder / "cert.pem", folder / "key.pem")


def test_over_tls_the_cookie_is_for_this_host_alone_and_never_in_the_clear(tmp_path: Path) -> None:
    authority, tls = _certificate(tmp_path)
    state, trusting = tmp_path / "scim-bridge.db", ssl.create_default_context()
    authority.configure_trust(trusting)
    app = create_app(Shown(state, {"corp": None}), _settings(tmp_path, tls=tls))
    secret = State(state).sign_ins.begin(Actor("h.sato", "page"), "viewer", ISSUER)
    with Served(app, ("127.0.0.1", 0), tls) as served, httpx.Client(base_url=served.url, verify=trusting) as browser:
        assert served.url.startswith("https://")
        cookie = {"Cookie": f"__Host-scim-bridge={secret}", "Host": "bridge.example"}
        page = browser.get("/", headers=cookie)
        assert page.status_code == 200
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400
        ours = {"Origin": "https://bridge.example", HEADER: token_for(secret)}
        other = browser.post("/sign-out", headers=cookie | ours | {"Origin": served.url})
        assert other.status_code == 403
        out = browser.post("/sign-out", headers=cookie | ours)
        assert (out.status_code, out.headers["location"]) == (303, "/signed-out")
        taken = out.headers["set-cookie"].lower()
        assert taken.startswith("__host-scim-bridge=")
        assert all(part in taken for part in ("secure", "httponly", "path=/", "samesite=lax"))
        assert "domain" not in taken


@pytest.mark.parametrize(("behind_proxy", "address"), [(True, "203.0.113.9"), (False, "127.0.0.1")])
def test_the_address_is_what_the_proxy_added_and_never_what_a_client_made_up(
    tmp_path: Path, *, behind_proxy: bool, address: str
) -> None:
    state = tmp_path / "scim-bridge.db"
    app = create_app(Shown(state, {"corp": None}), _settings(tmp_path, behind_proxy=behind_proxy))
    secret = State(state).sign_ins.begin(Actor("h.sato", "page"), "viewer", ISSUER)
    headers = {"Cookie": f"__Host-scim-bridge={secret}", "X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    headers |= {"Host": "bridge.example", "Origin": "https://bridge.example", HEADER: token_for(secret)}
    with Served(app, ("127.0.0.1", 0)) as served, httpx.Client(base_url=served.url) as browser:
        assert browser.post("/sign-out", headers=headers).status_code == 303
        assert browser.get("/", headers=headers | {"X-Forwarded-For": ", <b>"}).status_code == 303
    out = [entry for entry in open_reader(state).audit() if entry.action == "sign out"]
    assert [entry.actor.address for entry in out] == [address]


@pytest.mark.parametrize(
    ("cert", "key", "sentence"),
    [
        ("nowhere.pem", "key.pem", r"nowhere\.pem cannot be read \(No such file or directory\)"),
        ("text.pem", "key.pem", "are not a certificate and its key"),
        ("cert.pem", "other.pem", "are not a certificate and its key"),
        ("cert.pem", "locked.pem", "are not a certificate and its key"),
    ],
)
def test_files_that_are_not_a_certificate_and_its_key_are_named(
    tmp_path: Path, cert: str, key: str, sentence: str
) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    _certificate(tmp_path)
    (tmp_path / "text.pem").write_text("no certificate", encoding="utf-8")
    trustme.CA().issue_cert("x").private_key_pem.write_to_path(str(tmp_path / "other.pem"))
    read = load_pem_private_key((tmp_path / "key.pem").read_bytes(), None)
    locked = read.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    (tmp_path / "locked.pem").write_bytes(locked)
    app = create_app(Shown(tmp_path / "scim-bridge.db", {}))
    with pytest.raises(Misconfigured, match=sentence):
        Served(app, ("127.0.0.1", 0), TlsFiles(tmp_path / cert, tmp_path / key))
