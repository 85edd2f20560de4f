"""The client against a real socket: faults in the middle of a write, what was just created, TLS, and proxies' pages."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scim_bridge.config.secret import Secret
from scim_bridge.config.settings import TargetSettings
from scim_bridge.errors import CredentialsRefused, EndpointDown, NameTaken, NotThere, Stop
from scim_bridge.model.identity import Value
from scim_bridge.sandbox.fault import Fault, FaultKind
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.target.client import ScimClient
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from scim_bridge.target.scim import ScimTarget, open_target
from tests.fakes import FakeClock

SATO: dict[str, Value] = {
    "externalId": "1207",
    "userName": "sato@corp.example",
    "name.givenName": "名",
    "name.familyName": "佐藤",
    "displayName": "佐藤",
    "active": True,
}


def at(url: str, clock: FakeClock, token: str = "sandbox-token") -> ScimTarget:
    patience = Patience(clock=clock, wait=clock.wait)
    return ScimTarget(ScimClient(url, lambda: token, Rate(1_000, clock, clock.wait), patience), clock=clock)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sandbox(clock: FakeClock) -> Iterator[Sandbox]:
    """An emulator whose time is the tests' clock."""

    def now() -> datetime:
        return datetime.fromtimestamp(1_800_000_000 + clock.now, UTC)

    with Sandbox(Knobs(rate=None), now=now, clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def target(sandbox: Sandbox, clock: FakeClock) -> Iterator[ScimTarget]:
    with at(sandbox.url, clock) as target:
        yield target


@pytest.mark.parametrize("kind", ["throttle", "error", "cut_before", "cut_after"])
def test_a_change_arrives_whatever_happens_on_the_way(sandbox: Sandbox, target: ScimTarget, kind: FaultKind) -> None:
    user_id = target.create("user", SATO).target_id
    sandbox.fail(Fault(kind, method="PATCH", left=3))
    target.update("user", user_id, {"title": (None, "Lead")})
    assert sandbox.state()["users"][0]["title"] == "Lead"
    assert [request.method for request in sandbox.requests] == ["POST"] + ["PATCH"] * 4


@pytest.mark.parametrize("kind", ["throttle", "error", "cut_before"])
def test_a_create_that_did_not_arrive_is_sent_again(sandbox: Sandbox, target: ScimTarget, kind: FaultKind) -> None:
    sandbox.fail(Fault(kind, method="POST", left=2))
    user_id = target.create("user", SATO).target_id
    assert [user["id"] for user in sandbox.state()["users"]] == [user_id]


def test_a_create_whose_answer_was_lost_ends_as_a_question_and_creates_nobody_twice(
    sandbox: Sandbox, target: ScimTarget
) -> None:
    sandbox.fail(Fault("cut_after", method="POST", left=1))
    with pytest.raises(NameTaken):
        target.create("user", SATO)
    found = target.find("user", "externalId", "1207")
    assert found is not None
    assert [user["id"] for user in sandbox.state()["users"]] == [found.target_id]


def test_who_was_just_created_is_put_in_a_group_as_soon_as_the_endpoint_sees_him(
    sandbox: Sandbox, target: ScimTarget
) -> None:
    group_id = target.create("group", {"displayName": "dev"}).target_id
    sandbox.app.knobs = Knobs(rate=None, visible_after=0.3)
    user_id = target.create("user", SATO).target_id
    target.add_members(group_id, [user_id])
    assert target.read_members([group_id]) == {group_id: {user_id}}
    assert next(r.status for r in sandbox.requests if r.method == "PATCH") == 404


def test_a_new_id_is_waited_for_ten_seconds_however_often_it_is_asked_for(
    sandbox: Sandbox, target: ScimTarget, clock: FakeClock
) -> None:
    group_id = target.create("group", {"displayName": "dev"}).target_id
    sandbox.app.knobs = Knobs(rate=None, visible_after=9.5)
    user_id, begun = target.create("user", SATO).target_id, clock.now
    target.add_members(group_id, [user_id])
    assert 9.5 <= clock.now - begun <= 10
    assert target.read_members([group_id]) == {group_id: {user_id}}


def test_what_an_unanswered_request_made_is_new_too(sandbox: Sandbox, target: ScimTarget) -> None:
    group_id = target.create("group", {"displayName": "dev"}).target_id
    sandbox.app.knobs = Knobs(rate=None, visible_after=5)
    sandbox.fail(Fault("cut_after", "POST", left=1))
    with pytest.raises(NameTaken):
        target.create("user", SATO)
    found = target.find("user", "userName", str(SATO["userName"]))
    assert found is not None
    target.add_members(group_id, [found.target_id])
    assert target.read_members([group_id]) == {group_id: {found.target_id}}


def test_somebody_created_long_ago_who_is_gone_is_believed_to_be_gone(
    sandbox: Sandbox, target: ScimTarget, clock: FakeClock
) -> None:
    user_id = target.create("user", SATO).target_id
    sandbox.app.store.delete("User", user_id, with_assignments=True)
    clock.now += 60
    sandbox.forget_requests()
    with pytest.raises(NotThere):
        target.update("user", user_id, {"title": (None, "Lead")})
    assert sandbox.counts.total == 1


def test_a_throttled_client_waits_until_the_quota_lets_it_pass(clock: FakeClock) -> None:
    with Sandbox(Knobs(rate=5, retry_after=2), clock=clock) as sandbox, at(sandbox.url, clock) as target:
        for _ in range(20):
            target.check()
        assert target.sent.throttled == sandbox.counts.throttled > 0
        assert sandbox.counts.total == target.sent.reads


def test_an_endpoint_over_http_is_opened_from_the_configuration(sandbox: Sandbox, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("wrong\n", encoding="utf-8")
    settings = TargetSettings("identity-center", sandbox.url, Secret("file:token", tmp_path), None, 100.0)
    with open_target(settings) as target:
        assert target.capabilities is IDENTITY_CENTER
        with pytest.raises(CredentialsRefused):
            target.check()
        token.write_text("sandbox-token\n", encoding="utf-8")
        target.check()


def test_another_tenant_is_refused_like_a_wrong_token(sandbox: Sandbox, clock: FakeClock) -> None:
    url = sandbox.url.replace(sandbox.app.identity.tenant, "54a8c4d8-2071-70aa-9c55-0d3b1f6e7712")
    with at(url, clock) as target, pytest.raises(CredentialsRefused, match="tenant id in the URL is wrong"):
        target.check()


def test_a_path_that_is_no_scim_base_is_told_as_such(sandbox: Sandbox, clock: FakeClock) -> None:
    with at(f"{sandbox.url}/v3", clock) as target, pytest.raises(Stop, match="no SCIM endpoint at target"):
        target.check()


def test_a_closed_port_is_given_up_after_thirty_seconds(clock: FakeClock) -> None:
    with at("http://127.0.0.1:9/t/scim/v2", clock) as target:
        with pytest.raises(EndpointDown, match="never answered within 30 s"):
            target.check()
        assert target.sent.reads > 3


def test_a_host_that_speaks_no_tls_is_told_at_once(sandbox: Sandbox, clock: FakeClock) -> None:
    with at(sandbox.url.replace("http:", "https:"), clock) as target:
        with pytest.raises(EndpointDown, match="no secure connection"):
            target.check()
        assert target.sent.reads == 1


def test_a_certificate_nobody_vouches_for_is_told_at_once(tmp_path: Path, clock: FakeClock) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Thread(target=_shake_hands_once, args=(listening, context))
        server.start()
        with at(f"https://127.0.0.1:{listening.getsockname()[1]}/t/scim/v2", clock) as target:
            with pytest.raises(EndpointDown, match="SSL_CERT_FILE"):
                target.check()
            assert target.sent.reads == 1
        server.join()


def _shake_hands_once(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    with connection:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:  # the client does not trust us: that is the point
            return


def self_signed(folder: Path) -> Path:
    """A file with key and certificate for 127.0.0.1 that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
