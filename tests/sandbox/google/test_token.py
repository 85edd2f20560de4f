"""The emulated token endpoint checks an assertion as Google's documentation says."""

import time
from dataclasses import replace

import orjson
import pytest

from scim_bridge.sandbox.google.knobs import SCOPES
from scim_bridge.sandbox.google.server import GoogleSandbox
from scim_bridge.sandbox.google.token import ACCOUNT, SUBJECT_TOKEN
from tests.sandbox.google.conftest import Caller


def test_a_good_assertion_gives_a_token(api: Caller) -> None:
    answer = api.fetch_token()
    assert (answer.status_code, answer.json()["expires_in"], answer.json()["token_type"]) == (200, 3599, "Bearer")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"aud": "https://elsewhere.example"}, (400, "invalid_grant")),
        ({"iss": "other@project.example"}, (400, "invalid_grant")),
        ({"sub": "nobody@corp.example"}, (400, "invalid_grant")),
        ({"scope": ""}, (400, "invalid_scope")),
        ({"scope": f"{SCOPES[0]} https://www.googleapis.com/auth/drive"}, (401, "unauthorized_client")),
        ({"iat": 1, "exp": 3600}, (400, "invalid_grant")),
        ({"exp": int(time.time()) + 90_000}, (400, "invalid_grant")),
    ],
)
def test_a_bad_assertion_is_refused(api: Caller, claims: dict[str, object], expected: tuple[int, str]) -> None:
    answer = api.fetch_token(**claims)
    assert (answer.status_code, answer.json()["error"]) == expected


def test_one_scope_that_is_not_granted_refuses_all(google: GoogleSandbox, api: Caller) -> None:
    google.knobs = replace(google.knobs, granted=frozenset(SCOPES[:1]))
    assert api.fetch_token().status_code == 401
    assert api.fetch_token(scope=SCOPES[0]).status_code == 200


def test_a_key_that_was_revoked_signs_nothing(google: GoogleSandbox, api: Caller) -> None:
    google.tokens.revoke_key()
    answer = api.fetch_token()
    assert (answer.status_code, answer.json()["error_description"]) == (400, "Invalid JWT Signature.")


def test_without_a_key_a_workload_has_the_assertion_signed(api: Caller, google: GoogleSandbox) -> None:
    form = {"subject_token": SUBJECT_TOKEN}
    assert api.http.post(f"{google.origin}/v1/token", data={"subject_token": "other"}).status_code == 400
    workload = api.http.post(f"{google.origin}/v1/token", data=form).json()["access_token"]
    now = int(time.time())
    claims = {"iss": ACCOUNT, "sub": google.admin, "scope": SCOPES[0], "iat": now, "exp": now + 3600}
    claims["aud"] = "https://oauth2.googleapis.com/token"
    url = f"{google.origin}/v1/projects/-/serviceAccounts/{ACCOUNT}:signJwt"
    asked = {"payload": orjson.dumps(claims).decode()}
    signed = api.http.post(url, json=asked, headers={"authorization": f"Bearer {workload}"}).json()["signedJwt"]
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
    assert api.http.post(f"{google.origin}/token", data=grant).status_code == 200
    google.tokens.may_sign = False
    assert api.http.post(url, json=asked, headers={"authorization": f"Bearer {workload}"}).status_code == 403
