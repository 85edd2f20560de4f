"""Entries as text, and member lists in ranges, as a domain controller gives them."""

import pytest

from tests.source.ldap.reading import of_people

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from scim_bridge.mapping.row import is_clean
from scim_bridge.source.ldap import memory
from scim_bridge.source.ldap.reader import Writer
from scim_bridge.source.ldap.snapshot import snapshot
from tests.source.ldap.reading import TODAY

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

from types import SimpleNamespace
from typing import Any

from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.ldap.reader import complete
from scim_bridge.source.ldap.session import Row

DN = "CN=dev,DC=t"


@dataclass
class Group:
    """A group on a server that gives three values at a time. versions: its uSNChanged at each look, then the last."""

    members: list[bytes]
    versions: list[bytes] = field(default_factory=lambda: [b"7"])
    url: str = "ldaps://dc1"
    asked: list[str] = field(default_factory=list)
    is_gone: bool = False

    def row(self, start: int) -> Row:
        version = self.versions.pop(0) if len(self.versions) > 1 else self.versions[0]
        end = start + 3
        last = "*" if end >= len(self.members) else str(end - 1)
        given = {f"Member;Range={start}-{last}": self.members[start:end]} if self.members else {}
        return DN, {"member": [], **given, "uSNChanged": [version]}

    def entry(self, base: str, attributes: Sequence[str], what: str) -> Row | None:
        self.asked.append(attributes[0])
        if self.is_gone:
            return None
        found = re.fullmatch(r"member;range=(\d+)-\*", attributes[0])
        assert found is not None
        return self.row(int(found[1]))


def whole(group: Group) -> Any:
    layout: Any = SimpleNamespace(member="member")
    server: Any = group
    found = complete(server, group.row(0), layout)
    return found[1] if found is not None else None


def test_what_the_server_gave_decides_what_is_asked_next() -> None:
    group = Group([b"%d" % number for number in range(8)])
    assert whole(group)["member"] == group.members
    assert group.asked == ["member;range=3-*", "member;range=6-*"]


def test_a_group_that_changed_meanwhile_is_read_again() -> None:
    group = Group([b"%d" % number for number in range(8)], versions=[b"7", b"8", b"8", b"8", b"8"])
    assert whole(group)["member"] == group.members
    assert group.asked == ["member;range=3-*", "member;range=0-*", "member;range=3-*", "member;range=6-*"]


def test_a_group_that_never_holds_still_fails_the_run() -> None:
    group = Group([b"%d" % number for number in range(8)], versions=[b"%d" % number for number in range(99)])
    with pytest.raises(SourceUnreadable, match="CN=dev,DC=t kept changing while its members were read"):
        whole(group)


def test_a_group_that_is_deleted_meanwhile_is_gone_and_not_without_members() -> None:
    assert whole(Group([b"%d" % number for number in range(8)], is_gone=True)) is None


def test_a_group_that_came_whole_is_left_as_it_is() -> None:
    row: Row = (DN, {"member": [b"a"]})
    layout: Any = SimpleNamespace(member="member")
    server: Any = None
    assert complete(server, row, layout) is row


def test_a_value_that_is_no_utf_8_is_remembered_and_holds_its_record_only() -> None:
    there = of_people(b"( 2.5.4.41 NAME 'name' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )", names=frozenset({"name"}))
    text = Writer(there).text(("uid=a,dc=x", {"name": [b"Sato\xff"]}))
    assert memory.read(text) == ("uid=a,dc=x", {"name": ["Sato\udcff"]})
    (record,) = snapshot({"user 1": text}, there, TODAY).users
    assert not is_clean(*record.attributes["name"])  # type: ignore[misc]
