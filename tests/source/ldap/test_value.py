"""Values and names by themselves: no server is needed."""

import subprocess
import sys

import pytest

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

from scim_bridge.source.ldap import value
from scim_bridge.source.ldap.value import is_below, parts, split, without_bits

_DAY = 133_497_504_000_000_000
"""2024-01-15 00:00 UTC in hundreds of nanoseconds since 1601."""


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


def test_what_a_server_adds_to_a_name_is_taken_off() -> None:
    guid = "574588c8-381f-4ad6-b097-753e015a582d"
    assert split(f"<GUID={guid}>;<SID=S-1-5-21-1-2>;CN=a,DC=t") == (guid, "CN=a,DC=t")
    assert split("CN=a,DC=t") == ("", "CN=a,DC=t")
    assert without_bits("cn=a,dc=x#'0101'B") == "cn=a,dc=x"
    assert without_bits("cn=a#'01'B,dc=x") == "cn=a#'01'B,dc=x"


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
