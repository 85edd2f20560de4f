"""Whom to trust, and why a connection was refused: the library says no more than "can't contact LDAP server".

So the way is gone once more with the standard library, which knows whether it was the name, the network or the
certificate. Nothing is sent but, for StartTLS, the request to start (RFC 4511 §4.14).
"""

import socket
import ssl
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scim_bridge.config.source import LdapTls

_START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
_SYSTEM = (ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem")
_PORTS = {"ldap": 389, "ldaps": 636}


def trusted(tls: LdapTls) -> Path | None:
    """The file of certificate authorities to believe: the configured one, else the system's; None if there is none."""
    if tls.ca_file is not None:
        return tls.ca_file
    return next((Path(name) for name in _SYSTEM if name and Path(name).is_file()), None)


def why_not(url: str, tls: LdapTls, timeout: float) -> str:
    """Why no connection came about, as far as can be seen from here; "" if all is well for us."""
    try:
        with _reached(url, timeout) as plain:
            if url.startswith("ldaps:") or (url.startswith("ldap:") and tls.start):
                _shake_hands(plain, url, tls)
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not to be trusted ({error.verify_message})"
    except ssl.SSLError as error:
        return f"no TLS could be agreed on ({error.reason or error})"
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
    context = ssl.create_default_context(cafile=trusted(tls))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    context.wrap_socket(plain, server_hostname=urlsplit(url).hostname).close()
