"""Signing in: the first server that answers, over a connection whose certificate was checked.

Refused credentials end the matter at once, on whichever server: each further try would count towards a lockout.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import ldap
import ldap.sasl

from scim_bridge.config.form import is_private_ldap_url
from scim_bridge.config.source import Bind, LdapSettings, LdapTls
from scim_bridge.errors import Misconfigured, SourceUnreadable
from scim_bridge.source.ldap import failure
from scim_bridge.source.ldap.session import Session
from scim_bridge.source.ldap.tls import trusted, why_not

_TLS_1_2 = 0x303
"""As libldap numbers protocols: major << 8 | minor (ldap_set_option(3))."""


@contextmanager
def signed_in(settings: LdapSettings) -> Iterator[Session]:
    """A session with the first server that can be reached; ended when the block ends.

    Raises CredentialsRefused, SourceUnreadable naming every server tried, Misconfigured for missing certificate files.
    """
    url, link = _first(settings)
    try:
        yield Session(link, url, settings)
    finally:
        with suppress(ldap.LDAPError):  # it was cut already, and anyone who found out has said so
            link.unbind_s()


def _first(settings: LdapSettings) -> tuple[str, Any]:
    tried = []
    for url in settings.urls:
        link = _prepared(url, settings)
        try:
            if url.startswith("ldap:") and settings.tls.start:
                link.start_tls_s()
            _bind(link, settings.bind, url)
        except ldap.LDAPError as error:  # there is no connection, or it is not protected: _bind has judged all others
            tried.append(f"{url}: {_reason(error, url, settings)}")
            continue
        return url, link
    which = "the directory server" if len(tried) == 1 else "none of the directory servers"
    raise SourceUnreadable(
        f"{which} could {'not ' if len(tried) == 1 else ''}be reached ({'; '.join(tried)})",
        "Check that it runs, and check urls and tls.",
    )


def _reason(error: ldap.LDAPError, url: str, settings: LdapSettings) -> str:
    seconds = settings.timeout.total_seconds()
    if isinstance(error, ldap.TIMEOUT):
        return f"no answer within {seconds:g} s"
    return why_not(url, settings.tls, seconds) or failure.reason(error)


def _prepared(url: str, settings: LdapSettings) -> Any:
    """A connection that has not begun yet: the library connects with the first request."""
    tls, seconds = settings.tls, settings.timeout.total_seconds()
    if not (is_private_ldap_url(url) or tls.start or tls.allow_plain):
        raise Misconfigured(f"{url} would send everything in the clear", "Use ldaps://, or tls: {start: true}.")
    link = ldap.initialize(url)
    link.protocol_version = ldap.VERSION3
    link.set_option(ldap.OPT_REFERRALS, 0)
    link.set_option(ldap.OPT_NETWORK_TIMEOUT, seconds)
    link.set_option(ldap.OPT_TIMEOUT, seconds)
    link.set_option(ldap.OPT_X_SASL_NOCANON, 1)
    if url.startswith("ldaps:") or (url.startswith("ldap:") and tls.start):
        _demand_certificate(link, tls)
    return link


def _demand_certificate(link: Any, tls: LdapTls) -> None:
    authorities = trusted(tls)
    files = {
        ldap.OPT_X_TLS_CACERTFILE: authorities,
        ldap.OPT_X_TLS_CERTFILE: tls.cert_file,
        ldap.OPT_X_TLS_KEYFILE: tls.key_file,
    }
    link.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    link.set_option(ldap.OPT_X_TLS_PROTOCOL_MIN, _TLS_1_2)
    for option, path in files.items():
        if path is None:
            continue
        if not path.is_file():
            raise Misconfigured(f"there is no file {path}", "Correct the path under source.tls.")
        link.set_option(option, str(path))
    try:
        link.set_option(ldap.OPT_X_TLS_NEWCTX, 0)  # last: it takes what was set before
    except (ValueError, ldap.LDAPError):
        raise Misconfigured(
            f"the certificates or the key in {', '.join(str(path) for path in files.values() if path)} are not usable",
            "They must be PEM, and the key must fit its certificate.",
        ) from None


def _bind(link: Any, bind: Bind, url: str) -> None:
    who = bind.dn or {"external": "this machine", "gssapi": "the holder of the Kerberos ticket"}.get(
        bind.method, "nobody"
    )
    try:
        if bind.method == "external":
            link.sasl_interactive_bind_s("", ldap.sasl.external())
        elif bind.method == "gssapi":
            link.sasl_interactive_bind_s("", ldap.sasl.gssapi(""))
        else:
            _bind_by_password(link, bind)
    except failure.NO_CONNECTION:
        raise
    except ldap.LDAPError as error:
        raise failure.not_signed_in(error, who, url) from None


def _bind_by_password(link: Any, bind: Bind) -> None:
    """A refused password is read again once, and sent again only if it has changed meanwhile."""
    if bind.password is None:
        raise Misconfigured("bind.method simple needs a password", "Set bind.password to env:NAME or file:PATH.")
    password = bind.password.read()
    try:
        link.simple_bind_s(bind.dn, password)
    except ldap.INVALID_CREDENTIALS:
        renewed = bind.password.read()
        if renewed == password:
            raise
        link.simple_bind_s(bind.dn, renewed)
