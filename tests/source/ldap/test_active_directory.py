"""Active Directory, as Samba speaks it: ids, switches, memberships, and its two ways of reporting changes."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import Bind, LdapSettings, Search
from scim_bridge.errors import CredentialsRefused
from scim_bridge.model.source import Memory, SourceReading, Wanted
from tests.applying import asked
from tests.ldap_organization import change, expected, shown
from tests.ldap_server import add, replace
from tests.organization import organization
from tests.samba_server import (
    ADMIN,
    DOMAIN,
    PASSWORD,
    Samba,
    active_directory_entries,
    group,
    require_samba,
    unit,
    user,
)
from tests.source.ldap.reading import NO_TLS, TODAY, Follower

pytestmark = pytest.mark.samba
USERS = Wanted(
    "id",
    frozenset(
        {
            "id",
            "sAMAccountName",
            "sn",
            "accountEnabled",
            "manager",
            "employeeNumber",
            "title",
            "objectSid",
            "objectGUID",
        }
    ),
)
GROUPS = Wanted("id", frozenset({"cn", "info"}))
READER, READER_PASSWORD = "reader", "Read3r.2024x"
ORDINARY = (f"{READER}@t.example", READER_PASSWORD)
"""An account without rights of its own."""


@pytest.fixture(scope="module")
def samba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """A domain with the usual units and an ordinary account."""
    require_samba()
    server = Samba(tmp_path_factory.mktemp("samba"))
    server.provision()
    server.start()
    link = server.system()
    for name in ("people", "branch", "groups"):
        add(link, unit(name))
    password = f'"{READER_PASSWORD}"'.encode("utf-16-le")
    _, attributes = user(READER, unicodePwd=[password], userAccountControl=["512"])
    add(link, (f"CN={READER},CN=Users,{DOMAIN}", attributes))
    yield server
    server.stop()


@pytest.fixture
def link(samba: Samba) -> Iterator[Any]:
    """A connection that may change everything; what is in the units is deleted afterwards."""
    import ldap

    link = samba.system()
    yield link
    for name in ("groups", "people", "branch"):
        found = [dn for dn, _ in link.search_s(f"OU={name},{DOMAIN}", ldap.SCOPE_SUBTREE, attrlist=["1.1"])]
        for dn in sorted(found, key=len, reverse=True):  # what is inside goes first
            if not dn.lower().startswith(f"ou={name},"):
                link.delete_s(dn)


def settings(samba: Samba, account: tuple[str, str] = (ADMIN, PASSWORD), **changes: Any) -> LdapSettings:
    values: dict[str, Any] = {
        "urls": (samba.url,),
        "flavor": None,
        "bind": Bind("simple", account[0], Secret(account[1], Path(), "password")),
        "tls": NO_TLS,
        "users": Search((f"OU=people,{DOMAIN}", f"OU=branch,{DOMAIN}"), ""),
        "groups": Search((f"OU=groups,{DOMAIN}",), "", "member"),
        "reads_changes": True,
        "page_size": 500,
        "timeout": timedelta(seconds=20),
    }
    return LdapSettings(**{**values, **changes})


def source(samba: Samba, user: Wanted = USERS, group: Wanted = GROUPS, **changes: Any) -> Any:
    from scim_bridge.source.ldap.source import LdapSource

    return LdapSource(settings(samba, **changes), user, group)


def by_login(reading: SourceReading) -> dict[str, Any]:
    return {str(record.attributes["sAMAccountName"]): record for record in reading.snapshot.users}


def test_ids_sids_and_switches_are_decoded(samba: Samba, link: Any) -> None:
    day = str((1_741_824_000 + 11_644_473_600 + 2 * 365 * 86_400) * 10_000_000)  # 2027-03-13 00:00 UTC
    later = str(int(day) + 1)
    add(link, user("on"))
    add(link, user("off", userAccountControl=["546"]))
    add(link, user("expired", accountExpires=[day]))
    add(link, user("expires", accountExpires=[later]))
    found = by_login(source(samba).read(TODAY))
    assert {login: record.attributes["accountEnabled"] for login, record in found.items()} == {
        "on": True,
        "off": False,
        "expired": False,
        "expires": True,
    }
    assert found["off"].raw["accountEnabled"].startswith("userAccountControl=546")
    record = found["on"]
    assert str(UUID(record.id)) == record.id == record.attributes["objectGUID"]
    assert record.attributes["objectSid"].startswith("S-1-5-21-")


def test_types_follow_the_published_schema(samba: Samba) -> None:
    types = source(samba).attributes("user")
    assert (types["givenName"], types["otherMailbox"], types["accountEnabled"], types["manager"]) == (
        "string",
        "strings",
        "dyn",
        "string",
    )
    assert "thumbnailPhoto" not in types


def test_a_member_list_that_comes_in_ranges_is_read_whole(samba: Samba, link: Any) -> None:
    members = [f"CN=m{number},OU=branch,{DOMAIN}" for number in range(1_510)]
    for dn in members:
        add(link, (dn, {"objectClass": ["contact"]}))
    add(link, user("a"))
    add(link, group("all", *members, user("a")[0]))
    snapshot = source(samba).read(TODAY).snapshot
    assert [users for users, _ in snapshot.members.values()] == [(snapshot.users[0].id,)]
    assert {notice.subject for notice in snapshot.warnings} == set(members)


def test_the_primary_group_counts_where_it_is_read(samba: Samba, link: Any) -> None:
    add(link, user("a"))
    groups = Search(
        (f"OU=groups,{DOMAIN}", f"CN=Users,{DOMAIN}"), "(|(sAMAccountName=dev)(sAMAccountName=Domain Users))", "member"
    )
    add(link, group("dev"))
    snapshot = source(samba, groups=groups).read(TODAY).snapshot
    names = {record.id: record.attributes["cn"] for record in snapshot.groups}
    a = snapshot.users[0].id
    assert {names[group]: users for group, (users, _) in snapshot.members.items()} == {"Domain Users": (a,)}


def test_a_rule_over_members_sees_their_plain_names(samba: Samba, link: Any) -> None:
    add(link, user("a"))
    add(link, group("dev", user("a")[0]))
    (record,) = source(samba, group=Wanted("id", frozenset({"cn", "member"}))).read(TODAY).snapshot.groups
    assert record.attributes["member"] == [user("a")[0]]


def test_nested_groups_and_managers_are_resolved_and_outsiders_noted(samba: Samba, link: Any) -> None:
    for entry in (user("boss"), user("a", manager=[user("boss")[0]]), group("inner", user("a")[0])):
        add(link, entry)
    add(link, group("outer", group("inner")[0], f"CN={READER},CN=Users,{DOMAIN}"))
    reading = source(samba).read(TODAY)
    found = by_login(reading)
    assert found["a"].attributes["manager"] == found["boss"].id
    assert found["a"].raw["manager"] == user("boss")[0]
    assert [(n.kind, n.subject) for n in reading.snapshot.warnings] == [
        ("unknown_member", f"CN={READER},CN=Users,{DOMAIN}")
    ]


def following(samba: Samba, **changes: Any) -> Follower:
    """Someone who has read everything of this domain once."""
    return Follower(source(samba, **changes))


def first(value: object) -> str:
    return str(value[0] if isinstance(value, list) else value)


def kind_of(follower: Follower) -> str:
    assert follower.memory is not None
    return str(json.loads(follower.memory.watermark)["kind"])


def by_usn(samba: Samba) -> Follower:
    """Someone who follows by uSNChanged, as an account without the right to DirSync would."""
    from scim_bridge.source.ldap.connection import sign_in
    from scim_bridge.source.ldap.layout import layout
    from scim_bridge.source.ldap.reader import Reader
    from scim_bridge.source.ldap.server import meet
    from scim_bridge.source.ldap.usn import Usn

    with closing(sign_in(settings(samba))) as session:
        found = layout(settings(samba), meet(session, None), {"user": USERS, "group": GROUPS})
        position = Usn(session, found, Reader(session, found)).start()
    follower = following(samba)
    assert follower.memory is not None
    follower.memory = Memory(position, follower.memory.entries)
    return follower


@pytest.mark.parametrize("seed", range(3))
def test_after_any_churn_dirsync_leads_where_everything_leads(samba: Samba, link: Any, seed: int) -> None:
    follower = following(samba)
    follow_churn(follower, link, seed)
    assert kind_of(follower) == "dirsync"


@pytest.mark.parametrize("seed", range(3, 6))
def test_after_any_churn_sequence_numbers_lead_where_everything_leads(samba: Samba, link: Any, seed: int) -> None:
    follower = by_usn(samba)
    follow_churn(follower, link, seed)
    assert kind_of(follower) == "usn"


@pytest.mark.parametrize(("part", "value"), [("server", "dc2.t.example 0"), ("number", 1 << 40)])
def test_another_domain_controller_or_a_restored_one_is_read_whole(
    samba: Samba, link: Any, part: str, value: object
) -> None:
    add(link, user("a"))
    follower = by_usn(samba)
    assert follower.memory is not None
    position = {**json.loads(follower.memory.watermark), part: value}
    follower.memory = Memory(json.dumps(position), follower.memory.entries)
    reading = follower.follows(whole=True)
    assert reading.learned is not None
    assert "restored" in reading.learned.reason


def follow_churn(follower: Follower, link: Any, seed: int) -> None:
    random, there = Random(seed), organization(8, 4, seed)
    entries = active_directory_entries(there)
    change(link, {}, entries, later=("manager", "member"))
    for _ in range(5):
        there.churn(random, 6)
        change(link, entries, active_directory_entries(there), later=("manager", "member"))
        entries = active_directory_entries(there)
        reading = follower.follows()
        assert shown(reading.snapshot, first, "employeeNumber", "info") == expected(there)
        active = {str(r.attributes["employeeNumber"]): r.attributes["accountEnabled"] for r in reading.snapshot.users}
        assert active == {key: person.is_active for key, person in there.people.items()}


@pytest.mark.parametrize("seed", range(6, 9))
def test_after_any_churn_an_account_without_rights_is_led_where_everything_leads(
    samba: Samba, link: Any, seed: int
) -> None:
    follower = following(samba, account=ORDINARY)
    follow_churn(follower, link, seed)
    assert kind_of(follower) == "dirsync-limited"


def test_an_account_without_rights_finds_who_is_gone(samba: Samba, link: Any) -> None:
    for entry in (user("a"), user("b"), group("dev", user("a")[0], user("b")[0])):
        add(link, entry)
    follower = following(samba, account=ORDINARY)
    link.delete_s(user("a")[0])
    reading = follower.follows()
    b = by_login(reading)["b"].id
    assert [users for users, _ in reading.snapshot.members.values()] == [(b,)]


def test_who_becomes_visible_to_an_account_without_rights_is_found_though_no_change_is_reported(
    samba: Samba, link: Any
) -> None:
    add(link, user("a"))
    follower = following(samba, account=ORDINARY)
    assert follower.memory is not None
    unseen = {key: text for key, text in follower.memory.entries.items() if not key.startswith("user ")}
    follower.memory = Memory(follower.memory.watermark, unseen)
    assert set(by_login(follower.follows())) == {"a"}


@pytest.mark.parametrize("account", [(ADMIN, PASSWORD), ORDINARY])
def test_who_moves_while_everything_is_read_is_there_all_the_same(
    samba: Samba, link: Any, account: tuple[str, str]
) -> None:
    for entry in (user("a"), user("b", "branch"), group("dev", user("b", "branch")[0])):
        add(link, entry)
    moved: list[str] = []

    def move(step: str, done: int, total: int | None) -> None:
        if not moved:
            moved.append(step)
            link.rename_s(user("b", "branch")[0], "CN=b", f"OU=people,{DOMAIN}")

    reading = source(samba, account=account).read(TODAY, None, move)
    found = by_login(reading)
    assert (moved, set(found)) == (["read users"], {"a", "b"})
    assert [users for users, _ in reading.snapshot.members.values()] == [(found["b"].id,)]


def test_a_domain_is_read_from_its_root_past_what_it_refers_to(samba: Samba, link: Any) -> None:
    add(link, user("a"))
    shown = source(samba, users=Search((DOMAIN,), "(sAMAccountName=a)")).read(TODAY).snapshot
    assert len(shown.users) == 1


def test_a_probe_says_how_changes_are_learned(samba: Samba, link: Any) -> None:
    add(link, user("a"))
    (by_right,) = source(samba).probe(TODAY).warnings
    (by_none,) = source(samba, account=ORDINARY).probe(TODAY).warnings
    assert by_right.detail == "changes by DirSync"
    assert "who is gone by a listing of all ids" in by_none.detail
    assert "Replicating Directory Changes" in by_none.detail


def test_a_wrong_password_is_explained(samba: Samba) -> None:
    with pytest.raises(CredentialsRefused, match="the password is wrong"):
        source(samba, account=(ADMIN, "wrong")).read(TODAY)


def test_a_refused_position_leads_to_a_whole_reading(samba: Samba, link: Any) -> None:
    follower = following(samba)
    assert follower.memory is not None
    position = json.loads(follower.memory.watermark)
    position["cookies"] = dict.fromkeys(position["cookies"], "Z2FyYmFnZQ==")
    follower.memory = Memory(json.dumps(position), follower.memory.entries)
    reading = follower.follows(whole=True)
    assert reading.learned is not None
    assert "refused the position" in reading.learned.reason


def test_units_that_move_take_their_people_along(samba: Samba, link: Any) -> None:
    add(link, (f"OU=tokyo,OU=people,{DOMAIN}", {"objectClass": ["organizationalUnit"]}))
    add(link, user("a", "tokyo,OU=people"))
    follower = following(samba)
    link.rename_s(f"OU=tokyo,OU=people,{DOMAIN}", "OU=osaka")
    assert follower.follows(whole=True).snapshot.users[0].place == f"CN=a,OU=osaka,OU=people,{DOMAIN}"
    link.rename_s(f"OU=osaka,OU=people,{DOMAIN}", "OU=osaka", f"OU=groups,{DOMAIN}")
    assert follower.follows(whole=True).snapshot.users == ()


def test_an_entry_that_leaves_the_filter_is_gone(samba: Samba, link: Any) -> None:
    add(link, user("a", department=["sales"]))
    follower = following(samba, users=Search((f"OU=people,{DOMAIN}",), "(&(objectClass=user)(department=sales))"))
    replace(link, user("a")[0], department=["it"])
    assert follower.follows().snapshot.users == ()


def test_looking_at_one_record_leaves_the_others_as_remembered(samba: Samba, link: Any) -> None:
    for login in "ab":
        add(link, user(login))
    follower = following(samba)
    assert follower.memory is not None
    for login in "ab":
        replace(link, user(login)[0], title=["Lead"])
    a = by_login(follower.source.read(TODAY))["a"].id
    shown = asked(follower.source, follower.memory, follower.applying.shown.snapshot, [("user", a)])
    assert {login: r.attributes.get("title") for login, r in by_login(SourceReading(shown)).items()} == {
        "a": "Lead",
        "b": None,
    }
