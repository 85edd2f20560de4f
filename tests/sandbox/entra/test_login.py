"""Tokens by each kind of credential, with the real msal over real HTTPS; and how they are refused."""

import datetime
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from scim_bridge.sandbox.entra.credential import EXCHANGE_AUDIENCE, FederatedCredential
from scim_bridge.sandbox.entra.server import EntraSandbox
from tests.sandbox.entra.conftest import Caller, code

ISSUER = "https://oidc.eks.example/id/ABC"
SUBJECT = "system:serviceaccount:bridge:scim-bridge"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Ask = Callable[[Any], dict[str, Any]]


class TextForms:
    """httpx for msal: it writes bytes in forms as Python does, and msal hands assertions over as bytes."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def get(self, url: str, **more: Any) -> httpx.Response:
        return self._http.get(url, **more)

    def post(self, url: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        given = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        return self._http.post(url, data=given, **more)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def http(entra: EntraSandbox) -> Iterator[TextForms]:
    client = TextForms(httpx.Client(verify=ssl.create_default_context(cafile=entra.ca_file)))
    yield client
    client.close()


@pytest.fixture
def ask(entra: EntraSandbox, http: TextForms) -> Ask:
    """Asks for a token with a credential, as msal does."""

    def one(credential: Any) -> dict[str, Any]:
        application = msal.ConfidentialClientApplication(
            entra.client,
            client_credential=credential,
            authority=f"{entra.login}/{entra.tenant}",
            instance_discovery=False,
            validate_authority=False,
            http_client=http,
        )
        result: dict[str, Any] = application.acquire_token_for_client([f"{entra.graph}/.default"])
        return result

    return one


def pem() -> str:
    return KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def certificate(days: int = 30) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scim-bridge")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(KEY, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


def federated_token(**claims: Any) -> str:
    usual = {"iss": ISSUER, "sub": SUBJECT, "aud": EXCHANGE_AUDIENCE, "exp": time.time() + 600}
    return jwt.encode({**usual, **claims}, pem(), algorithm="RS256")


def trust(entra: EntraSandbox) -> None:
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    entra.registration.trust(FederatedCredential(ISSUER, SUBJECT, public))


def test_a_secret_gets_a_token_that_shows_the_roles_granted_and_opens_graph(
    entra: EntraSandbox, ask: Ask, http: TextForms
) -> None:
    result = ask(entra.secret)
    claims = jwt.decode(result["access_token"], options={"verify_signature": False})
    assert claims["roles"] == ["User.Read.All", "GroupMember.Read.All", "Application.Read.All"]
    assert (claims["appid"], claims["tid"], claims["aud"]) == (entra.client, entra.tenant, entra.graph)
    assert result["expires_in"] == 3599
    bearer = {"authorization": f"Bearer {result['access_token']}"}
    assert http.get(f"{entra.graph}/v1.0/users", headers=bearer).status_code == 200
    assert (entra.counts.discovery, entra.counts.token, entra.counts.graph) == (1, 1, 1)


def test_a_token_s_signature_fits_the_published_key(entra: EntraSandbox, ask: Ask, http: TextForms) -> None:
    token = ask(entra.secret)["access_token"]
    found = http.get(f"{entra.login}/{entra.tenant}/v2.0/.well-known/openid-configuration").json()
    [key] = http.get(found["jwks_uri"]).json()["keys"]
    assert jwt.decode(token, jwt.PyJWK(key), audience=entra.graph)["idtyp"] == "app"


def test_msal_s_signed_assertion_is_accepted_for_a_registered_certificate_only(entra: EntraSandbox, ask: Ask) -> None:
    mine, other = certificate(), certificate(31)
    entra.registration.add_certificate(mine.encode())
    assert "access_token" in ask({"private_key": pem(), "public_certificate": mine})
    refused = ask({"private_key": pem(), "public_certificate": other})
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [700027])


def test_an_expired_certificate_is_refused(entra: EntraSandbox, ask: Ask) -> None:
    old = certificate(days=-1)
    entra.registration.add_certificate(old.encode())
    refused = ask({"private_key": pem(), "public_certificate": old})
    assert refused["error_codes"] == [700027]
    assert "expired" in refused["error_description"]


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        ({"aud": "https://elsewhere.example"}, 700023),
        ({"exp": 1}, 700024),
        ({"nbf": time.time() + 3_600}, 700024),
        ({"sub": "another-application"}, 700021),
    ],
)
def test_an_assertion_that_is_not_for_here_and_now_is_refused(
    entra: EntraSandbox, ask: Ask, claims: dict[str, Any], number: int
) -> None:
    mine = certificate()
    entra.registration.add_certificate(mine.encode())
    content = x509.load_pem_x509_certificate(mine.encode()).fingerprint(hashes.SHA256())
    usual = {
        "iss": entra.client,
        "sub": entra.client,
        "aud": f"{entra.login}/{entra.tenant}/oauth2/v2.0/token",
        "exp": time.time() + 60,
    }
    thumbprint = jwt.utils.base64url_encode(content).decode()
    assertion = jwt.encode({**usual, **claims}, pem(), algorithm="PS256", headers={"x5t#S256": thumbprint})
    assert ask({"client_assertion": lambda: assertion})["error_codes"] == [number]


def test_a_federated_token_gets_a_token_when_issuer_subject_and_audience_fit(entra: EntraSandbox, ask: Ask) -> None:
    trust(entra)
    assert "access_token" in ask({"client_assertion": federated_token})


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        ({"iss": "https://oidc.eks.example/id/OTHER"}, 700211),
        ({"sub": "system:serviceaccount:other:scim-bridge"}, 700213),
        ({"aud": "sts.amazonaws.com"}, 700212),
        ({"exp": 1}, 700024),
    ],
)
def test_a_federated_token_that_does_not_fit_is_refused_by_name(
    entra: EntraSandbox, ask: Ask, claims: dict[str, Any], number: int
) -> None:
    trust(entra)
    refused = ask({"client_assertion": lambda: federated_token(**claims)})
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [number])


def test_the_machine_s_identity_gets_a_token_from_the_metadata_endpoint(
    entra: EntraSandbox, http: TextForms, monkeypatch: pytest.MonkeyPatch
) -> None:
    # msal finds the endpoint in the environment alone.
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", entra.managed_identity_host)
    entra.managed_identities["11111111-2222-3333-4444-555555555555"] = "a-client"
    system = msal.ManagedIdentityClient(msal.SystemAssignedManagedIdentity(), http_client=http)
    assert system.acquire_token_for_client(resource=entra.graph)["expires_in"] == 3599
    chosen = msal.UserAssignedManagedIdentity(client_id="11111111-2222-3333-4444-555555555555")
    token = msal.ManagedIdentityClient(chosen, http_client=http).acquire_token_for_client(resource=entra.graph)
    assert jwt.decode(token["access_token"], options={"verify_signature": False})["appid"] == "a-client"
    unknown = msal.UserAssignedManagedIdentity(client_id="99999999-2222-3333-4444-555555555555")
    refused = msal.ManagedIdentityClient(unknown, http_client=http).acquire_token_for_client(resource=entra.graph)
    assert refused["error_description"] == "Identity not found"
    assert entra.counts.metadata == 3


def test_the_metadata_endpoint_wants_its_header(entra: EntraSandbox) -> None:
    query = {"api-version": "2018-02-01", "resource": entra.graph}
    answer = httpx.get(f"{entra.managed_identity_host}/metadata/identity/oauth2/token", params=query)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": "old"}, 401, "invalid_client", 7000222),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": "another"}, 400, "unauthorized_client", 700016),
        ({"tenant": "another"}, 400, "invalid_request", 90002),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_resource", 500011),
        ({"scope": "User.Read.All"}, 400, "invalid_scope", 1002012),
        ({"scope": None}, 400, "invalid_request", 900144),
    ],
)
def test_a_token_is_refused_with_the_number_that_tells_why(
    graph: Caller, form: dict[str, Any], status: int, error: str, number: int
) -> None:
    graph.entra.registration.add_secret("old", expires=time.time() - 1)
    answer = graph.fetch_token(**form)
    told = answer.json()
    assert (answer.status_code, told["error"], told["error_codes"]) == (status, error, [number])
    assert told["error_description"].startswith(f"AADSTS{number}: ")


def test_msal_is_told_of_a_tenant_that_does_not_exist(entra: EntraSandbox, http: TextForms) -> None:
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        msal.ConfidentialClientApplication(
            entra.client,
            client_credential="s",
            authority=f"{entra.login}/another",
            instance_discovery=False,
            validate_authority=False,
            http_client=http,
        )


def test_graph_refuses_what_is_no_token_of_its_own(graph: Caller) -> None:
    graph.token = "made-up"
    assert code(graph.get("users")) == (401, "InvalidAuthenticationToken")
    answer = graph.http.get(f"{graph.entra.graph}/v1.0/users")
    assert code(answer) == (401, "InvalidAuthenticationToken")


def test_a_token_ends_with_its_lifetime_or_when_it_is_revoked(graph: Caller) -> None:
    graph.set(token_lifetime=0)
    answer = graph.get("users")
    assert code(answer) == (401, "InvalidAuthenticationToken")
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    graph.set(token_lifetime=3_600)
    assert graph.get("users").status_code == 200
    graph.entra.expire_tokens()
    assert graph.get("users").status_code == 401
    graph.token = graph.fetch_token().json()["access_token"]
    assert graph.get("users").status_code == 200


def test_without_the_authority_nobody_is_trusted(entra: EntraSandbox) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(entra.login, verify=ssl.create_default_context())


def test_login_and_graph_are_two_hosts_and_neither_answers_for_the_other(graph: Caller) -> None:
    entra = graph.entra
    assert graph.get(f"{entra.login}/v1.0/users").status_code == 404
    token_at_graph = graph.http.post(f"{entra.graph}/{entra.tenant}/oauth2/v2.0/token", data={})
    assert token_at_graph.status_code in (400, 401, 404)
