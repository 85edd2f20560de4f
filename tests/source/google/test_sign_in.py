"""Signing in, by key and without one; what each refusal is called."""

from dataclasses import replace
from pathlib import Path
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
