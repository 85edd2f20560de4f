"""Readers of directories. A source reads, and knows nothing of target or schedule."""

from scim_bridge.config.source import CsvSettings, EntraSettings, GoogleSettings, LdapSettings, SourceSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.protocol import Source
from scim_bridge.model.source import Wanted
from scim_bridge.source.csv_file import CsvSource
from scim_bridge.source.newest_export import fingerprint


def fingerprint_of(settings: SourceSettings) -> str:
    """A hash of what the source holds, where looking costs no one anything (files); else, or if unreadable, ""."""
    return fingerprint(settings) if isinstance(settings, CsvSettings) else ""


def open_source(settings: SourceSettings, users: Wanted, groups: Wanted) -> Source:
    """The source of a connection. users, groups: what the mapping uses of each kind.

    A kind's libraries are only imported where it is used. Raises Misconfigured if they are not installed, or if no
    source reads settings of this class: a kind that was added to the configuration is never read as another kind.
    """
    if isinstance(settings, CsvSettings):
        return CsvSource(settings, users.id, groups.id)
    if isinstance(settings, LdapSettings):
        from scim_bridge.source.ldap.source import LdapSource

        return LdapSource(settings, users, groups)
    if isinstance(settings, EntraSettings):
        from scim_bridge.source.entra.source import EntraSource

        return EntraSource(settings, users, groups)
    if isinstance(settings, GoogleSettings):
        from scim_bridge.source.google.source import GoogleSource

        return GoogleSource(settings, users, groups)
    raise Misconfigured(
        f"there is no source that reads {type(settings).__name__}",
        "Set source.kind to csv, ldap, entra or google.",
    )
