"""Reading by changes shows what reading everything shows, after whatever has happened (RFC 4533 on OpenLDAP)."""

import json
import re
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim_bridge.config.source import Search
from scim_bridge.model.source import Memory, Wanted
from tests.ldap_organization import change, expected, open_ldap_entries, shown
from tests.ldap_server import ADMIN, PASSWORD, ROOT, SUFFIX, Slapd, add, group, person, replace, require_slapd
from tests.organization import EVENTS, Event, organization
from tests.source.ldap.reading import (
    EVERYTHING,
    TEAMS,
    TODAY,
    first,
    following,
    ids,
    members,
    read,
    same,
    simple,
    source,
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__.strip("_"))
def test_after_each_kind_of_event_the_changes_lead_where_everything_leads(slapd: Slapd, event: Event) -> None:
    random = Random(7)
    there = organization(12, 5)
    link = slapd.admin()
    change(link, {}, open_ldap_entries(there))
    follower = following(slapd)
    for _ in range(3):
        before = there.copy()
        event(there, random)
        change(link, open_ldap_entries(before), open_ldap_entries(there))
        reading = follower.follows()
        assert shown(reading.snapshot, first, "employeeNumber", "businessCategory") == expected(there)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """One server for many days of many organizations."""
    require_slapd()
    server = Slapd(tmp_path_factory.mktemp("slapd"))
    server.load(ROOT)
    server.start()
    yield server
    server.stop()


@settings(max_examples=settings().max_examples // 8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), days=st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_after_any_churn_the_changes_lead_where_everything_leads(long_lived: Slapd, seed: int, days: list[int]) -> None:
    server, random = long_lived, Random(seed)
    link = server.admin()
    there = organization(8, 4, seed)
    entries = open_ldap_entries(there)
    change(link, {}, entries)
    try:
        follower = following(server)
        for steps in days:
            there.churn(random, steps)
            change(link, entries, open_ldap_entries(there))
            entries = open_ldap_entries(there)
            assert shown(follower.follows().snapshot, first, "employeeNumber", "businessCategory") == expected(there)
    finally:
        change(link, entries, {})


def test_an_idle_run_costs_one_search_a_base(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd(log=True)
    add(server.admin(), person("a"))
    follower = following(server)
    before = server.searches()
    follower.source.read(TODAY, follower.memory)
    log = (server.folder / "log.txt").read_text().split(" SRCH base=")[before + 1 :]
    assert [line.split('"')[1].partition(",")[0] for line in log if not line.startswith('""')] == [
        "ou=people",
        "ou=branch",
        "ou=groups",
    ]


def test_an_entry_that_leaves_the_filter_is_gone(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a", employeeType=["staff"]))
    add(link, person("b", employeeType=["staff"]))
    follower = following(slapd, users=Search((f"ou=people,{SUFFIX}",), "(employeeType=staff)"))
    replace(link, person("b")[0], employeeType=["guest"])
    assert set(ids(follower.follows().snapshot)) == {"a"}


def test_more_deletions_than_the_server_keeps_are_learned_from_who_is_still_there(
    make_slapd: Callable[..., Slapd],
) -> None:
    server = make_slapd(sessionlog=3)
    link = server.admin()
    for number in range(20):
        add(link, person(f"u{number}"))
    follower = following(server)
    for number in range(12):
        link.delete_s(person(f"u{number}")[0])
    replace(link, person("u19")[0], title=["Lead"])
    assert len(follower.follows().snapshot.users) == 8


def test_without_a_log_of_deletions_nobody_deleted_is_kept(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd(sessionlog=0)
    link = server.admin()
    for login in "abc":
        add(link, person(login))
    follower = following(server)
    for login in "abc":
        link.delete_s(person(login)[0])
    reading = follower.read()
    assert reading.snapshot.users == ()


def test_a_restarted_server_still_knows_what_changed(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    add(link, person("b"))
    follower = following(slapd)
    link.delete_s(person("a")[0])
    replace(link, person("b")[0], title=["Lead"])
    slapd.restart()
    assert set(ids(follower.read().snapshot)) == {"b"}
    assert same(follower.follows().snapshot, read(slapd, EVERYTHING, TEAMS))


@pytest.mark.parametrize(("year", "why"), [("", "no longer knows the position"), ("2099", "newer than provider")])
def test_a_position_that_the_server_refuses_leads_to_one_whole_reading_that_says_why(
    slapd: Slapd, year: str, why: str
) -> None:
    add(slapd.admin(), person("a"))
    follower = following(slapd)
    assert follower.memory is not None
    watermark = json.loads(follower.memory.watermark)
    cookies = watermark["cookies"]
    watermark["cookies"] = {
        name: re.sub(r"\b20\d\d", year, csn) if year else "garbage" for name, csn in cookies.items()
    }
    follower.memory = Memory(json.dumps(watermark), follower.memory.entries)
    reading = follower.follows(whole=True)
    assert reading.learned is not None
    assert why in reading.learned.reason
    follower.follows()


def test_a_server_that_keeps_no_record_of_changes_is_read_whole_each_time(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd(sessionlog=None)
    add(server.admin(), person("a"))
    follower = following(server)
    for login in "bc":
        add(server.admin(), person(login))
        reading = follower.follows(whole=True)
        assert login in ids(reading.snapshot)
        assert reading.learned is not None
        assert reading.learned.reason == "the server does not report changes (OpenLDAP: overlay syncprov)"


def test_a_record_of_changes_that_was_switched_off_is_said(slapd: Slapd) -> None:
    add(slapd.admin(), person("a"))
    follower = following(slapd)
    slapd.restart(sessionlog=None)
    reading = follower.follows(whole=True)
    assert reading.learned is not None
    assert "syncprov" in reading.learned.reason


def test_units_that_are_renamed_take_their_people_along(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, (f"ou=tokyo,ou=people,{SUFFIX}", {"objectClass": ["organizationalUnit"], "ou": ["tokyo"]}))
    add(link, person("a"))
    link.rename_s(person("a")[0], "uid=a", f"ou=tokyo,ou=people,{SUFFIX}")
    follower = following(slapd)
    link.rename_s(f"ou=tokyo,ou=people,{SUFFIX}", "ou=osaka")
    reading = follower.follows(whole=True)
    assert reading.learned is not None
    assert (
        reading.learned.reason
        == f"ou=osaka,ou=people,{SUFFIX} is new or has moved, and what came with it is not reported"
    )
    assert reading.snapshot.users[0].place == f"uid=a,ou=osaka,ou=people,{SUFFIX}"
    follower.follows()


def test_a_unit_that_leaves_the_base_takes_its_people_out(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, (f"ou=tokyo,ou=people,{SUFFIX}", {"objectClass": ["organizationalUnit"], "ou": ["tokyo"]}))
    add(link, person("a"))
    link.rename_s(person("a")[0], "uid=a", f"ou=tokyo,ou=people,{SUFFIX}")
    follower = following(slapd)
    link.rename_s(f"ou=tokyo,ou=people,{SUFFIX}", "ou=tokyo", f"ou=groups,{SUFFIX}")
    assert follower.follows(whole=True).snapshot.users == ()


def test_a_filter_on_group_membership_is_never_followed_by_changes(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd(modules=("memberof",), database="overlay memberof")
    link = server.admin()
    add(link, person("a"))
    add(link, group("aws", person("a")[0]))
    users = Search((f"ou=people,{SUFFIX}",), f"(memberOf=cn=aws,ou=groups,{SUFFIX})")
    follower = following(server, users=users)
    replace(link, group("aws")[0], member=[ADMIN])
    assert follower.follows(whole=True).snapshot.users == ()


def test_a_group_whose_members_the_server_works_out_is_never_followed_by_changes(
    make_slapd: Callable[..., Slapd],
) -> None:
    overlay = "overlay dynlist\ndynlist-attrset groupOfURLs memberURL member"
    server = make_slapd(modules=("dynlist",), top="include /etc/ldap/schema/dyngroup.schema", database=overlay)
    link = server.admin()
    for login in "ab":
        add(link, person(login, title=["dev"]))
    follower = following(server, groups=Search((f"ou=groups,{SUFFIX}",), "(cn=*)", "member"))
    follower.follows()
    url = f"ldap:///ou=people,{SUFFIX}??sub?(title=dev)"
    add(link, (f"cn=dyn,ou=groups,{SUFFIX}", {"objectClass": ["groupOfURLs"], "cn": ["dyn"], "memberURL": [url]}))
    assert members(follower.follows(whole=True).snapshot) == {"dyn": ({"a", "b"}, set())}
    replace(link, person("b")[0], title=["sales"])
    reading = follower.follows(whole=True)
    assert members(reading.snapshot) == {"dyn": ({"a"}, set())}
    assert reading.learned is not None
    assert "cn=dyn" in reading.learned.reason
    assert "memberURL" in reading.learned.reason


def test_where_the_server_mends_references_a_rename_is_followed(make_slapd: Callable[..., Slapd]) -> None:
    overlay = f"overlay refint\nrefint_attributes member manager\nrefint_nothing {ADMIN}"
    server = make_slapd(modules=("refint",), database=overlay)
    link = server.admin()
    for entry in (person("a"), person("b", manager=[person("a")[0]]), group("dev", person("a")[0])):
        add(link, entry)
    follower = following(server)
    link.rename_s(person("a")[0], "uid=z")
    reading = follower.follows()
    assert members(reading.snapshot) == {"dev": ({"z"}, set())}


def test_a_size_limit_on_the_changes_leads_to_a_whole_reading(make_slapd: Callable[..., Slapd]) -> None:
    limits = f'limits dn.exact="cn=bridge,{SUFFIX}" size.hard=3 size.soft=3 size.prtotal=unlimited'
    server = make_slapd(database=limits)
    link = server.admin()
    add(
        link,
        (
            f"cn=bridge,{SUFFIX}",
            {
                "objectClass": ["organizationalRole", "simpleSecurityObject"],
                "cn": ["bridge"],
                "userPassword": [PASSWORD],
            },
        ),
    )
    follower = following(server, bind=simple(f"cn=bridge,{SUFFIX}"))
    for number in range(5):
        add(link, person(f"u{number}"))
    reading = follower.follows(whole=True)
    assert reading.learned is not None
    assert "a limit of the server cut the changes" in reading.learned.reason


def test_another_mapping_another_memory(slapd: Slapd) -> None:
    keys = {
        source(slapd).key,
        source(slapd, Wanted("id", frozenset({"cn"}))).key,
        source(slapd, groups=None).key,
        source(slapd, page_size=7).key,
        source(slapd, bind=simple(password="other")).key,
    }
    assert len(keys) == 3
