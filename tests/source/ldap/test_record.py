"""What one entry becomes: its manager, its switch."""

import pytest

from tests.source.ldap.reading import load, of_people

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

import pytest

from scim_bridge.source.ldap import memory
from scim_bridge.source.ldap.snapshot import snapshot
from tests.ldap_server import SUFFIX, Slapd, person
from tests.source.ldap.reading import TODAY, read


def test_a_manager_who_may_be_any_of_several_is_readable_for_no_rule(slapd: Slapd) -> None:
    bosses = [person("b")[0], person("c")[0]]
    load(slapd, person("b"), person("c"), person("a", manager=bosses), person("d", manager=[bosses[0], "cn=gone,o=x"]))
    shown = {record.attributes["uid"][0]: record for record in read(slapd).users}  # type: ignore[index]
    assert shown["a"].ambiguous == {
        "manager": f"its manager may be any of 2 users: uid=b,ou=people,{SUFFIX}; uid=c,ou=people,{SUFFIX}"
    }
    assert shown["a"].raw["manager"] == "; ".join(bosses)
    assert (shown["d"].attributes["manager"], shown["d"].ambiguous) == (shown["b"].id, {})


def test_the_record_of_such_an_account_has_no_switch() -> None:
    there = of_people(
        b"( 1.2.1 NAME 'userAccountControl' SYNTAX '1.3.6.1.4.1.1466.115.121.1.27' SINGLE-VALUE )",
        names=frozenset({"accountEnabled"}),
        flavor="active-directory",
    )
    (record,) = snapshot({"user 1": memory.write("cn=a,dc=x", {"userAccountControl": [""]})}, there, TODAY).users
    assert "accountEnabled" not in record.attributes
