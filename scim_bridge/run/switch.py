"""What the source wants of Identity Center before there is an endpoint: read, mapped and fitted, with no link known.

Needs neither token nor target. The report compares it with the identity store (access/switch/).
"""

from datetime import UTC, datetime

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.record import map_records
from scim_bridge.mapping.selftest import require_passing
from scim_bridge.model.identity import NAMES, Directory, SourceKey
from scim_bridge.model.protocol import Progress
from scim_bridge.model.remembered import LastApplied
from scim_bridge.plan.fit import fit
from scim_bridge.plan.guard import refuse_empty
from scim_bridge.run.bridge import open_near_end
from scim_bridge.target.identity_center import IDENTITY_CENTER


def desired_side(connection: ConnectionSettings, progress: Progress) -> Directory:
    """The whole desired side. Raises Misconfigured for a broken mapping, SourceUnreadable for a broken source."""
    written = load_mapping(connection.mapping)
    require_passing(written)
    source, mapping = open_near_end(connection, written)
    today = f"{datetime.now(UTC).astimezone(mapping.timezone):%Y-%m-%d}"
    shown = source.read(today, None, progress).snapshot
    refuse_empty(shown.counts)
    return fit(map_records(shown, mapping, today, LastApplied()), IDENTITY_CENTER)


def wanted_names(desired: Directory) -> dict[SourceKey, str]:
    """What each valid record wants to be called."""
    return {
        one.key: str(one.attributes.get(NAMES[one.kind], ""))
        for one in (*desired.users, *desired.groups)
        if one.is_valid
    }
