"""Signing in, by key and without one; what each refusal is called."""

from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import pytest

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import ServiceAccountKey, WorkloadIdentity
from scim_bridge.errors import BridgeError, CredentialsRefused, Misconfigured, SourceUnreadable
from scim_bridge.sandbox.google.fault import GoogleFault
from scim_bridge.sandbox.google.knobs import SCOPES
from scim_bridge.sandbox.google.server import GoogleSandbox
from scim_bridge.sandbox.google.token import ACCOUNT, CLIENT_ID, SUBJECT_TOKEN
from tests.source.google.account import TODAY, read, source


def _refused(google: GoogleSandbox, kind: type[BridgeError] = CredentialsRefused, **changed: Any) -> BridgeError:
    with pytest.raises(kind) as refused:
        source(google, **changed).probe(TODAY)
    return refused.value


def test_one_token_serves_a_whole_reading(google: GoogleSandbox) -> None:
    chosen = source(google)
    read(chosen)
    read(chosen)
    assert google.counts["POST token"] == 1


def test_a_token_that_is_refused_is_renewed_once(google: GoogleSandbox) -> None:
    chosen = source(google)
    read(chosen)
    google.expire_tokens()
    read(chosen)
    assert google.counts["POST token"] == 2
    google.fail(GoogleFault("unauthorized", "users"))
    with pytest.raises(CredentialsRefused, match="made just now"):
        read(chosen)


@pytest.mark.parametrize("missing", SCOPES)
def test_a_scope_that_is_missing_is_named_and_where_it_is_granted(google: GoogleSandbox, missing: str) -> None:
    google.knobs = replace(google.knobs, granted=frozenset(SCOPES) - {missing})
    refused = _refused(google)
    assert refused.what.endswith(f"the scope {missing}")
    assert "Manage domain-wide delegation" in refused.way_out
    assert CLIENT_ID in refused.way_out
    assert refused.way_out.startswith(f"Grant {missing} to client id")


def test_without_any_delegation_all_scopes_are_to_be_granted(google: GoogleSandbox) -> None:
    google.knobs = replace(google.knobs, granted=frozenset())
    refused = _refused(google)
    assert "none of the scopes" in refused.what
    assert ",".join(SCOPES) in refused.way_out


def test_a_wrong_or_suspended_admin_is_named(google: GoogleSandbox) -> None:
    assert "nobody@corp.example" in _refused(google, admin="nobody@corp.example").what
    google.directory.put_user("100000000000000000000", suspended=True)
    refused = _refused(google)
    assert (google.admin in refused.what, "source.admin" in refused.way_out) == (True, True)


def test_a_revoked_key_asks_for_a_new_one_which_is_read_at_once(google: GoogleSandbox) -> None:
    google.tokens.revoke_key()
    assert "new key" in _refused(google).way_out
    google.tokens.new_key()
    google.write_key()
    source(google).probe(TODAY)


def test_a_clock_that_is_off_is_named_with_its_seconds(google: GoogleSandbox) -> None:
    google.knobs = replace(google.knobs, skew=7200.0)
    refused = _refused(google)
    assert "s behind Google's" in refused.way_out


def test_a_key_file_that_sends_the_proof_elsewhere_is_refused_before_it_is_used(google: GoogleSandbox) -> None:
    google.write_key(token_uri="https://oauth2.attacker.example/token")
    refused = _refused(google, Misconfigured)
    assert "token_uri" in refused.what
    assert google.counts["POST token"] == 0


@pytest.mark.parametrize("content", ["nonsense", "[]", "{}", '{"type": "service_account"}'])
def test_a_file_that_is_no_key_is_refused_in_a_sentence(google: GoogleSandbox, tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    _refused(google, Misconfigured, credential=ServiceAccountKey(Secret(f"file:{path}", Path(), "key")))


def test_a_broken_key_is_refused_and_not_shown(google: GoogleSandbox) -> None:
    google.write_key(private_key="-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    refused = _refused(google, Misconfigured)
    assert "c2VjcmV0" not in str(refused)


def test_weather_at_the_token_endpoint_is_waited_out(google: GoogleSandbox) -> None:
    google.fail(
        GoogleFault("backend", "token", status=502, left=1),
        GoogleFault("rate", "token", left=1, retry_after=3),
        GoogleFault("cut", "token", left=1),
        GoogleFault("html", "token", left=1),
        GoogleFault("garbage", "token", left=1),
    )
    source(google).probe(TODAY)


@pytest.mark.parametrize(
    ("error", "description", "way_out"),
    [
        ("access_denied", "Account restricted", "trust this client"),
        ("invalid_grant", "Invalid grant: account not found", "was deleted"),
        ("something_new", "", "source.credential"),
    ],
)
def test_each_refusal_has_a_way_out(google: GoogleSandbox, error: str, description: str, way_out: str) -> None:
    google.fail(GoogleFault("oauth", status=400, error=error, description=description))
    assert way_out in _refused(google).way_out


@pytest.mark.parametrize(
    ("kind", "sign"),
    [("api_off", "not enabled"), ("domain_off", "switched off"), ("forbidden", "role"), ("insufficient", "scope")],
)
def test_each_refusal_of_the_directory_says_why(google: GoogleSandbox, kind: Any, sign: str) -> None:
    google.fail(GoogleFault(kind, "users"))
    assert sign in _refused(google).what


def test_a_daily_quota_ends_the_run(google: GoogleSandbox) -> None:
    google.fail(GoogleFault("daily", "users"))
    assert "quota of this day" in _refused(google, SourceUnreadable).what


@pytest.mark.parametrize(
    "kind", ["user_rate", "quota", "rate", "plain_rate", "backend", "html", "garbage", "cut", "truncated"]
)
def test_weather_is_waited_out(google: GoogleSandbox, kind: Any) -> None:
    google.fail(GoogleFault(kind, "users", left=2), GoogleFault(kind, "groups", left=1))
    read(source(google))


def test_a_lost_page_begins_the_listing_again_once(google: GoogleSandbox) -> None:
    google.knobs = replace(google.knobs, page_cap=2)
    for number in range(5):
        google.directory.put_user(f"u{number}")
    google.fail(GoogleFault("expired_page", "users", query="pageToken", skip=1, left=1))
    assert len(read(source(google))[0].users) == 6
    google.fail(GoogleFault("expired_page", "users", query="pageToken"))
    with pytest.raises(SourceUnreadable, match="twice"):
        read(source(google))
    google.fail(GoogleFault("same_page", "users"))
    with pytest.raises(SourceUnreadable, match="circle"):
        read(source(google))


def _federated(tmp_path: Path) -> WorkloadIdentity:
    token, file = tmp_path / "token", tmp_path / "federation.json"
    token.write_text(SUBJECT_TOKEN)
    pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x"
    given = {
        "type": "external_account",
        "audience": pool,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(token)},
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/x:generateAccessToken",
    }
    file.write_bytes(orjson.dumps(given))
    return WorkloadIdentity(ACCOUNT, file)


def test_without_a_key_a_workload_signs_in(google: GoogleSandbox, tmp_path: Path) -> None:
    credential = _federated(tmp_path)
    read(source(google, credential=credential))
    google.tokens.may_sign = False
    assert "serviceAccountTokenCreator" in _refused(google, credential=credential).way_out
    google.tokens.may_sign = True
    (tmp_path / "token").write_text("other")
    _refused(google, credential=credential)


@pytest.mark.parametrize("place", ["environment", "container"])
def test_a_workload_in_aws_signs_in_with_what_aws_gives_it(
    google: GoogleSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    credential = _from_aws(tmp_path)
    google.tokens.aws_keys = {"AKIASANDBOX": "its-secret"}
    with _Container({"AccessKeyId": "AKIASANDBOX", "SecretAccessKey": "its-secret", "Token": "a-session"}) as url:
        if place == "environment":
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASANDBOX")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "its-secret")
        else:
            monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        read(source(google, credential=credential))
        # A key that the pool does not know, or a proof that was signed with another one, is refused.
        google.tokens.aws_keys = {"AKIASANDBOX": "another-secret"}
        _refused(google, credential=credential)


def test_a_workload_without_credentials_of_aws_is_told_so(
    google: GoogleSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    refused = _refused(google, Misconfigured, credential=_from_aws(tmp_path))
    assert "there are no AWS credentials" in refused.what
    monkeypatch.delenv("AWS_REGION")
    assert "no region is known" in _refused(google, Misconfigured, credential=_from_aws(tmp_path)).what


def _from_aws(tmp_path: Path) -> WorkloadIdentity:
    credential = _federated(tmp_path)
    given = orjson.loads(credential.federation.read_bytes())
    source = {"environment_id": "aws1", "regional_cred_verification_url": "https://sts.{region}.amazonaws.com"}
    kind = {"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request", "credential_source": source}
    credential.federation.write_bytes(orjson.dumps({**given, **kind}))
    return credential


class _Container:
    """What ECS and EKS pods have: an address on the machine itself that gives short-lived credentials."""

    def __init__(self, given: dict[str, str]) -> None:
        body = orjson.dumps({**given, "Expiration": "2099-01-01T00:00:00Z"})

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Answer)
        self._thread = Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def test_federation_by_a_program_or_an_address_is_refused(google: GoogleSandbox, tmp_path: Path) -> None:
    credential = _federated(tmp_path)
    given = orjson.loads(credential.federation.read_bytes())
    credential.federation.write_bytes(orjson.dumps({**given, "credential_source": {"url": "http://attacker.example"}}))
    assert "neither from a file nor from AWS" in _refused(google, Misconfigured, credential=credential).what
    credential.federation.write_bytes(orjson.dumps({**given, "token_url": "https://sts.attacker.example/v1/token"}))
    assert "sts.attacker.example" in _refused(google, CredentialsRefused, credential=credential).what


def test_a_key_of_another_cloud_is_refused_in_a_sentence(google: GoogleSandbox) -> None:
    google.write_key(universe_domain="example.cloud")
    assert "cannot sign in" in _refused(google).what
    assert google.counts["POST token"] == 0


def test_after_a_refusal_the_other_groups_are_not_asked_for(google: GoogleSandbox) -> None:
    for number in range(60):
        google.directory.put_group(f"g{number:02}")
    google.fail(GoogleFault("forbidden", "groups/g00/members"))
    with pytest.raises(CredentialsRefused):
        read(source(google))
    assert google.counts["GET groups/{id}/members"] < 60
