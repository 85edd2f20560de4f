"""The target of a connection: reads, finds and changes users and groups of Identity Center over SCIM.

Waiting, retrying and the ceiling are below, in client.py; what to send is decided by the plan.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType

from scim_bridge.config.settings import TargetSettings
from scim_bridge.errors import NotThere, Refused, Stop
from scim_bridge.model.capabilities import Capabilities
from scim_bridge.model.identity import Existing, Inventory, Kind, Members, Value
from scim_bridge.model.operation import Change
from scim_bridge.model.protocol import Answer, Progress, silent
from scim_bridge.target.client import ScimClient, Sent
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.rate import Rate
from scim_bridge.target.read import MemberReader, filter_of, read_inventory
from scim_bridge.target.wire import from_resource, to_member_patch, to_patch, to_resource

_COLLECTION: dict[Kind, str] = {"user": "Users", "group": "Groups"}
_READERS = 8


def open_target(settings: TargetSettings) -> "ScimTarget":
    """The target of this connection; close it, or use it in a `with`."""
    return ScimTarget(
        ScimClient(settings.url, settings.token.read, Rate(settings.requests_per_second)), IDENTITY_CENTER
    )


class ScimTarget:
    """A SCIM endpoint with its capabilities (model.protocol.Target)."""

    def __init__(self, client: ScimClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities
        self._user_ids: tuple[str, ...] = ()

    def __enter__(self) -> "ScimTarget":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @property
    def capabilities(self) -> Capabilities:
        """What this target can hold and do."""
        return self._capabilities

    @property
    def sent(self) -> Sent:
        """How many requests went out so far."""
        return self._client.sent

    def check(self) -> None:
        """Ask for the ServiceProviderConfig: it needs the token and reads nothing. Raises Stop."""
        try:
            body = self._client.get("ServiceProviderConfig").body
        except (NotThere, Refused) as error:
            raise Stop(
                f"there is no SCIM endpoint at target.url ({error.what})", "Compare it with the console."
            ) from None
        if "patch" not in body:
            raise Stop("what answers at target.url is no SCIM endpoint", "Compare the URL with the console.")

    def read(self, progress: Progress = silent) -> Inventory:
        """All users and groups, by cursor pages of 100."""
        inventory = read_inventory(self._client, progress)
        self._user_ids = tuple(inventory.users)
        return inventory

    def read_members(self, group_ids: Sequence[str], progress: Progress = silent) -> Members:
        """The members of each of these groups."""
        return MemberReader(self._client, self._user_ids, _READERS, progress).read(group_ids)

    def find(self, kind: Kind, path: str, value: str) -> Existing | None:
        """The resource with this externalId, userName or displayName, None if there is none."""
        found = self._client.get(f"{_COLLECTION[kind]}?{filter_of((path, value))}").body.get("Resources") or []
        return from_resource(kind, found[0]) if found else None

    def get(self, kind: Kind, target_id: str) -> Existing | None:
        """The resource with this id, None if it is gone."""
        try:
            return from_resource(kind, self._client.get(f"{_COLLECTION[kind]}/{target_id}").body)
        except NotThere:
            return None

    def create(self, kind: Kind, attributes: Mapping[str, Value]) -> Answer:
        """Create one resource; a group without members. A 409 may be about one that an unanswered attempt made."""
        reply = self._client.send("POST", _COLLECTION[kind], to_resource(kind, attributes))
        return Answer(str(reply.body["id"]), reply.request_id)

    def update(self, kind: Kind, target_id: str, changes: Mapping[str, Change]) -> Answer:
        """One PATCH with one operation an attribute."""
        reply = self._client.send("PATCH", f"{_COLLECTION[kind]}/{target_id}", to_patch(changes))
        return Answer(target_id, reply.request_id)

    def add_members(self, group_id: str, user_ids: Sequence[str]) -> Answer:
        """Put users in, by one PATCH."""
        return self._change_members("add", group_id, user_ids)

    def remove_members(self, group_id: str, user_ids: Sequence[str]) -> Answer:
        """Take users out, by one PATCH."""
        return self._change_members("remove", group_id, user_ids)

    def _change_members(self, op: str, group_id: str, user_ids: Sequence[str]) -> Answer:
        reply = self._client.send("PATCH", f"Groups/{group_id}", to_member_patch(op, user_ids))
        return Answer(group_id, reply.request_id)
