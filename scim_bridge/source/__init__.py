"""Readers of directories. A source reads, and knows nothing of target or schedule."""

from scim_bridge.config.source import CsvSettings, SourceSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.protocol import Source
from scim_bridge.model.source import Wanted
from scim_bridge.source.csv_file import CsvSource
from scim_bridge.source.dated import fingerprint


def fingerprint_of(settings: SourceSettings) -> str:
    """A hash of what the source holds, where looking costs nobody anything (files); else, or if unreadable, ""."""
    return fingerprint(settings) if isinstance(settings, CsvSettings) else ""


def open_source(settings: SourceSettings, users: Wanted, groups: Wanted) -> Source:
    """The source of a connection. users, groups: what the mapping uses of each kind."""
    if isinstance(settings, CsvSettings):
        return CsvSource(settings, users.id, groups.id)
    raise Misconfigured("this kind of source is not available in this version", "Use csv.")
