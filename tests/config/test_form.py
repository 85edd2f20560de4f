"""The forms of single values: what is read of each, and that a reading refuses what its pattern refuses."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.config import form
from scim_bridge.model.limit import Limit, percent


@pytest.mark.parametrize(("read", "written", "meant"), [
    (form.duration, "90s", timedelta(seconds=90)),
    (form.duration, "30d", timedelta(days=30)),
    (form.interval, "auto", None),
    (form.interval, "24h", timedelta(hours=24)),
    (form.pace, "auto", None),
    (form.pace, 0.5, 0.5),
    (form.limit, 5, Limit(5, is_percentage=False)),
    (form.limit, "10%", percent(10)),
    (form.day, "2028-02-29", date(2028, 2, 29)),
    (form.state, "sqlite:///var/x.db", "sqlite:///var/x.db"),
    *((form.state, url, url) for url in (
        "postgresql+psycopg://bridge@db.corp.example:5432/bridge?sslmode=verify-full", "env:STATE_URL",
        "postgresql+psycopg://bridge@/bridge?host=/run/postgresql", "postgresql+psycopg:///bridge",
        "postgresql+psycopg://b@/b?host=a:5432&host=b:5432&target_session_attrs=read-write&passfile=/run/pgpass",
    )),
    (form.address, "127.0.0.1:8080", ("127.0.0.1", 8080)),
    (form.address, "[::1]:0", ("::1", 0)),
    (form.endpoint, "https://scim.eu-west-1.amazonaws.com/t/scim/v2/", "https://scim.eu-west-1.amazonaws.com/t/scim/v2"),
    (form.ldap_url, "ldaps://dc1.corp.example/", "ldaps://dc1.corp.example"),
    (form.azure_id, "3F1C9A40-5B1E-4C86-9C55-0D3B1F6E7712", "3f1c9a40-5b1e-4c86-9c55-0d3b1f6e7712"),
    (form.azure_id, "Corp.onmicrosoft.com", "Corp.onmicrosoft.com"),
    (form.origin, "https://graph.microsoft.com/", "https://graph.microsoft.com"),
])  # fmt: skip
def test_what_is_written_is_meant(read: Callable[[Any], object], written: object, meant: object) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(("read", "written"), [
    (form.duration, "0s"), (form.duration, "5 m"), (form.duration, "100000d"), (form.duration, "-1h"),
    (form.interval, "never"), (form.interval, ""),
    (form.pace, 0), (form.pace, -1), (form.pace, inf), (form.pace, nan), (form.pace, True), (form.pace, "10"),
    (form.limit, True), (form.limit, -1), (form.limit, "101%"), (form.limit, "5"), (form.limit, "1.5%"),
    (form.day, "2027-02-29"), (form.day, "2027-3-1"), (form.day, "01.03.2027"),
    (form.state, "postgresql://host/db"), (form.state, "sqlite:///:memory:"), (form.state, "postgresql+psycopg://host"),
    (form.state, "postgresql+psycopg://b:secret@host/db"), (form.state, "postgresql+psycopg://h/d?password=x"),
    (form.state, "postgresql+psycopg://h/d?a=b&sslpassword=x"),
    (form.address, "0.0.0.0"), (form.address, "127.0.0.1:65536"), (form.address, "127.0.0.256:80"),
    (form.endpoint, "http://scim.example/t"), (form.endpoint, "https://user@scim.example/t"),
    (form.endpoint, "https://scim.example/t?x=1"), (form.endpoint, "https://scim.example/<tenant>"),
    (form.pages_url, "nonsense"), (form.pages_url, "http://bridge.corp.example"),
    (form.token, "two words"), (form.reference, "the-secret-itself"), (form.reference, "env:1A"),
    (form.ldap_url, "http://dc1"), (form.ldap_url, "ldap://dc1/dc=corp"),
    (form.ldap_filter, "objectClass=*"), (form.ldap_filter, "(&(a=b)"),
    (form.azure_name, "<tenant>"), (form.azure_name, "a/b"), (form.origin, "http://graph"),
    (form.connection_name, "a/b"), (form.connection_name, "-x"), (form.text, " "), (form.text, "a\x1b[2J"),
    (form.encoding, "utf-9"), (form.separator, "and"), (form.region, "Tokyo"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_the_rest_of_a_sentence(
    read: Callable[[Any], object], written: object
) -> None:
    with pytest.raises(ValueError, match=r"^( |:)"):
        read(written)


@pytest.mark.parametrize(("pasted", "said"), [
    ("token\n", "a line break at its end"),
    (" token", "a blank at its beginning"),
    ("to ken", "a blank after 2 characters"),
    ("tok\u200ben", "an invisible character (U+200B) after 3 characters"),
])  # fmt: skip
def test_what_was_pasted_with_a_blank_is_told_where_and_never_shown(pasted: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f" has {said}; delete it")):
        form.without_blanks(pasted)


_READINGS: tuple[tuple[str, Callable[[str], object]], ...] = (
    (form.DURATION, form.duration),
    (form.REFERENCE, form.reference),
    (form.LISTEN, form.address),
    (form.URL, form.endpoint),
    (form.STATE, form.state),
    (form.LDAP_URL, form.ldap_url),
)


@given(st.text(max_size=12))
def test_reading_and_pattern_agree(text: str) -> None:
    """The schema that is published has the pattern, the program the reading."""
    for pattern, read in _READINGS:
        try:
            read(text)
        except ValueError:
            assert re.fullmatch(pattern, text) is None
        else:
            assert re.fullmatch(pattern, text) is not None


@pytest.mark.parametrize(("url", "is_private"), [
    ("ldaps://dc1", True), ("ldapi://%2Frun%2Fldapi", True), ("ldap://127.0.0.1:3890", True), ("ldap://dc1", False),
    ("ldap://127.0.0.1.corp.example", False),
])  # fmt: skip
def test_what_leaves_the_machine_in_the_clear_is_known(url: str, is_private: bool) -> None:
    assert form.is_private_ldap_url(url) is is_private
