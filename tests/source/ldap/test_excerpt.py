"""What a few entries mean beside all that are remembered, without a server: days, primary groups, names."""

import pytest

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

from dataclasses import replace

from scim_bridge.config.source import Search
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.excerpt import Excerpt, Unclear, remembered_beside
from scim_bridge.source.ldap.filtering import FOLDING, may_have, sure_parts
from scim_bridge.source.ldap.layout import Layout
from scim_bridge.source.ldap.memory import key, write
from scim_bridge.source.ldap.snapshot import snapshot
from scim_bridge.source.ldap.value import folded
from tests.source.ldap.reading import of_people

DOMAIN = "S-1-5-21-1-2-3"
DAY = (1_741_824_000 + 11_644_473_600 + 2 * 365 * 86_400) * 10_000_000
"""2027-03-13 00:00 UTC, as Active Directory counts."""
TODAY, TOMORROW = "2027-03-13", "2027-03-14"
ATTRIBUTES = tuple(
    f"( 1.2.3.{number} NAME '{name}' SYNTAX '1.3.6.1.4.1.1466.115.121.1.{syntax}' {single} )".encode()
    for number, (name, syntax, single) in enumerate(
        [
            ("member", 12, ""),
            ("manager", 12, "SINGLE-VALUE"),
            ("objectSid", 40, "SINGLE-VALUE"),
            ("primaryGroupID", 27, "SINGLE-VALUE"),
            ("userAccountControl", 27, "SINGLE-VALUE"),
            ("accountExpires", 27, "SINGLE-VALUE"),
        ]
    )
)


@pytest.fixture
def layout() -> Layout:
    names = frozenset({"accountEnabled", "manager"})
    found: Layout = of_people(*ATTRIBUTES, names=names, flavor="active-directory", groups=Search(("dc=x",), "", ""))
    return found


def user(number: int, expires: int = 0, primary: int = 513) -> tuple[str, str]:
    anchor = f"00000000-0000-0000-0000-{number:012}"
    attributes = {
        "objectSid": [f"{DOMAIN}-{number}"],
        "primaryGroupID": [str(primary)],
        "userAccountControl": ["512"],
        "accountExpires": [str(expires)],
    }
    return key("user", anchor), write(f"cn=u{number},dc=x", attributes)


def group(number: int) -> tuple[str, str]:
    anchor = f"11111111-0000-0000-0000-{number:012}"
    return key("group", anchor), write(f"cn=g{number},dc=x", {"objectSid": [f"{DOMAIN}-{number}"]})


def memory(layout: Layout, *entries: tuple[str, str]) -> Memory:
    """What is remembered after everything was read today."""
    found = dict(entries)
    beside = remembered_beside(found, snapshot(found, layout, TODAY), layout)
    return Memory("", {**found, **beside}, TODAY)


def test_another_day_shows_those_whose_account_has_expired_since_and_no_others(layout: Layout) -> None:
    before = memory(layout, user(1), user(2, DAY + 1), user(3, DAY), user(4, DAY + 20 * 864_000_000_000))
    found = Excerpt(layout, before, {}, TOMORROW).changes()
    (key_of_it,) = found.records
    assert key_of_it == SourceKey("user", "00000000-0000-0000-0000-000000000002")
    assert found.records[key_of_it][0].attributes["accountEnabled"] is False
    assert Excerpt(layout, before, {}, TODAY).changes().records == {}
    assert len(Excerpt(layout, replace(before, today=""), {}, TODAY).changes().records) == 4


@pytest.mark.parametrize("changed", [group(513), user(9, primary=700), user(1, primary=700)])
def test_a_primary_group_that_comes_to_have_members_is_not_decided_by_an_excerpt(
    layout: Layout, changed: tuple[str, str]
) -> None:
    before = memory(layout, user(1), group(700))
    with pytest.raises(Unclear):
        Excerpt(layout, before, dict([changed]), TODAY).changes()


@pytest.mark.parametrize("changed", [group(514), user(9), user(1, DAY)])
def test_primary_groups_that_are_not_read_hinder_nothing(layout: Layout, changed: tuple[str, str]) -> None:
    before = memory(layout, user(1), group(700))
    assert len(Excerpt(layout, before, dict([changed]), TODAY).changes().records) == 1


def test_primary_groups_that_have_members_are_followed_by_all_entries(layout: Layout) -> None:
    with pytest.raises(Unclear):
        Excerpt(layout, memory(layout, user(1), group(513)), {}, TODAY).changes()


def test_every_character_that_is_compared_as_ascii_is_known_as_such() -> None:
    """Else an entry that has a name written with one would not be found."""
    for number in (*range(0x80, 0xD800), *range(0xE000, 0x110000)):
        sign = chr(number)
        if any(map(str.isascii, folded(f"x{sign}x")[1:-1])):
            assert FOLDING.search(sign), hex(number)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("uid=ann lee,dc=x", "UID=Ann  Lee, DC=x"),
        ("uid=ann,dc=x", "uid=\\61nn,dc=x"),
        ("uid=ann,dc=x", "uid=\uff21nn,dc=x"),
        ("cn=groß,dc=x", "cn=GROSS,dc=x"),
        ("cn=a\\,b,dc=x", "cn=a\\2Cb,dc=x"),
        ("cn=営業,dc=x", "cn=営業,dc=x"),
    ],
)
def test_an_entry_that_has_a_name_is_looked_at_however_it_is_spelled_there(name: str, written: str) -> None:
    assert may_have(write("cn=g", {"member": [written]}), sure_parts({name}))


def test_an_entry_that_cannot_have_a_name_is_passed_over() -> None:
    assert not may_have(write("cn=g", {"member": ["uid=bob,dc=x"]}), sure_parts({"uid=ann,dc=x"}))
