"""What has the right type in `bridge.yaml` and still cannot be meant: URLs, secrets, encodings, addresses."""

import codecs
import ipaddress
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from scim_bridge.config import document
from scim_bridge.config.secret import Secret
from scim_bridge.config.yaml_file import KeyPath, YamlFile


def unsound(file: YamlFile, read: document.Document) -> dict[KeyPath, str]:
    """Where each such thing stands, and what to write instead."""
    problems: dict[KeyPath, str] = {}
    if not read.state.startswith("sqlite:///"):
        problems["state",] = f"{file.at(('state',))}: write sqlite:///FILE."
    if not is_loopback(host_of(read.service.listen)):
        where: KeyPath = ("service", "listen")
        problems[where] = (
            f"{file.at(where)}: the pages have no sign-in yet, so they are served on loopback only (127.0.0.1:8080)."
        )
    for name, connection in read.connections.items():
        at: KeyPath = ("connections", name)
        problems |= _unsound_target(file, (*at, "target"), connection.target)
        if connection.source.encoding != "auto" and not _is_codec(connection.source.encoding):
            where = (*at, "source", "encoding")
            problems[where] = f"{file.at(where)}: {connection.source.encoding!r} is no text encoding (cp932, utf-8, …)."
        if connection.source.members and not connection.source.groups:
            where = (*at, "source", "members")
            problems[where] = f"{file.at(where)}: members without groups; name the groups file too."
    return problems


def _is_codec(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding  # noqa: SLF001 - the only way Python tells text codecs apart
    except LookupError:
        return False


def _unsound_target(file: YamlFile, where: KeyPath, target: document.Target) -> dict[KeyPath, str]:
    problems: dict[KeyPath, str] = {}
    url = urlsplit(target.url)
    at_url = (*where, "url")
    if url.scheme not in ("https", "http") or not url.hostname:
        problems[at_url] = (
            f"{file.at(at_url)}: write the endpoint's whole URL (https://scim.REGION.amazonaws.com/TENANT/scim/v2)."
        )
    elif url.scheme == "http" and not is_loopback(url.hostname):
        problems[at_url] = (
            f"{file.at(at_url)}: plain http is allowed to loopback only, since the token would travel in the clear; "
            "write https."
        )
    elif url.username or url.password or url.query or url.fragment:
        problems[at_url] = (
            f"{file.at(at_url)}: leave out user name, password, query and fragment; the token has a key of its own."
        )
    elif Secret(target.token, Path()).is_plain and not is_loopback(url.hostname):
        at_token = (*where, "token")
        problems[at_token] = (
            f"{file.at(at_token)}: write env:NAME or file:PATH; a token itself is accepted for a loopback target only."
        )
    if target.token_expires is not None and date_of(target.token_expires) is None:
        at_expiry = (*where, "token_expires")
        problems[at_expiry] = f"{file.at(at_expiry)}: {target.token_expires!r} is no date; write 2027-03-01."
    return problems


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(listen: str) -> str:
    """The host of a "host:port", brackets of an IPv6 address taken off."""
    return listen.rpartition(":")[0].strip("[]")


def date_of(text: str) -> date | None:
    """The date an ISO text names, None if it names none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
