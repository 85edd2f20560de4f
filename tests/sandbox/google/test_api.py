"""The emulated Directory API answers as Google's documentation says."""

from dataclasses import replace

import pytest

from scim_bridge.sandbox.google.fault import GoogleFault, Kind
from scim_bridge.sandbox.google.server import ADMIN_ID, GoogleSandbox
from tests.sandbox.google.conftest import Caller, reason

WHOLE = {"customer": "my_customer"}


def test_users_come_in_pages_that_end_without_a_token(google: GoogleSandbox, api: Caller) -> None:
    for number in range(7):
        google.directory.put_user(f"u{number}")
    rows = api.all("users", **WHOLE, maxResults=3, orderBy="email")
    assert [row["id"] for row in rows] == [ADMIN_ID, *(f"u{number}" for number in range(7))]
    assert google.counts["GET users"] == 3
    assert rows[1]["emails"] == [{"address": "u0@corp.example", "primary": True}]


def test_an_empty_page_has_no_key_for_rows(google: GoogleSandbox, api: Caller) -> None:
    assert "groups" not in api.get("groups", **WHOLE).json()
    google.directory.put_group("g1")
    assert "members" not in api.get("groups/g1/members").json()


def test_a_page_token_is_bound_to_its_question(google: GoogleSandbox, api: Caller) -> None:
    for number in range(4):
        google.directory.put_user(f"u{number}")
    token = api.get("users", **WHOLE, maxResults=2).json()["nextPageToken"]
    assert reason(api.get("users", **WHOLE, maxResults=3, pageToken=token)) == (400, "invalid")
    assert api.get("users", **WHOLE, maxResults=2, pageToken=token).status_code == 200


def test_custom_fields_show_only_if_asked_for(google: GoogleSandbox, api: Caller) -> None:
    google.directory.put_user("u1", customSchemas={"AWS": {"team": "blue"}, "Other": {"x": 1}})
    assert "customSchemas" not in api.get("users/u1").json()
    everything = api.get("users/u1", projection="full").json()["customSchemas"]
    assert everything == {"AWS": {"team": "blue"}, "Other": {"x": 1}}
    shown = api.get("users/u1", projection="custom", customFieldMask="AWS").json()
    assert shown["customSchemas"] == {"AWS": {"team": "blue"}}


def test_a_deleted_user_is_in_the_list_of_deleted_alone(google: GoogleSandbox, api: Caller) -> None:
    google.directory.put_user("u1")
    google.directory.delete_user("u1")
    assert reason(api.get("users/u1")) == (404, "notFound")
    assert [row["id"] for row in api.all("users", **WHOLE, showDeleted="true")] == ["u1"]
    google.directory.put_user("u2", primaryEmail="u1@corp.example")
    google.directory.purge_user("u1")
    assert api.all("users", **WHOLE, showDeleted="true") == []


def test_members_are_shown_as_what_they_are(google: GoogleSandbox, api: Caller) -> None:
    there = google.directory
    there.put_user("u1", suspended=True, aliases=["alias@corp.example"])
    there.put_group("g1")
    there.put_group("g2")
    there.add_member("g1", "u1", email="alias@corp.example")
    there.add_member("g1", "g2", role="OWNER")
    there.add_member("g1", there.customer)
    there.add_external("g1", "kim@partner.example", id="999")
    rows = {row["id"]: row for row in api.all("members", "groups/g1/members")}
    assert (rows["u1"]["email"], rows["u1"]["status"]) == ("alias@corp.example", "SUSPENDED")
    assert rows["g2"]["type"] == "GROUP"
    assert rows[there.customer]["type"] == "CUSTOMER"
    assert "email" not in rows[there.customer]
    assert "status" not in rows["999"]
    assert api.get("groups/g1").json()["directMembersCount"] == "2"


def test_the_etag_of_a_group_does_not_follow_its_members(google: GoogleSandbox, api: Caller) -> None:
    there = google.directory
    there.put_group("g1")
    for user in ("u1", "u2"):
        there.put_user(user)
    there.add_member("g1", "u1")
    before = api.get("groups/g1").json()
    there.remove_member("g1", "u1")
    there.add_member("g1", "u2")
    assert api.get("groups/g1").json() == before


def test_a_group_of_others_cannot_be_looked_into(google: GoogleSandbox, api: Caller) -> None:
    google.directory.put_group("g1")
    google.directory.add_external("g1", "team@partner.example", id="foreign", type="GROUP")
    assert reason(api.get("groups/foreign/members")) == (403, "forbidden")
    assert reason(api.get("groups/nobody/members")) == (404, "notFound")


def test_a_renamed_user_keeps_the_old_address_as_alias(google: GoogleSandbox, api: Caller) -> None:
    google.directory.put_user("u1")
    google.directory.rename_user("u1", "new@corp.example")
    assert api.get("users/u1@corp.example").json()["primaryEmail"] == "new@corp.example"
    with pytest.raises(ValueError, match="belongs to u1"):
        google.directory.put_user("u2", primaryEmail="u1@corp.example")


def test_only_some_fields_are_shown_if_only_some_are_asked_for(google: GoogleSandbox, api: Caller) -> None:
    rows = api.all("users", **WHOLE, fields="nextPageToken,users(id,primaryEmail)")
    assert rows == [{"id": ADMIN_ID, "primaryEmail": google.admin}]


def test_a_query_finds_by_department_and_by_unit(google: GoogleSandbox, api: Caller) -> None:
    google.directory.put_user("u1", organizations=[{"department": "R&D"}], orgUnitPath="/Staff/Tokyo")
    google.directory.put_user("u2", organizations=[{"department": "Sales"}], orgUnitPath="/Staffing")
    assert [row["id"] for row in api.all("users", **WHOLE, query="orgDepartment='R&D'")] == ["u1"]
    assert [row["id"] for row in api.all("users", **WHOLE, query="orgUnitPath=/Staff")] == ["u1"]
    assert reason(api.get("users", **WHOLE, query="nonsense")) == (400, "invalid")


def test_scope_and_role_are_asked_for(google: GoogleSandbox, api: Caller) -> None:
    google.knobs = replace(google.knobs, may_read=frozenset({"users"}))
    assert reason(api.get("groups", **WHOLE)) == (403, "forbidden")
    scope = "https://www.googleapis.com/auth/admin.directory.user.readonly"
    api.token = api.fetch_token(scope=scope).json()["access_token"]
    assert reason(api.get("groups", **WHOLE)) == (403, "insufficientPermissions")
    assert reason(api.get("users", customer="C02other")) == (403, "forbidden")
    google.expire_tokens()
    assert reason(api.get("users", **WHOLE)) == (401, "authError")


def test_a_query_too_many_in_a_minute_is_refused(google: GoogleSandbox, api: Caller) -> None:
    google.knobs = replace(google.knobs, queries=2)
    answers = [api.get("users", **WHOLE) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert reason(answers[2]) == (403, "userRateLimitExceeded")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("user_rate", (403, "userRateLimitExceeded")),
        ("quota", (403, "quotaExceeded")),
        ("rate", (429, "rateLimitExceeded")),
        ("daily", (403, "dailyLimitExceeded")),
        ("backend", (503, "backendError")),
        ("api_off", (403, "accessNotConfigured")),
        ("domain_off", (403, "domainCannotUseApis")),
        ("expired_page", (400, "invalid")),
    ],
)
def test_a_fault_refuses_as_google_does(
    google: GoogleSandbox, api: Caller, kind: Kind, expected: tuple[int, str]
) -> None:
    google.fail(GoogleFault(kind, "users", left=1))
    assert reason(api.get("users", **WHOLE)) == expected
    assert api.get("users", **WHOLE).status_code == 200


def test_a_list_can_be_cut_or_empty_or_lead_to_itself(google: GoogleSandbox, api: Caller) -> None:
    for number in range(4):
        google.directory.put_user(f"u{number}")
    google.fail(GoogleFault("short_list", "users"))
    assert len(api.all("users", **WHOLE, maxResults=2)) == 2
    google.fail(GoogleFault("empty_list", "users"))
    assert api.all("users", **WHOLE) == []
    google.fail()
    token = api.get("users", **WHOLE, maxResults=2).json()["nextPageToken"]
    google.fail(GoogleFault("same_page", "users"))
    assert api.get("users", **WHOLE, maxResults=2, pageToken=token).json()["nextPageToken"] == token
