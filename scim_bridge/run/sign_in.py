"""Whether both ends of a connection accept who we are: a page of the source, and one request to the target."""

from datetime import UTC, datetime

from scim_bridge.config.settings import ConnectionSettings, TargetSettings
from scim_bridge.errors import BridgeError
from scim_bridge.mapping.document import load_mapping
from scim_bridge.model.identity import CHANGES, INSTEAD
from scim_bridge.model.protocol import Source
from scim_bridge.model.wording import counted
from scim_bridge.plan.guard import refuse_empty
from scim_bridge.run.bridge import open_near_end
from scim_bridge.target.scim import open_target


def sign_in(connection: ConnectionSettings) -> tuple[str, ...]:
    """A phrase for each end that answers. Raises BridgeError for the first one that does not."""
    source, _ = open_near_end(connection, load_mapping(connection.mapping))
    found = look_at_source(source)
    return f"source: {found}", f"target: {look_at_target(connection.target)}"


def look_at_source(source: Source) -> str:
    """What a first look at a source finds. Raises BridgeError if it does not answer, or shows nothing."""
    shown = source.probe(f"{datetime.now(UTC):%Y-%m-%d}")
    counts, instead = shown.counts, [notice.detail for notice in shown.warnings if notice.kind == INSTEAD]
    if instead:
        raise BridgeError(". ".join(instead))
    refuse_empty(counts)
    users, groups = counted(counts.users, "user"), counted(counts.groups, "group")
    members = f", {counted(counts.memberships, 'membership')}" if counts.memberships else ""
    found = f"readable; a first look finds {users}, {groups}{members}"
    return "; ".join([found, *(notice.detail for notice in shown.warnings if notice.kind == CHANGES)])


def look_at_target(target: TargetSettings) -> str:
    """That the endpoint answers and accepts the token. Raises BridgeError if not."""
    target.require_endpoint()
    with open_target(target) as opened:
        opened.check()
    return "answers, and accepts the token"
