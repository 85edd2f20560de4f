"""Readers of directories. A source reads, and knows nothing of target or schedule."""

from scim_bridge.config.settings import CsvSettings
from scim_bridge.model.protocol import Source
from scim_bridge.source.csv_file import CsvSource


def open_source(settings: CsvSettings, user_id: str, group_id: str) -> Source:
    """The source of a connection. user_id, group_id: the attributes that the mapping names as each kind's id."""
    return CsvSource(settings, user_id, group_id)
