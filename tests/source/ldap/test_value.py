"""Values and names by themselves: no server is needed."""

import subprocess
import sys

import pytest

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

from scim_bridge.config.source import Flavor, LdapSettings, Search
from scim_bridge.mapping.expression import Language
from scim_bridge.mapping.row import is_clean
from scim_bridge.model.source import Wanted
from scim_bridge.source.ldap import memory, value
from scim_bridge.source.ldap.layout import Layout, Server, layout, types
from scim_bridge.source.ldap.reader import Writer
from scim_bridge.source.ldap.schema import parse
from scim_bridge.source.ldap.session import is_without_people
from scim_bridge.source.ldap.snapshot import snapshot
from scim_bridge.source.ldap.value import is_below, parts, split, without_bits
from tests.source.ldap.reading import NO_TLS, TODAY, simple

_DAY = 133_497_504_000_000_000
"""2024-01-15 00:00 UTC in hundreds of nanoseconds since 1601."""


def of_people(
    *definitions: bytes, names: frozenset[str], flavor: Flavor = "openldap", groups: Search | None = None
) -> Layout:
    """What is asked of a server with this schema."""
    from datetime import timedelta

    settings = LdapSettings(
        urls=("ldap://127.0.0.1",),
        flavor=flavor,
        bind=simple(),
        tls=NO_TLS,
        users=Search(("dc=x",), ""),
        groups=groups,
        reads_changes=True,
        page_size=500,
        timeout=timedelta(seconds=1),
    )
    server = Server(flavor, parse(definitions))
    return layout(settings, server, {"user": Wanted("id", names), "group": Wanted("id")})


def test_an_object_guid_has_its_first_three_fields_turned_round() -> None:
    assert value.guid(bytes.fromhex("c88845571f384ad6b097753e015a582d")) == "574588c8-381f-d64a-b097-753e015a582d"


def test_a_sid_is_read_as_people_write_it() -> None:
    domain_admins = bytes.fromhex("010500000000000515000000dbca0635dcc0d7de763f79bd00020000")
    assert value.sid(domain_admins) == "S-1-5-21-889637595-3738681564-3178839926-512"


@pytest.mark.parametrize(
    ("control", "expires", "enabled"),
    [
        ("512", "", True),
        ("514", "", False),
        ("66048", "0", True),
        ("512", "9223372036854775807", True),
        ("512", str(_DAY), False),
        ("512", str(_DAY + 1), True),
        ("528", "0", True),  # locked out
    ],
)
def test_an_account_is_enabled_unless_disabled_or_expired_as_the_day_began(
    control: str, expires: str, enabled: bool
) -> None:
    assert value.is_enabled(control, expires, "2024-01-15") is enabled


@pytest.mark.parametrize(("control", "expires"), [("", ""), ("many", "0"), ("512", "never")])
def test_nothing_is_said_of_an_account_whose_switch_is_no_number(control: str, expires: str) -> None:
    assert value.is_enabled(control, expires, "2024-01-15") is None


def test_the_record_of_such_an_account_has_no_switch() -> None:
    there = of_people(
        b"( 1.2.1 NAME 'userAccountControl' SYNTAX '1.3.6.1.4.1.1466.115.121.1.27' SINGLE-VALUE )",
        names=frozenset({"accountEnabled"}),
        flavor="active-directory",
    )
    (record,) = snapshot({"user 1": memory.write("cn=a,dc=x", {"userAccountControl": [""]})}, there, TODAY).users
    assert "accountEnabled" not in record.attributes


@pytest.mark.parametrize("flavor", ["openldap", "active-directory"])
def test_members_by_uid_are_found_whatever_the_flavor(flavor: Flavor) -> None:
    text = b"SYNTAX '1.3.6.1.4.1.1466.115.121.1.26' )"
    there = of_people(
        *(b"( 1.2.%d NAME '%s' %s" % (number, name, text) for number, name in enumerate([b"uid", b"memberUid", b"cn"])),
        names=frozenset({"uid"}),
        flavor=flavor,
        groups=Search(("dc=x",), "", "memberUid"),
    )
    entries = {
        "user 1": memory.write("cn=a,dc=x", {"uid": ["a"]}),
        "group 2": memory.write("cn=dev,dc=x", {"memberUid": ["A"]}),
    }
    assert snapshot(entries, there, TODAY).members == {"2": (("1",), ())}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uid=a,ou=people,dc=corp", "UID=A , OU=People,DC=corp"),
        ("cn=Sato\\, Hana,dc=x", "cn=sato\\2C  hana,dc=x"),
        ("cn=a+uid=b,dc=x", "uid=b+cn=a,dc=x"),
        ("cn=Ｓａｔｏ,dc=x", "cn=sato,dc=x"),
    ],
)
def test_names_are_the_same_whatever_their_spelling(one: str, other: str) -> None:
    assert parts(one) == parts(other)


def test_a_name_that_is_no_text_is_the_same_as_itself_alone() -> None:
    assert parts("cn=\udcff,dc=x") == parts("cn=\udcff,dc=x") != parts("cn=\udcfe,dc=x")


def test_a_name_with_an_escaped_comma_is_not_another_unit() -> None:
    assert parts("cn=a\\,ou=x,dc=y") != parts("cn=a,ou=x,dc=y")
    assert not is_below("cn=a\\,ou=x,dc=y", "ou=x,dc=y")
    assert is_below("cn=a,OU=X,dc=y", "ou=x,dc=y")


@pytest.mark.parametrize(
    ("partition", "is_usual"),
    [
        ("CN=Configuration,DC=t,DC=example", True),
        ("DC=DomainDnsZones,DC=t,DC=example", True),
        ("DC=ForestDnsZones,DC=t,DC=example??base", True),
        ("DC=emea,DC=t,DC=example", False),
        ("", False),
    ],
)
def test_of_what_active_directory_refers_to_only_other_domains_matter(partition: str, is_usual: bool) -> None:
    assert is_without_people(f"ldap://t.example/{partition}") is is_usual


def test_what_a_server_adds_to_a_name_is_taken_off() -> None:
    guid = "574588c8-381f-4ad6-b097-753e015a582d"
    assert split(f"<GUID={guid}>;<SID=S-1-5-21-1-2>;CN=a,DC=t") == (guid, "CN=a,DC=t")
    assert split("CN=a,DC=t") == ("", "CN=a,DC=t")
    assert without_bits("cn=a,dc=x#'0101'B") == "cn=a,dc=x"
    assert without_bits("cn=a#'01'B,dc=x") == "cn=a#'01'B,dc=x"


def test_a_value_that_is_no_utf_8_is_remembered_and_holds_its_record_only() -> None:
    there = of_people(b"( 2.5.4.41 NAME 'name' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )", names=frozenset({"name"}))
    text = Writer(there).text(("uid=a,dc=x", {"name": [b"Sato\xff"]}))
    assert memory.read(text) == ("uid=a,dc=x", {"name": ["Sato\udcff"]})
    (record,) = snapshot({"user 1": text}, there, TODAY).users
    assert not is_clean(*record.attributes["name"])  # type: ignore[misc]


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


def test_without_python_ldap_one_sentence_says_how_to_install_it() -> None:
    program = (
        "import sys; sys.modules['ldap'] = None\n"
        "from scim_bridge.errors import Misconfigured\n"
        "try:\n    import scim_bridge.source.ldap.source\n"
        "except Misconfigured as error:\n    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.startswith("sources of kind ldap need python-ldap")
    assert "pip install 'scim-bridge[ldap]'" in said
    assert len(said.strip().splitlines()) == 1
