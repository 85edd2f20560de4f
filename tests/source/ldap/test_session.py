"""A listing that is cut short, by whatever it was, is never taken for the whole."""

import pytest

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

from collections.abc import Callable
from datetime import timedelta

import pytest

from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.ldap.session import is_without_people
from tests.cutting import CuttingProxy
from tests.ldap_server import PASSWORD, SUFFIX, Slapd, add, person, replace
from tests.remembering import remembered
from tests.source.ldap.reading import TODAY, ids, read, simple, source

READER = f"cn=reader,{SUFFIX}"
PEOPLE = 60


def with_reader(make: Callable[..., Slapd], **options: object) -> Slapd:
    """A server with people and an account that is bound by limits and rights, unlike the administrator."""
    server = make(**options)
    server.stop()
    reader = {
        "objectClass": ["organizationalRole", "simpleSecurityObject"],
        "cn": ["reader"],
        "userPassword": [PASSWORD],
    }
    server.load([(READER, reader), *(person(f"u{number}") for number in range(PEOPLE))])
    server.start()
    return server


def test_the_servers_size_limit_fails_the_run(make_slapd: Callable[..., Slapd]) -> None:
    server = with_reader(make_slapd, database=f'limits dn.exact="{READER}" size.soft=20 size.hard=20 size.prtotal=20')
    with pytest.raises(SourceUnreadable, match=r"size limit cut the reading of the users under .* short") as failed:
        read(server, bind=simple(READER), page_size=10)
    assert "size.prtotal" in failed.value.way_out


def test_within_the_limit_of_a_page_many_pages_are_read(make_slapd: Callable[..., Slapd]) -> None:
    limits = f'limits dn.exact="{READER}" size.soft=20 size.hard=20 size.prtotal=unlimited'
    server = with_reader(make_slapd, database=limits)
    assert len(read(server, bind=simple(READER), page_size=10).users) == PEOPLE


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_connection_cut_in_mid_listing_fails_the_run(make_slapd: Callable[..., Slapd], share: float) -> None:
    server = with_reader(make_slapd)
    with CuttingProxy(server.port) as proxy:
        cut = source(server, page_size=10, urls=(f"ldap://127.0.0.1:{proxy.port}",))
        cut.read(TODAY)  # with the schema, once for all readings
        before = proxy.passed
        cut.read(TODAY)
        proxy.limit = int((proxy.passed - before) * 0.6 * share)
        with pytest.raises(SourceUnreadable, match="the connection was lost while"):
            cut.read(TODAY)


def test_a_connection_cut_while_changes_are_learned_fails_the_run_and_the_next_catches_up(
    make_slapd: Callable[..., Slapd],
) -> None:
    server = with_reader(make_slapd)
    link = server.admin()
    reader = source(server)
    memory = remembered(None, reader.read(TODAY))
    for number in range(PEOPLE):
        replace(link, person(f"u{number}")[0], title=["Lead"])
    with CuttingProxy(server.port) as proxy:
        cut = source(server, urls=(f"ldap://127.0.0.1:{proxy.port}",))
        cut.read(TODAY)
        proxy.limit = 6_000
        with pytest.raises(SourceUnreadable, match="the connection was lost while"):
            cut.read(TODAY, memory)
    titles = [record.attributes["title"] for record in reader.read(TODAY, memory).snapshot.users]
    assert titles == [["Lead"]] * PEOPLE


def test_a_server_that_does_not_answer_in_time_fails_the_run(slapd: Slapd) -> None:
    import os
    import signal

    source(slapd).attributes("user")
    impatient = source(slapd, timeout=timedelta(seconds=1))
    assert slapd._process is not None
    os.kill(slapd._process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(SourceUnreadable, match="no answer within 1 s"):
            impatient.read(TODAY)
    finally:
        os.kill(slapd._process.pid, signal.SIGCONT)


def test_a_revoked_right_to_read_the_people_fails_the_run(make_slapd: Callable[..., Slapd]) -> None:
    server = with_reader(make_slapd)
    assert len(read(server, bind=simple(READER)).users) == PEOPLE
    server.restart(access=f'access to dn.subtree="ou=people,{SUFFIX}" by * none\naccess to * by * read')
    with pytest.raises(SourceUnreadable, match="does not exist, or this account may not see it"):
        read(server, bind=simple(READER))


def test_an_id_that_may_not_be_read_fails_the_run(make_slapd: Callable[..., Slapd]) -> None:
    server = with_reader(make_slapd, access="access to attrs=entryUUID by * none\naccess to * by * read")
    with pytest.raises(SourceUnreadable, match="shows no entryUUID, which is its id"):
        read(server, bind=simple(READER))


def test_a_schema_that_may_not_be_read_fails_the_run(make_slapd: Callable[..., Slapd]) -> None:
    server = with_reader(make_slapd, top='access to dn.base="cn=Subschema" by * none')
    with pytest.raises(SourceUnreadable, match="does not show its schema"):
        read(server, bind=simple(READER))


def test_a_part_that_another_server_holds_fails_the_run_and_is_named(slapd: Slapd) -> None:
    link = slapd.admin()
    tokyo = f"ou=tokyo,ou=people,{SUFFIX}"
    add(link, (tokyo, {"objectClass": ["organizationalUnit"], "ou": ["tokyo"]}))
    add(link, (f"uid=a,{tokyo}", person("a")[1]))
    memory = remembered(None, source(slapd).read(TODAY))
    link.delete_s(f"uid=a,{tokyo}")
    link.delete_s(tokyo)
    elsewhere = {"objectClass": ["referral", "extensibleObject"], "ou": ["tokyo"], "ref": [f"ldap://dc2/{tokyo}"]}
    add(link, (tokyo, elsewhere))
    for known in (None, memory):
        with pytest.raises(SourceUnreadable, match=r"a part of ou=people,.* is on another server \(ldap://dc2/"):
            source(slapd).read(TODAY, known)


def test_after_an_outage_the_next_run_catches_up(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    reader = source(slapd)
    memory = remembered(None, reader.read(TODAY))
    add(link, person("b"))
    slapd.stop()
    with pytest.raises(SourceUnreadable, match="could not be reached"):
        reader.read(TODAY, memory)
    slapd.start()
    assert set(ids(reader.read(TODAY, memory).snapshot)) == {"a", "b"}


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
