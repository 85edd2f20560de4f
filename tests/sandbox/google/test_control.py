"""The control plane of the emulated account."""

from typing import Any

import httpx

from scim_bridge.sandbox.google.server import GoogleSandbox
from tests.sandbox.google.conftest import Caller, reason
from tests.waiting import PATIENCE


def _post(google: GoogleSandbox, what: str, body: Any = None) -> httpx.Response:
    return httpx.post(f"{google.control}/{what}", json=body or {}, timeout=PATIENCE)


def test_it_seeds_changes_and_counts(google: GoogleSandbox, api: Caller) -> None:
    assert _post(google, "seed", {"users": [{"id": "u1"}], "groups": [{"id": "g1", "members": ["u1"]}]}).is_success
    change = {"do": "put_user", "with": ["u1"], "set": {"suspended": True}}
    assert _post(google, "change", {"changes": [change]}).is_success
    assert api.get("users/u1").json()["suspended"] is True
    assert httpx.get(f"{google.control}/counts").json() == {"total": 1, "kinds": {"GET users/{id}": 1}}


def test_it_switches_faults_and_knobs(google: GoogleSandbox, api: Caller) -> None:
    assert _post(google, "faults", {"faults": [{"kind": "quota", "path": "users"}]}).is_success
    assert reason(api.get("users", customer="my_customer")) == (403, "quotaExceeded")
    assert _post(google, "knobs", {"granted": []}).is_success
    assert api.fetch_token().status_code == 401
    assert _post(google, "expire-tokens").is_success
    assert reason(api.get("groups", customer="my_customer")) == (401, "authError")


def test_what_makes_no_sense_is_refused(google: GoogleSandbox) -> None:
    assert _post(google, "change", {"changes": [{"do": "user_id", "with": ["u1"]}]}).status_code == 400
    assert _post(google, "faults", {"faults": [{"kind": "quota", "nonsense": 1}]}).status_code == 400
    assert _post(google, "nonsense").status_code == 404
