"""Signing in: with a checked certificate, by password, certificate or socket, to whichever server answers."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import Bind, LdapTls
from scim_bridge.errors import CredentialsRefused, Misconfigured, SourceUnreadable
from tests.ldap_server import ADMIN, PASSWORD, SUFFIX, Slapd, add, person
from tests.source.ldap.reading import NO_TLS, ids, read, simple


def trusting(server: Slapd, *, start: bool = False) -> LdapTls:
    return LdapTls(start, server.ca_file, None, None, allow_plain=False)


@pytest.fixture
def corp(slapd: Slapd) -> Slapd:
    """A server with one user."""
    add(slapd.admin(), person("a"))
    return slapd


def test_ldaps_with_the_servers_own_authority(corp: Slapd) -> None:
    assert set(ids(read(corp, urls=(corp.tls_url,), tls=trusting(corp)))) == {"a"}


def test_start_tls_goes_before_the_password(corp: Slapd) -> None:
    corp.restart(top="security simple_bind=128")
    assert set(ids(read(corp, tls=trusting(corp, start=True)))) == {"a"}
    with pytest.raises(CredentialsRefused, match="over a protected connection only"):
        read(corp)


@pytest.mark.parametrize("start", [False, True], ids=["ldaps", "StartTLS"])
def test_a_certificate_of_an_unknown_authority_is_refused_and_said(corp: Slapd, tmp_path: Path, start: bool) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    url = corp.url if start else corp.tls_url
    with pytest.raises(SourceUnreadable, match=f"{url}: its certificate cannot be trusted") as failed:
        read(corp, urls=(url,), tls=LdapTls(start, other, None, None, allow_plain=False))
    assert failed.value.way_out


def test_a_certificate_for_another_name_is_refused_and_said(corp: Slapd) -> None:
    url = corp.tls_url.replace("127.0.0.1", "localhost")
    with pytest.raises(SourceUnreadable, match="certificate is not"):
        read(corp, urls=(url,), tls=trusting(corp))


def test_without_tls_where_it_is_wanted_the_reason_is_said(corp: Slapd) -> None:
    url = f"ldaps://127.0.0.1:{corp.port}"
    with pytest.raises(SourceUnreadable, match=r"no TLS connection could be made|connection"):
        read(corp, urls=(url,), tls=trusting(corp))


def test_a_server_that_answers_start_tls_with_a_referral_is_said_and_the_next_is_tried(corp: Slapd) -> None:
    with referring() as url:
        with pytest.raises(SourceUnreadable, match=f"could not be reached \\({url}: "):
            read(corp, urls=(url,), tls=trusting(corp, start=True), timeout=timedelta(seconds=1))
        tried = (url, corp.url)
        shown = read(corp, urls=tried, tls=trusting(corp, start=True), timeout=timedelta(seconds=10))
        assert set(ids(shown)) == {"a"}


@contextmanager
def referring() -> Iterator[str]:
    """The URL of a server whose answer to every request is: ask another one (RFC 4511 §4.12, result 10)."""
    answer = bytes.fromhex("300c02010178070a010a04000400")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if connection.recv(4096):
                    connection.sendall(answer)
                    connection.recv(4096)

    threading.Thread(target=serve, daemon=True).start()
    yield f"ldap://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


def test_a_missing_file_of_authorities_is_named(corp: Slapd, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"there is no file .*gone.pem"):
        read(corp, urls=(corp.tls_url,), tls=LdapTls(False, tmp_path / "gone.pem", None, None, allow_plain=False))  # noqa: FBT003


def test_a_password_is_not_sent_in_the_clear_beyond_loopback(corp: Slapd) -> None:
    with pytest.raises(Misconfigured, match="in the clear"):
        read(corp, urls=("ldap://dc1.corp.example",))


def test_external_by_the_servers_socket(corp: Slapd) -> None:
    assert set(ids(read(corp, urls=(corp.local_url,), bind=Bind("external", "", None)))) == {"a"}


def test_external_by_a_client_certificate(corp: Slapd) -> None:
    certificate, key = corp.client_certificate("bridge")
    corp.restart(access='access to * by dn.exact="' + ADMIN + '" read by anonymous auth')
    tls = LdapTls(True, corp.ca_file, certificate, key, allow_plain=False)  # noqa: FBT003
    assert set(ids(read(corp, tls=tls, bind=Bind("external", "", None)))) == {"a"}


@pytest.mark.skipif(shutil.which("klist") is None, reason="Kerberos is not installed")
def test_gssapi_without_a_ticket_says_what_is_needed(corp: Slapd) -> None:
    os.environ.pop("KRB5CCNAME", None)
    with pytest.raises((CredentialsRefused, SourceUnreadable)) as failed:
        read(corp, bind=Bind("gssapi", "", None))
    assert "Kerberos" in str(failed.value)


def test_a_wrong_password_is_said_without_the_password(corp: Slapd) -> None:
    with pytest.raises(CredentialsRefused, match=f"refused to sign {ADMIN} in") as failed:
        read(corp, bind=simple(password="wrong-one"))
    assert "wrong-one" not in str(failed.value)


def test_refused_credentials_are_tried_on_no_other_server(corp: Slapd, make_slapd: Callable[..., Slapd]) -> None:
    logging = make_slapd(log=True)
    with pytest.raises(CredentialsRefused):
        read(corp, bind=simple(password="wrong"), urls=(logging.url, corp.url))
    assert (logging.folder / "log.txt").read_text().count(" BIND ") == 1


def test_a_password_with_spaces_in_a_file_is_read_anew_each_time(corp: Slapd, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    bind = Bind("simple", ADMIN, Secret(f"file:{file}", tmp_path, "password"))
    assert set(ids(read(corp, bind=bind))) == {"a"}


def test_the_next_server_is_tried_where_one_is_down(corp: Slapd) -> None:
    assert set(ids(read(corp, urls=("ldap://127.0.0.1:1", corp.url)))) == {"a"}


def test_when_no_server_answers_each_is_named_with_its_reason(corp: Slapd, tmp_path: Path) -> None:
    corp.stop()
    with pytest.raises(SourceUnreadable) as failed:
        read(corp, urls=(corp.url, "ldaps://nowhere.invalid", "ldapi://%2Fgone%2Fldapi"), tls=NO_TLS)
    sentence = str(failed.value)
    assert f"{corp.url}: connection refused" in sentence
    assert "ldaps://nowhere.invalid: " in sentence
    assert "ldapi://%2Fgone%2Fldapi: no such file or directory" in sentence


def test_a_base_that_the_server_does_not_hold_is_said(corp: Slapd) -> None:
    from scim_bridge.config.source import Search

    with pytest.raises(SourceUnreadable, match=r"ou=nobody,.* does not exist"):
        read(corp, users=Search((f"ou=nobody,{SUFFIX}",), "(uid=*)"))
    with pytest.raises(SourceUnreadable, match="does not hold dc=other"):
        read(corp, users=Search(("dc=other",), "(uid=*)"))


def test_a_filter_that_is_none_is_a_fault_of_the_configuration(corp: Slapd) -> None:
    from scim_bridge.config.source import Search

    with pytest.raises(Misconfigured, match="the filter of the users"):
        read(corp, users=Search((f"ou=people,{SUFFIX}",), "(uid=*))(("))
