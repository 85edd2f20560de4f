"""What an OpenLDAP directory shows: entries, names, types, values; and what a probe says where a part shows nothing."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from scim_bridge.config.source import Search
from scim_bridge.model.identity import INSTEAD
from scim_bridge.model.source import Memory, Wanted
from tests.ldap_server import SUFFIX, Entry, Slapd, add, group, person
from tests.remembering import remembered
from tests.source.ldap.reading import POSIX, TODAY, UNIT, ids, load, members, posix, read, source

PEOPLE = f"ou=people,{SUFFIX}"
UNIQUE: Entry = (
    f"cn=u,{UNIT}",
    {"objectClass": ["groupOfUniqueNames"], "cn": ["u"], "uniqueMember": [person("a")[0]]},
)


def said(server: Slapd, **changes: Any) -> list[str]:
    shown = source(server, **changes).probe(TODAY)
    return [notice.detail for notice in shown.warnings if notice.kind == INSTEAD]


BY_NAME, POSIX_CLASS = "(objectClass=groupOfNames)", "(objectClass=posixGroup)"


@pytest.mark.parametrize(
    ("there", "search", "filter_text", "found", "way_out"),
    [
        (
            [posix("a", 7), posix("b", 8)],
            Search((UNIT,), "", "member"),
            BY_NAME,
            "are 2 posixGroup entries",
            "groups.member: memberUid",
        ),
        (
            [UNIQUE],
            Search((UNIT,), "", "member"),
            BY_NAME,
            "is 1 groupOfUniqueNames entry",
            "groups.member: uniqueMember",
        ),
        ([group("g")], POSIX, POSIX_CLASS, "is 1 groupOfNames entry", "groups.member: member"),
        (
            [posix("a", 7)],
            Search((UNIT,), BY_NAME, "member"),
            BY_NAME,
            "is 1 posixGroup entry",
            f'groups.member: memberUid and groups.filter: "{POSIX_CLASS}"',
        ),
        (
            [group("g")],
            Search((UNIT,), "(cn=x)", "member"),
            "(cn=x)",
            "is 1 groupOfNames entry",
            f'groups.filter: "{BY_NAME}"',
        ),
    ],
)
def test_groups_of_another_class_are_named(
    slapd: Slapd, there: list[Entry], search: Search, filter_text: str, found: str, way_out: str
) -> None:
    load(slapd, person("a"), *there)
    assert said(slapd, groups=search) == [
        f"no entry fits groups.filter {filter_text} below {UNIT}; there {found}: set {way_out}"
    ]


def test_members_in_another_attribute_are_named(slapd: Slapd) -> None:
    load(slapd, person("a"), posix("a", 7, "a"), posix("b", 8))
    assert said(slapd, groups=Search((UNIT,), "(objectClass=posixGroup)", "member")) == [
        f"no group below {UNIT} has a value of member, but 1 has one of memberUid: set groups.member: memberUid"
    ]


def test_users_of_another_class_are_named(slapd: Slapd) -> None:
    account = {"objectClass": ["account", "posixAccount"], "uid": ["a"], "cn": ["a"], "uidNumber": ["1"]}
    load(slapd, (f"uid=a,{PEOPLE}", {**account, "gidNumber": ["1"], "homeDirectory": ["/"]}))
    (detail,) = said(slapd, users=Search((PEOPLE,), ""), groups=None)
    assert detail == (
        f"no entry fits users.filter (objectClass=inetOrgPerson) below {PEOPLE}; there is 1 posixAccount entry: "
        'set users.filter: "(objectClass=posixAccount)"'
    )


def test_nothing_is_said_where_there_is_something_or_nothing_at_all(slapd: Slapd) -> None:
    load(slapd, person("a"))
    assert said(slapd) == []
    load(slapd, group("g", person("a")[0]))
    assert said(slapd) == []


def test_users_and_groups_are_read_with_their_members(slapd: Slapd) -> None:
    link = slapd.admin()
    for entry in (person("a"), person("b", "branch"), group("dev", person("a")[0], person("b", "branch")[0])):
        add(link, entry)
    shown = read(slapd)
    assert set(ids(shown)) == {"a", "b"}
    assert members(shown) == {"dev": ({"a", "b"}, set())}


def test_the_id_is_the_entry_uuid_in_lower_case_and_stays_through_a_rename(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    before = ids(read(slapd))["a"]
    link.rename_s(person("a")[0], "uid=z", f"ou=branch,{SUFFIX}")
    assert str(UUID(before)) == before
    assert ids(read(slapd)) == {"z": before}


def test_a_listing_of_many_pages_is_read_to_its_end(slapd: Slapd) -> None:
    slapd.stop()
    slapd.load([person(f"u{number}") for number in range(25)])
    slapd.start()
    assert len(read(slapd, page_size=10).users) == 25


def test_single_valued_attributes_are_text_and_others_are_lists(slapd: Slapd) -> None:
    add(slapd.admin(), person("a", mail=["a@corp.example", "b@corp.example"], preferredLanguage=["ja"]))
    wanted = Wanted("id", frozenset({"mail", "preferredLanguage", "uid"}))
    reader = source(slapd, wanted)
    (record,) = reader.read(TODAY).snapshot.users
    assert record.attributes["preferredLanguage"] == "ja"
    assert record.attributes["mail"] == ["a@corp.example", "b@corp.example"]
    types = reader.attributes("user")
    assert (types["preferredLanguage"], types["mail"], types["id"], types["manager"]) == (
        "string",
        "strings",
        "string",
        "string",
    )


def test_attributes_come_under_the_spelling_that_the_mapping_uses(slapd: Slapd) -> None:
    add(slapd.admin(), person("a", givenName=["陽菜"]))
    wanted = Wanted("id", frozenset({"GIVENNAME", "surname", "sn"}))
    reader = source(slapd, wanted)
    (record,) = reader.read(TODAY).snapshot.users
    assert (record.attributes["GIVENNAME"], record.attributes["surname"], record.attributes["sn"]) == (
        ["陽菜"],
        ["A"],
        ["A"],
    )
    assert reader.attributes("user")["GIVENNAME"] == "strings"


def test_only_what_the_mapping_uses_is_read(slapd: Slapd) -> None:
    add(slapd.admin(), person("a", title=["Lead"], userPassword=["secret"]))
    (record,) = read(slapd, Wanted("id", frozenset({"cn"}))).users
    assert set(record.attributes) == {"id", "dn", "cn"}


def test_a_mapping_that_goes_through_all_attributes_gets_them_all_but_no_password(slapd: Slapd) -> None:
    add(slapd.admin(), person("a", title=["Lead"], userPassword=["secret"], jpegPhoto=[b"\xff\xd8"]))
    (record,) = read(slapd, Wanted("id", frozenset(), is_all=True)).users
    assert record.attributes["title"] == ["Lead"]
    assert {"userPassword", "jpegPhoto"}.isdisjoint(record.attributes)


def test_a_password_that_is_kept_as_text_is_neither_shown_nor_remembered(make_slapd: Callable[..., Slapd]) -> None:
    hashed = "( 1.3.6.1.4.1.7165.2.1.25 NAME 'sambaNTPassword' SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )"
    server = make_slapd(top=f"attributetype {hashed}")
    dn, attributes = person("a", sambaNTPassword=["0CB6948805F797BF2A82807973B89537"])
    add(server.admin(), (dn, {**attributes, "objectClass": ["inetOrgPerson", "extensibleObject"]}))
    reader = source(server, Wanted("id", frozenset({"uid", "sambaNTPassword"}), is_all=True))
    reading = reader.read(TODAY)
    assert "0CB69488" not in repr(reading)
    assert "uid" in reading.snapshot.users[0].attributes
    assert "sambaNTPassword" not in reader.attributes("user")


def test_a_manager_is_the_id_of_the_record_and_nobody_where_it_leads_nowhere(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("boss"))
    add(link, person("a", manager=[f"UID=Boss , OU=People,{SUFFIX}"]))
    add(link, person("b", manager=[f"uid=gone,ou=people,{SUFFIX}"]))
    shown = read(slapd)
    by_uid = {record.attributes["uid"][0]: record for record in shown.users}  # type: ignore[index]
    assert by_uid["a"].attributes["manager"] == ids(shown)["boss"]
    assert by_uid["b"].attributes["manager"] == ""
    assert by_uid["b"].raw["manager"] == f"uid=gone,ou=people,{SUFFIX}"


def test_an_entry_below_two_bases_is_one_record(slapd: Slapd) -> None:
    add(slapd.admin(), person("a"))
    assert len(read(slapd, users=Search((SUFFIX, f"ou=people,{SUFFIX}"), "(uid=*)")).users) == 1


def test_another_attribute_may_be_the_id(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a", employeeNumber=["7"]))
    add(link, group("dev", person("a")[0]))
    shown = read(slapd, Wanted("employeeNumber", frozenset({"employeeNumber", "uid"})))
    assert ids(shown) == {"a": "7"}
    assert members(shown) == {"dev": ({"a"}, set())}


def test_the_probe_shows_a_page_of_users_and_groups(slapd: Slapd) -> None:
    link = slapd.admin()
    for number in range(5):
        add(link, person(f"u{number}"))
    add(link, group("dev"))
    shown = source(slapd, page_size=3).probe(TODAY)
    assert (len(shown.users), len(shown.groups), shown.members) == (3, 1, {})


def test_attributes_with_a_language_are_read_under_their_whole_name(slapd: Slapd) -> None:
    dn, attributes = person("a")
    add(slapd.admin(), (dn, {**attributes, "cn;lang-ja": ["佐藤"]}))
    (record,) = read(slapd, Wanted("id", frozenset({"cn", "cn;lang-ja"}))).users
    assert (record.attributes["cn"], record.attributes["cn;lang-ja"]) == (["a"], ["佐藤"])


def test_without_groups_in_the_settings_none_are_read(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    add(link, group("dev", person("a")[0]))
    shown = read(slapd, groups=None)
    assert (len(shown.users), shown.groups, shown.members) == (1, (), {})


SCHEMA, ROOT_DSE = "cn=Subschema", ""


def asked_of(server: Slapd, base: str) -> list[str]:
    """What has been asked of this entry: the attributes of each search; needs log."""
    lines = iter((server.folder / "log.txt").read_text(errors="replace").splitlines())
    return [next(lines).partition("SRCH attr=")[2] for line in lines if f' SRCH base="{base}" scope=0' in line]


def test_a_run_signs_in_once_and_asks_only_whether_the_schema_has_changed(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd(log=True)
    first = source(server)
    first.attributes("user")
    memory = remembered(None, first.read(TODAY))
    assert server.sign_ins() == 1
    assert (len(asked_of(server, ROOT_DSE)), asked_of(server, SCHEMA)) == (1, ["attributeTypes modifyTimestamp"])
    next_run = source(server)
    types = next_run.attributes("user", memory)
    assert next_run.attributes("group", memory)
    assert next_run.read(TODAY, memory).learned.entries == {}
    assert server.sign_ins() == 2
    assert (len(asked_of(server, ROOT_DSE)), asked_of(server, SCHEMA)[1:]) == (1, ["modifyTimestamp"])
    assert types == first.attributes("user")


def test_a_schema_that_has_changed_is_read_again(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd()
    memory = remembered(None, source(server).read(TODAY))
    key, entry = "server", memory.entries["server"]
    earlier = re.sub(r'"modifyTimestamp":\["[0-9]+Z"\]', '"modifyTimestamp":["19700101000000Z"]', entry)
    without = re.sub(r'"attributeTypes":\[.*?\]', '"attributeTypes":[]', earlier)
    reader = source(server)
    assert "title" in reader.attributes("user", Memory(memory.watermark, {**memory.entries, key: without}))
    learned = reader.read(TODAY, Memory(memory.watermark, {**memory.entries, key: without})).learned
    assert (learned.is_whole, learned.entries) == (False, {key: entry})


def test_what_another_server_said_of_itself_is_not_believed(make_slapd: Callable[..., Slapd]) -> None:
    one, other = make_slapd(), make_slapd(log=True)
    memory = remembered(None, source(one).read(TODAY))
    source(other).attributes("user", memory)
    assert asked_of(other, SCHEMA) == ["attributeTypes modifyTimestamp"]


def test_a_connection_that_was_left_open_too_long_is_not_used(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd()
    add(server.admin(), person("a"))
    reader = source(server)
    reader.attributes("user")
    server.restart()  # ends all connections
    reader._left_open = replace(reader._left_open, since=-1e9)
    assert set(ids(reader.read(TODAY).snapshot)) == {"a"}
