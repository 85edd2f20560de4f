"""Signing in: the first server that answers, over a connection whose certificate was checked.

Refused credentials end the matter at once, on whichever server: each further try would count towards a lockout.

If no connection comes about, the library says only "can't contact LDAP server". Then the standard library goes the same
way once more: it can tell apart name, network and certificate. It sends nothing but, for StartTLS, the request to start
(RFC 4511 §4.14).
"""

import re
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import ldap
import ldap.sasl

from scim_bridge.config.form import is_private_ldap_url
from scim_bridge.config.source import Bind, LdapSettings, LdapTls
from scim_bridge.errors import CredentialsRefused, Misconfigured, SourceUnreadable, Stop
from scim_bridge.source.ldap.session import PRIVACY, Session, reason

_TLS_1_2 = 0x303
"""As libldap numbers protocols: major << 8 | minor (ldap_set_option(3))."""
_START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""The extended request that starts TLS, in BER, with message id 1 (RFC 4511 §4.14.1)."""
_SYSTEM = (ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem")
_PORTS = {"ldap": 389, "ldaps": 636}
_NO_CONNECTION = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.TIMEOUT, ldap.UNAVAILABLE, ldap.BUSY)
"""What lets the next server be tried."""

_BIND: dict[type[Exception], tuple[str, str]] = {
    ldap.STRONG_AUTH_REQUIRED: ("the server accepts this sign-in over a protected connection only", PRIVACY),
    ldap.CONFIDENTIALITY_REQUIRED: ("the server accepts this sign-in over a protected connection only", PRIVACY),
    ldap.INAPPROPRIATE_AUTH: ("the server does not accept this way of signing in", "Try another bind.method."),
    ldap.AUTH_METHOD_NOT_SUPPORTED: ("the server does not know this way of signing in", "Try another bind.method."),
    ldap.AUTH_UNKNOWN: ("this machine does not know this way of signing in", "Install its SASL mechanism."),
    ldap.UNWILLING_TO_PERFORM: ("the server refuses to sign this account in", "Look at the server's log."),
    ldap.INVALID_DN_SYNTAX: (
        "the server does not accept bind.dn as a name",
        "Write a DN such as cn=bridge,dc=corp,dc=example.",
    ),
}

_AD_CODES = {
    "525": ("there is no such account", "Correct bind.dn."),
    "52e": ("the password is wrong", "Correct bind.password."),
    "530": ("the account may not sign in at this hour", "Change its logon hours."),
    "531": ("the account may not sign in from this machine", "Change its permitted workstations."),
    "532": ("the password has expired", "Set a new one that does not expire."),
    "533": ("the account is disabled", "Enable it."),
    "701": ("the account has expired", "Extend it."),
    "773": ("the password must be changed first", "Sign in once as this account, or clear that flag."),
    "775": ("the account is locked", "Unlock it; there were too many wrong passwords."),
}
"""Active Directory says why by a Win32 error code in its text: "AcceptSecurityContext error, data 52e"."""


def sign_in(settings: LdapSettings) -> Session:
    """A session with the first server that can be reached. It is the caller's to close.

    Raises CredentialsRefused, SourceUnreadable naming every server tried, Misconfigured for missing certificate files.
    """
    url, link = _first(settings)
    return Session(link, url, settings)


def _first(settings: LdapSettings) -> tuple[str, Any]:
    """(URL, python-ldap's connection) of the first server that answers, signed in."""
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
    return _why_not(url, settings.tls, seconds) or reason(error)


def _prepared(url: str, settings: LdapSettings) -> Any:
    """A connection that has not begun yet: the library connects with the first request."""
    tls, seconds = settings.tls, settings.timeout.total_seconds()
    if not (is_private_ldap_url(url) or tls.start or tls.allow_plain):
        raise Misconfigured(f"{url} would send everything in the clear", PRIVACY)
    link = ldap.initialize(url)
    link.protocol_version = ldap.VERSION3
    # Referrals are not followed: the library would go to another server without the credentials and checks of this one.
    link.set_option(ldap.OPT_REFERRALS, 0)
    link.set_option(ldap.OPT_NETWORK_TIMEOUT, seconds)
    link.set_option(ldap.OPT_TIMEOUT, seconds)
    # Kerberos asks for the server as configured, not as DNS calls its address: reverse lookups can be forged.
    link.set_option(ldap.OPT_X_SASL_NOCANON, 1)
    if url.startswith("ldaps:") or (url.startswith("ldap:") and tls.start):
        _demand_certificate(link, tls)
    return link


def _demand_certificate(link: Any, tls: LdapTls) -> None:
    authorities = _trusted(tls)
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
    except _NO_CONNECTION:  # nothing was said about the credentials, so the next server may be asked
        raise
    except ldap.LDAPError as error:
        raise _not_signed_in(error, who, url) from None


def _bind_by_password(link: Any, bind: Bind) -> None:
    """A refused password is read again once, and sent again only if it has changed meanwhile.

    Raises python-ldap's INVALID_CREDENTIALS; Misconfigured if there is no password, or it cannot be read.
    """
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


def _not_signed_in(error: ldap.LDAPError, who: str, url: str) -> Stop:
    """The error for a bind that failed. who: the account, as people know it. To be raised by the caller."""
    if isinstance(error, ldap.INVALID_CREDENTIALS):
        found = re.search(r"\bdata ([0-9a-f]{3})\b", reason(error))
        why, way_out = _AD_CODES.get(
            found[1] if found else "", ("the server does not say why", "Look at bind.dn and bind.password.")
        )
        return CredentialsRefused(f"{url} refused to sign {who} in: {why}", way_out)
    if isinstance(error, ldap.LOCAL_ERROR):
        return CredentialsRefused(
            f"{who} could not be signed in to {url} ({reason(error)})",
            "For gssapi a Kerberos ticket is needed: kinit, or a keytab named by KRB5_CLIENT_KTNAME.",
        )
    for kind, (sentence, way_out) in _BIND.items():
        if isinstance(error, kind):
            return CredentialsRefused(f"{url}: {sentence} ({reason(error)})", way_out)
    return SourceUnreadable(
        f"{url}: {who} could not be signed in ({reason(error)})", "Look at bind, and the server's log."
    )


def _trusted(tls: LdapTls) -> Path | None:
    """The file of certificate authorities to believe: the configured one, else the system's; None if there is none."""
    if tls.ca_file is not None:
        return tls.ca_file
    return next((Path(name) for name in _SYSTEM if name and Path(name).is_file()), None)


def _why_not(url: str, tls: LdapTls, timeout: float) -> str:
    """Why no connection came about, as far as can be seen from here; "" if all is well for us."""
    try:
        with _reached(url, timeout) as plain:
            if url.startswith("ldaps:") or (url.startswith("ldap:") and tls.start):
                _shake_hands(plain, url, tls)
    except ssl.SSLCertVerificationError as error:
        return f"its certificate cannot be trusted ({error.verify_message})"
    except ssl.SSLError as error:
        return f"no TLS connection could be made ({error.reason or error})"
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""


def _reached(url: str, timeout: float) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "ldapi":
        local = socket.socket(socket.AF_UNIX)
        local.settimeout(timeout)
        try:
            local.connect(unquote(parts.netloc))
        except OSError:
            local.close()
            raise
        return local
    return socket.create_connection((parts.hostname or "", parts.port or _PORTS[parts.scheme]), timeout)


def _shake_hands(plain: socket.socket, url: str, tls: LdapTls) -> None:
    if url.startswith("ldap:"):
        plain.sendall(_START_TLS)
        if not plain.recv(4096):
            raise ConnectionResetError(None, "the server ended the connection")
    context = ssl.create_default_context(cafile=_trusted(tls))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    context.wrap_socket(plain, server_hostname=urlsplit(url).hostname).close()
