"""What is read of users, groups and members."""

from dataclasses import replace
from random import Random

import pytest

from scim_bridge.config.source import GoogleScope
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import CHANGES, SourceKey
from scim_bridge.model.source import SourceChanges, Wanted
from scim_bridge.sandbox.google.fault import GoogleFault
from scim_bridge.sandbox.google.server import ADMIN_ID, GoogleSandbox
from scim_bridge.source.google.source import GoogleSource
from tests.applying import Applying, Shown
from tests.organization import organization
from tests.source.google.account import GROUPS, TODAY, Account, ids, members, read, settings, source


def test_a_user_has_what_google_shows_and_what_is_decoded(google: GoogleSandbox) -> None:
    there = google.directory
    there.put_user("boss", aliases=["chief@corp.example"])
    there.put_user(
        "u1",
        name={"givenName": "花子", "familyName": "佐藤"},
        relations=[{"type": "spouse", "value": "x@corp.example"}, {"type": "manager", "value": "Chief@corp.example"}],
        organizations=[{"department": "old"}, {"department": "R&D", "title": "Lead", "primary": True}],
        customSchemas={"Single_Sign-On": {"AWS_Username": "sato", "teams": [{"type": "work", "value": "blue"}]}},
    )
    custom = ("Single_Sign-On.AWS_Username", "Single_Sign-On.teams")
    shown, _ = read(source(google, custom))
    one = next(record for record in shown.users if record.id == "u1")
    assert one.attributes["manager"] == "boss"
    assert one.raw == {"manager": "Chief@corp.example"}
    assert one.attributes["accountEnabled"] is True
    name, organization = one.attributes["name"], one.attributes["organization"]
    assert isinstance(name, dict)
    assert isinstance(organization, dict)
    assert (name["givenName"], name["fullName"]) == ("花子", "花子 佐藤")
    assert (organization["department"], organization["title"], organization["costCenter"]) == ("R&D", "Lead", "")
    assert (one.attributes[custom[0]], one.attributes[custom[1]]) == ("sato", ["blue"])


def test_without_rules_over_custom_fields_none_are_asked_for(google: GoogleSandbox) -> None:
    read(source(google))
    assert "projection=basic" in _asked_of_users(google)
    google.forget_requests()
    read(source(google, ("AWS.team",)))
    assert "projection=custom&customFieldMask=AWS" in _asked_of_users(google)
    google.forget_requests()
    GoogleSource(settings(google), Wanted("id", is_all=True), GROUPS).read(TODAY)
    assert "projection=full" in _asked_of_users(google)


def test_suspended_or_archived_is_inactive_and_a_missing_flag_is_no_answer(google: GoogleSandbox) -> None:
    there = google.directory
    there.put_user("u1", suspended=True)
    there.put_user("u2", archived=True)
    there.put_user("u3", archived=None)
    there.put_user("u4")
    shown, _ = read(source(google))
    enabled = {record.id: record.attributes.get("accountEnabled", "absent") for record in shown.users}
    assert enabled == {"u1": False, "u2": False, "u3": "absent", "u4": True, ADMIN_ID: True}


def test_members_are_decided_by_id(google: GoogleSandbox) -> None:
    there = google.directory
    there.put_user("u1", aliases=["alias@corp.example"], suspended=True)
    there.put_user("u2")
    for group in ("g1", "g2"):
        there.put_group(group)
    there.add_member("g1", "u1", email="alias@corp.example")
    there.add_member("g1", "u2", role="OWNER")
    there.add_member("g1", "g2")
    # Somebody from outside who is listed with an address of ours, and a group of another account.
    there.add_external("g1", "u1@corp.example", id="999")
    there.add_external("g1", "team@partner.example", id="888", type="GROUP")
    there.add_external("g1", "kim@mail.example")
    shown, _ = read(source(google))
    assert members(shown, "g1") == {"u1", "u2", "g2"}
    (notice,) = shown.warnings
    assert (notice.kind, notice.subject) == ("member_left_out", "g1")
    assert (
        "3 members from outside the account (kim@mail.example, team@partner.example, u1@corp.example)" in notice.detail
    )


def test_everybody_is_everybody_and_another_customer_is_outside(google: GoogleSandbox) -> None:
    there = google.directory
    there.put_user("u1")
    there.put_group("g1")
    there.add_member("g1", there.customer)
    there.add_external("g1", "", id="C99other", type="CUSTOMER")
    chosen = source(google)
    shown, memory = read(chosen)
    assert members(shown, "g1") == {"u1", ADMIN_ID}
    assert "C99other" in shown.warnings[0].detail
    there.put_user("u2")
    changed = chosen.changes(TODAY, memory)
    assert isinstance(changed, SourceChanges)
    assert set(changed.members["g1"][0]) == {"u1", "u2", ADMIN_ID}


def test_managers_who_are_not_users_are_left_out_and_counted(google: GoogleSandbox) -> None:
    for user in ("u1", "u2"):
        google.directory.put_user(user, relations=[{"type": "manager", "value": "the boss"}])
    shown, _ = read(source(google))
    (notice,) = shown.warnings
    assert notice.detail == "2 managers who are not users of the account were left out (the boss)"
    assert "manager" not in next(r for r in shown.users if r.id == "u1").attributes


def test_a_probe_says_how_changes_are_learned_and_notes_nothing_of_a_page(google: GoogleSandbox) -> None:
    google.directory.put_user("u1", relations=[{"type": "manager", "value": "on-the-next-page@corp.example"}])
    (notice,) = source(google).probe(TODAY).warnings
    assert (notice.kind, "everything is read each time" in notice.detail) == (CHANGES, True)


def test_two_groups_of_one_name_are_two(google: GoogleSandbox) -> None:
    google.directory.put_group("g1", name="dev")
    google.directory.put_group("g2", name="dev")
    assert len(read(source(google))[0].groups) == 2


def test_a_swap_of_two_members_is_seen_though_count_and_etag_stay(google: GoogleSandbox) -> None:
    there = google.directory
    for user in ("u1", "u2"):
        there.put_user(user)
    there.put_group("g1")
    there.add_member("g1", "u1")
    chosen = source(google)
    _, memory = read(chosen)
    before = there.shown_group("g1")
    there.remove_member("g1", "u1")
    there.add_member("g1", "u2")
    assert there.shown_group("g1") == before
    changed = chosen.changes(TODAY, memory)
    assert isinstance(changed, SourceChanges)
    assert set(changed.records) == {SourceKey("group", "g1")}
    assert changed.members == {"g1": (("u2",), ())}


def test_a_reading_costs_its_pages_and_a_list_of_members_for_each_group(google: GoogleSandbox) -> None:
    there = google.directory
    for number in range(12):
        there.put_user(f"u{number}")
    for number in range(3):
        there.put_group(f"g{number}")
    chosen = source(google)
    _, memory = read(chosen)
    google.forget_requests()
    changed = chosen.changes(TODAY, memory)
    assert isinstance(changed, SourceChanges)
    assert (changed.records, changed.learned and changed.learned.entries) == ({}, {})
    assert dict(google.counts) == {"GET users": 1, "GET groups": 1, "GET groups/{id}/members": 3}


def test_pages_are_followed_to_their_end(google: GoogleSandbox) -> None:
    google.knobs = replace(google.knobs, page_cap=2)
    for number in range(5):
        google.directory.put_user(f"u{number}")
        google.directory.put_group(f"g{number}")
        google.directory.add_member("g0", f"u{number}")
    shown, _ = read(source(google))
    assert (len(shown.users), len(shown.groups), len(members(shown, "g0"))) == (6, 5, 5)


def test_one_domain_of_several_is_read_alone(google: GoogleSandbox) -> None:
    google.directory.put_user("u1", primaryEmail="u1@other.example")
    google.directory.put_user("u2")
    assert ids(read(source(google, customer="", domain="corp.example"))[0]) == {"u2", ADMIN_ID}


@pytest.mark.parametrize("scope", [GoogleScope(), GoogleScope(groups=("グループ 3*", "t31*"))])
def test_changes_lead_where_everything_leads_in_bad_weather_too(google: GoogleSandbox, scope: GoogleScope) -> None:
    there, random, account = organization(25, 8), Random(5), Account(google)
    account.become(there)
    follower = Applying(source(google, scope=scope), TODAY)
    follower.begin()
    for _ in range(5):
        there.churn(random, 5)
        account.become(there)
        google.fail(
            *(GoogleFault(kind, chance=0.05) for kind in ("user_rate", "rate", "backend", "garbage", "html", "cut"))
        )
        _follow(follower)
        google.fail()
        assert follower.shown.plain() == Shown.of(source(google, scope=scope).read(TODAY).snapshot).plain()


def _follow(follower: Applying) -> None:
    """Read what has changed; again, if the weather was too bad for one reading."""
    for _ in range(5):
        try:
            follower.follow()
        except SourceUnreadable:
            continue
        return
    raise AssertionError("five readings failed")


def _asked_of_users(google: GoogleSandbox) -> str:
    return next(each.query for each in google.requests if each.path == "users")
