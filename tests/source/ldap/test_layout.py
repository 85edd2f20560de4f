"""What is asked for: the usual filters, and settings that no server can follow."""

import pytest

from tests.source.ldap.reading import UNIT

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

import pytest

from scim_bridge.config.source import Search
from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.expression import Language
from scim_bridge.model.source import Wanted
from scim_bridge.source.ldap.layout import types
from scim_bridge.source.ldap.schema import parse
from scim_bridge.source.ldap.server import Server
from tests.ldap_server import Slapd, add, person
from tests.source.ldap.reading import members, read


@pytest.mark.parametrize(
    ("classes", "member"),
    [(["groupOfNames"], "member"), (["groupOfUniqueNames"], "uniqueMember"), (["posixGroup"], "memberUid")],
)
def test_without_a_filter_the_attribute_of_members_says_what_groups_are(
    slapd: Slapd, classes: list[str], member: str
) -> None:
    link = slapd.admin()
    add(link, person("a"))
    number = {"gidNumber": ["7"]} if member == "memberUid" else {}
    named = "a" if member == "memberUid" else person("a")[0]
    add(link, (f"cn=dev,{UNIT}", {"objectClass": classes, "cn": ["dev"], member: [named], **number}))
    assert members(read(slapd, groups=Search((UNIT,), "", member))) == {"dev": ({"a"}, set())}


def test_an_unusual_attribute_of_members_needs_a_filter(slapd: Slapd) -> None:
    with pytest.raises(Misconfigured, match=r"source\.groups has no filter, and none is usual where roleOccupant"):
        read(slapd, groups=Search((UNIT,), "", "roleOccupant"))


def test_an_attribute_of_members_that_the_server_does_not_know_is_said(slapd: Slapd) -> None:
    with pytest.raises(Misconfigured, match=r"groups\.member is memberz"):
        read(slapd, groups=Search((UNIT,), "(objectClass=groupOfNames)", "memberz"))


def test_a_type_is_single_by_the_definition_and_binary_by_the_syntax_of_what_it_derives_from() -> None:
    schema = parse(
        [
            b"( 2.5.4.41 NAME 'name' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
            b"( 2.5.4.6 NAME ( 'c' 'countryName' ) SUP name SINGLE-VALUE )",
            b"( 1.2.3 NAME 'photo' SYNTAX '1.3.6.1.4.1.1466.115.121.1.28' )",
            b"( 1.2.4 NAME 'portrait' SUP photo )",
            b"( 1.2.5 NAME 'memberOf' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' NO-USER-MODIFICATION )",
        ]
    )
    found = types(Wanted("id", frozenset({"COUNTRYNAME"})), Server("openldap", schema))
    assert found == {
        "name": "strings",
        "c": "string",
        "countryName": "string",
        "COUNTRYNAME": "string",
        "memberOf": "strings",
        "id": "string",
        "dn": "string",
        "manager": "string",
    }
    assert [attribute.is_computed for attribute in schema.attributes] == [False] * 4 + [True]


def test_every_name_of_a_schema_can_be_declared_to_the_expression_language() -> None:
    names = dict.fromkeys([f"attribute-{number}" for number in range(1_500)], "strings")
    assert Language({**names, "type": "string"}).compile('source["attribute-7"].size() == 0')  # type: ignore[dict-item]
