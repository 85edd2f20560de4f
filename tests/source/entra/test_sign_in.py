"""Signing in with the real msal: each kind of credential, and what a refusal says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import ClientCertificate, ClientSecret, EntraCloud, FederatedToken, ManagedIdentity
from scim_bridge.errors import BridgeError, CredentialsRefused, Misconfigured, SourceUnreadable
from scim_bridge.sandbox.entra.credential import FederatedCredential
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.server import EntraSandbox
from tests.source.entra.tenant import machine_at, read, settings, source, variables

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
ISSUER, SUBJECT = "https://oidc.eks.example/id/7", "system:serviceaccount:sync:scim-bridge"


def certificate(folder: Path) -> Path:
    """A certificate of KEY, as a file."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scim-bridge")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    built = built.serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    path = folder / "app.pem"
    path.write_bytes(built.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


def assertion(subject: str = SUBJECT, minutes: int = 10) -> str:
    """A token of the other issuer."""
    now = datetime.now(UTC)
    claims = {"iss": ISSUER, "sub": subject, "aud": "api://AzureADTokenExchange"}
    return jwt.encode({**claims, "iat": now, "exp": now + timedelta(minutes=minutes)}, PRIVATE, algorithm="RS256")


def refusal(entra: EntraSandbox, **changed: Any) -> str:
    """The sentence with which a reading is refused."""
    with pytest.raises(CredentialsRefused) as refused:
        read(source(entra, **changed))
    return str(refused.value)


def test_a_secret_signs_in_once_for_many_requests(entra: EntraSandbox) -> None:
    reader = source(entra)
    _, memory = read(reader)
    read(reader, memory)
    assert entra.counts.token == 1


def test_a_wrong_secret_is_refused_with_microsofts_number_and_a_hint_and_never_shown(entra: EntraSandbox) -> None:
    said = refusal(entra, credential=ClientSecret(Secret("not-the-secret", Path())))
    assert f"Entra ID refuses application {entra.client} of tenant {entra.tenant}" in said
    assert "invalid_client, AADSTS7000215" in said
    assert "copy its value, not its id" in said
    assert "not-the-secret" not in said


def test_an_expired_secret_says_that_a_new_one_is_needed(entra: EntraSandbox) -> None:
    entra.registration.add_secret("old", expires=1.0)
    said = refusal(entra, credential=ClientSecret(Secret("old", Path())))
    assert "AADSTS7000222" in said
    assert "The secret has expired; make a new one" in said


def test_a_secret_that_was_replaced_is_read_again(entra: EntraSandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(entra.secret)
    reader = source(entra, credential=ClientSecret(Secret("file:secret", tmp_path, "password")))
    _, memory = read(reader)
    entra.registration.remove_secret(entra.secret)
    entra.registration.add_secret("renewed")
    (tmp_path / "secret").write_text("renewed")
    entra.expire_tokens()
    read(reader, memory)


def test_a_secret_replaced_between_reading_it_and_signing_in_is_read_once_more(
    entra: EntraSandbox, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("stale")
    reader = source(entra, credential=ClientSecret(Secret("file:secret", tmp_path, "password")))
    with pytest.raises(CredentialsRefused):
        read(reader)
    (tmp_path / "secret").write_text(entra.secret)
    read(reader)


def test_a_certificate_signs_in(entra: EntraSandbox, tmp_path: Path) -> None:
    path = certificate(tmp_path)
    entra.registration.add_certificate(path.read_bytes())
    (tmp_path / "app.key").write_text(PRIVATE)
    read(source(entra, credential=ClientCertificate(path, Secret("file:app.key", tmp_path, "key"))))


def test_a_certificate_that_is_not_registered_is_refused(entra: EntraSandbox, tmp_path: Path) -> None:
    (tmp_path / "app.key").write_text(PRIVATE)
    chosen = ClientCertificate(certificate(tmp_path), Secret("file:app.key", tmp_path, "key"))
    said = refusal(entra, credential=chosen)
    assert "AADSTS700027" in said
    assert "The app registration does not have this certificate" in said


def test_a_key_that_is_none_is_refused_without_being_shown(entra: EntraSandbox, tmp_path: Path) -> None:
    (tmp_path / "app.key").write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----")
    chosen = ClientCertificate(certificate(tmp_path), Secret("file:app.key", tmp_path, "key"))
    with pytest.raises(Misconfigured, match=r"\(file:app\.key\) is not a private key in PEM") as refused:
        read(source(entra, credential=chosen))
    assert "c2VjcmV0" not in str(refused.value)


def test_a_key_of_a_kind_that_entra_does_not_take_is_refused(entra: EntraSandbox, tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "app.key").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chosen = ClientCertificate(certificate(tmp_path), Secret("file:app.key", tmp_path, "key"))
    with pytest.raises(Misconfigured, match=r"\(file:app\.key\) is not an RSA key"):
        read(source(entra, credential=chosen))


def test_a_key_of_another_certificate_is_refused(entra: EntraSandbox, tmp_path: Path) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (tmp_path / "app.key").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chosen = ClientCertificate(certificate(tmp_path), Secret("file:app.key", tmp_path, "key"))
    with pytest.raises(Misconfigured, match=r"\(file:app\.key\) is not that of .*app\.pem"):
        read(source(entra, credential=chosen))


def test_a_certificate_that_is_none_is_refused(entra: EntraSandbox, tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text("nothing")
    (tmp_path / "app.key").write_text(PRIVATE)
    chosen = ClientCertificate(tmp_path / "app.pem", Secret("file:app.key", tmp_path, "key"))
    with pytest.raises(Misconfigured, match=r"the certificate .*app\.pem is none in PEM"):
        read(source(entra, credential=chosen))


def test_a_certificate_file_that_is_missing_is_named(entra: EntraSandbox, tmp_path: Path) -> None:
    (tmp_path / "app.key").write_text(PRIVATE)
    chosen = ClientCertificate(tmp_path / "app.pem", Secret("file:app.key", tmp_path, "key"))
    with pytest.raises(Misconfigured, match=r"the certificate .*app\.pem cannot be read"):
        read(source(entra, credential=chosen))


def test_a_federated_token_file_is_read_for_each_sign_in(entra: EntraSandbox, tmp_path: Path) -> None:
    entra.registration.trust(FederatedCredential(ISSUER, SUBJECT, PUBLIC))
    path = tmp_path / "token"
    path.write_text(assertion())
    reader = source(entra, credential=FederatedToken(path))
    _, memory = read(reader)
    path.write_text(assertion(minutes=20))
    entra.expire_tokens()
    read(reader, memory)
    assert entra.counts.token == 2


def test_a_federated_token_of_another_subject_is_refused(entra: EntraSandbox, tmp_path: Path) -> None:
    entra.registration.trust(FederatedCredential(ISSUER, SUBJECT, PUBLIC))
    (tmp_path / "token").write_text(assertion(subject="system:serviceaccount:default:default"))
    said = refusal(entra, credential=FederatedToken(tmp_path / "token"))
    assert "AADSTS700213" in said
    assert "copy the token's subject into it, letter by letter" in said


def test_a_federated_token_file_that_is_missing_is_named(entra: EntraSandbox, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"the federated token .*token cannot be read"):
        read(source(entra, credential=FederatedToken(tmp_path / "token")))


@pytest.fixture
def machine(entra: EntraSandbox) -> Iterator[EntraSandbox]:
    """The emulator's metadata endpoint in the place of a virtual machine's."""
    with machine_at(entra.managed_identity_host):
        yield entra


def test_the_machines_own_identity_signs_in(machine: EntraSandbox) -> None:
    read(source(machine, credential=ManagedIdentity("")))


def test_the_machines_own_endpoint_is_never_asked_through_a_proxy(machine: EntraSandbox) -> None:
    with variables(http_proxy="http://127.0.0.1:9"):
        read(source(machine, credential=ManagedIdentity("")))


def test_an_identity_assigned_to_the_machine_signs_in(machine: EntraSandbox) -> None:
    machine.managed_identities["c0ffee00-0000-4000-8000-000000000001"] = machine.client
    read(source(machine, credential=ManagedIdentity("c0ffee00-0000-4000-8000-000000000001")))


def test_an_identity_that_the_machine_does_not_have_is_refused(machine: EntraSandbox) -> None:
    said = refusal(machine, credential=ManagedIdentity("c0ffee00-0000-4000-8000-000000000002"))
    assert "no managed identity of this machine gives a token" in said
    assert "Assign the identity to the machine" in said


def test_a_tenant_that_is_not_there_is_named(entra: EntraSandbox) -> None:
    said = refusal(entra, tenant="00000000-0000-4000-8000-000000000000")
    assert "of tenant 00000000-0000-4000-8000-000000000000" in said
    assert "There is no such tenant in this cloud" in said


@pytest.mark.parametrize("code, way_out", [
    (700016, "The tenant has no such application"),
    (53003, "Conditional Access blocks it"),
    (500011, "source.cloud is probably another cloud"),
    (650052, "An administrator has to grant consent"),
])  # fmt: skip
def test_refusals_that_operators_meet_come_with_a_way_out(entra: EntraSandbox, code: int, way_out: str) -> None:
    entra.fail(EntraFault("aadsts", where="login", code=code))
    said = refusal(entra)
    assert f"AADSTS{code}" in said
    assert way_out in said


def test_an_authority_that_is_not_trusted_is_told_apart_from_an_outage(entra: EntraSandbox) -> None:
    with pytest.raises(SourceUnreadable, match=r"no secure connection to 127\.0\.0\.1.*source\.cloud\.ca_file"):
        read(source(entra, cloud=EntraCloud(entra.login, entra.graph)))


def test_an_authority_file_that_holds_none_is_named(entra: EntraSandbox, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(Misconfigured, match=r"source\.cloud\.ca_file .*ca\.pem cannot be read"):
        read(source(entra, cloud=EntraCloud(entra.login, entra.graph, tmp_path / "ca.pem")))


def test_a_sign_in_that_fails_in_passing_is_tried_again(entra: EntraSandbox) -> None:
    entra.fail(
        EntraFault("error", where="login", status=503, left=1),
        EntraFault("throttle", where="login", retry_after=7, left=1),
        EntraFault("html", where="login", left=1),
        EntraFault("cut", where="login", left=1),
    )
    read(source(entra))


@pytest.mark.parametrize("kind", ["error", "html", "cut", "truncated", "garbage"])
def test_a_sign_in_that_keeps_failing_is_an_outage_not_a_refusal(entra: EntraSandbox, kind: str) -> None:
    entra.fail(EntraFault(kind, where="login"))  # type: ignore[arg-type]  # one of the emulator's words
    with pytest.raises(SourceUnreadable, match="the source could not be read"):
        read(source(entra))


def test_a_sign_in_host_that_is_not_there_is_an_outage(entra: EntraSandbox) -> None:
    nowhere = EntraCloud("https://127.0.0.1:9", entra.graph, entra.ca_file)
    with pytest.raises(SourceUnreadable, match=r"127\.0\.0\.1 cannot be reached"):
        read(source(entra, cloud=nowhere))


@pytest.mark.parametrize("kind", ["unauthorized", "challenge"])
def test_a_token_refused_in_the_middle_of_a_listing_is_renewed_once(entra: EntraSandbox, kind: str) -> None:
    entra.directory.seed({"users": [{"id": f"u{number}"} for number in range(9)]})
    entra.knobs = EntraKnobs(delta_page=2)
    entra.fail(EntraFault(kind, "users/delta", skip=2, left=1))  # type: ignore[arg-type]  # one of the emulator's words
    snapshot, _ = read(source(entra))
    assert len(snapshot.users) == 9
    assert entra.counts.token == 2


def test_a_fresh_token_that_is_refused_as_well_stops_the_reading(entra: EntraSandbox) -> None:
    entra.fail(EntraFault("unauthorized"))
    assert "Graph refuses a token that was made just now (401" in refusal(entra)


def test_no_sentence_and_no_text_of_an_object_shows_a_secret(entra: EntraSandbox) -> None:
    chosen = settings(entra, credential=ClientSecret(Secret("hush-hush", Path())))
    reader = source(entra, credential=chosen.credential)
    try:
        read(reader)
    except BridgeError as error:
        assert "hush-hush" not in f"{error!r} {error}"
    assert "hush-hush" not in repr(reader._sign_in)
    assert "hush-hush" not in repr(replace(chosen, tenant="x"))
