"""The target of a connection: reads, finds and changes users and groups over SCIM.

Waiting, retrying and the ceiling are below, in client.py; what to send is decided by the plan. How servers differ is
data (capabilities): Identity Center's is written down (identity_center.py), any other's is read from it.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from types import TracebackType

from scim_bridge.config.settings import TargetSettings
from scim_bridge.errors import Hold, NotThere, Refused, Stop
from scim_bridge.model.capabilities import Capabilities, Uniqueness, fold
from scim_bridge.model.identity import Existing, Inventory, Kind, Members, Value
from scim_bridge.model.operation import Change
from scim_bridge.model.operation_kind import OPERATION_KINDS, OperationKind
from scim_bridge.model.protocol import Answer, Progress, never, silent
from scim_bridge.model.traffic import Traffic, Uses
from scim_bridge.target.capability_reading import read_capabilities
from scim_bridge.target.client import Request, ScimClient, Sent, kind_of
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.members import MemberReader, ShownMembers
from scim_bridge.target.rate import Rate
from scim_bridge.target.read import COLLECTION, Resource, filter_of, one_page, pages_of, read_inventory
from scim_bridge.target.retry import NEW_FOR, Patience
from scim_bridge.target.wire import from_resource, to_resource
from scim_bridge.target.write import MemberChange, Patching, Replacing, Writer

_READERS = 8
_CHECKS = 3


def open_target(
    settings: TargetSettings, *, is_read_only: bool = False, is_stopping: Callable[[], bool] = never
) -> "ScimTarget":
    """The target of this connection; close it, or use it in a `with`. Raises Stop if it does not say what it holds.

    is_read_only: nothing is ever written to it. is_stopping: once it says so, nothing more is sent to it.
    """
    rate = Rate(settings.requests_per_second, is_stopping=is_stopping)
    patience = Patience(wait=rate.wait)
    client = ScimClient(settings.url, settings.token.read, rate, patience, is_read_only=is_read_only)
    try:
        return ScimTarget(client, IDENTITY_CENTER if settings.kind == "identity-center" else read_capabilities(client))
    except BaseException:
        client.close()
        raise


class ScimTarget:
    """A SCIM endpoint with its capabilities (model.protocol.Target). Safe to use from several threads."""

    def __init__(
        self,
        client: ScimClient,
        capabilities: Capabilities = IDENTITY_CENTER,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._capabilities = capabilities
        self._user_ids: list[str] | None = None
        # When each resource was created, by this run or just before it: for ten seconds a 404 about it is not believed
        # (retry.NEW_FOR).
        self._created: dict[str, float] = {}
        self._clock = clock
        self._pages = pages_of(client, capabilities)
        self._shown = ShownMembers(client, self._pages, _READERS)
        by_filter = MemberReader(client, self._pages, self._all_user_ids, _READERS)
        self._members: MemberReader | ShownMembers = self._shown if capabilities.shows_members else by_filter
        self._writer: Writer = Replacing(client)
        if capabilities.can_patch:
            self._writer = Patching(client, by_filter=capabilities.removes_by_filter)

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
        """How many requests went out so far, by what they were."""
        return self._client.sent

    @property
    def traffic(self) -> Traffic:
        """What went out so far."""
        return self._client.traffic

    def share(self, earlier: Sequence[Uses], later: Sequence[Uses]) -> None:
        """Leave the other runs at this endpoint their share of the pace."""
        self._client.rate.share(earlier, later)

    def uses(self) -> Uses:
        """What was sent since it was asked last, by kind of request."""
        return self._client.rate.uses()

    def at_once(self, kind: OperationKind) -> int:
        """How many operations of this kind to have under way."""
        resource = OPERATION_KINDS[kind].resource
        changing = "PATCH" if self._capabilities.can_patch else "PUT"
        method = "POST" if kind.startswith("create") else "DELETE" if kind.startswith("delete") else changing
        return self._client.at_once(kind_of(method, COLLECTION[resource], has_members=kind.endswith("members")))

    def urgent(self) -> AbstractContextManager[None]:
        """Inside this, the requests of this thread go before everyone else's: for a revocation beside other work."""
        return self._client.urgent()

    def ask_before_writing(self, check: Callable[[], None]) -> None:
        """From now on this is called just before each request that may change something; it raises Stop if none may."""
        self._client.before_writing = check

    def recall_created(self, ages: Mapping[str, float]) -> None:
        """What earlier runs created, target id → seconds ago (docs/identity-center.md §7.1)."""
        now = self._clock()
        self._created = {target_id: now - age for target_id, age in ages.items()} | self._created

    def check(self) -> None:
        """Ask for the ServiceProviderConfig: it needs the token and reads nothing. Raises Stop."""
        try:
            self._client.get("ServiceProviderConfig", needs="patch", attempts=_CHECKS)
        except Hold as error:
            raise Stop(
                f"there is no SCIM endpoint at target.url ({error.what})", "Compare it with the console."
            ) from None

    def read(self, progress: Progress = silent) -> Inventory:
        """All users and groups, page by page.

        progress: told "read users", then "read groups", with how many so far. Raises Stop: a listing that is refused or
        cut short must never look like a smaller directory.
        """
        self._shown.begin()
        with _reading("users and groups"):
            inventory = read_inventory(self._pages, progress, self._see)
        # Kept for reading members by user or by pair, which go through all users (members.py).
        self._user_ids = list(inventory.users)
        return inventory

    def read_members(self, group_ids: Sequence[str], progress: Progress = silent) -> Members:
        """The members of each of these groups: group id → ids of its users. Raises Stop."""
        with _reading("members of groups"):
            return self._members.read(group_ids, progress)

    def groups_of(self, user_id: str) -> frozenset[str] | None:
        """Target ids of the groups this user is in; None if the endpoint cannot be asked so."""
        return self._members.groups_of(user_id)

    def confirms(self, group_id: str, user_id: str) -> bool:
        """Another way of asking against what the last way of reading said; see model.protocol.Target."""
        with _reading("members of groups"):
            return self._members.confirms(group_id, user_id)

    def pause(self, seconds: float) -> None:
        """Let this thread wait, and another one work in its place."""
        self._client.pause(seconds)

    def find(self, kind: Kind, path: str, value: str) -> Existing | None:
        """The resource with this externalId, userName or displayName, None if there is none.

        What is found is looked at: an endpoint that ignored the filter must not hand us someone else.
        """
        place = self._capabilities.attributes[kind][path]
        how: Uniqueness = "exact" if place.uniqueness == "exact" else "folded"
        for resource in self._alike(kind, path, value):
            existing = from_resource(kind, resource)
            # A server that does not know the filter gives everyone, and the first of them is not whom we asked for.
            if fold(existing.attributes.get(path, ""), how) == fold(value, how):
                self._created.setdefault(existing.target_id, self._clock())  # an unanswered attempt may have made it
                return existing
        return None

    def _alike(self, kind: Kind, path: str, value: str) -> Iterator[Resource]:
        """What a filter finds; everyone, where there is no filter or this one is refused.

        Some servers cannot read a value with a quotation mark in it, however it is escaped (seen with SCIMMY).
        """
        if self._capabilities.can_filter:
            try:
                yield from one_page(self._client, COLLECTION[kind], filter_of((path, value)))
            except Refused:
                pass
            else:
                return
        for resources in self._pages(COLLECTION[kind]):
            yield from resources

    def get(self, kind: Kind, target_id: str) -> Existing | None:
        """The resource with this id, None if it is gone. Raises Hold, Stop."""
        request = Request("GET", f"{COLLECTION[kind]}/{target_id}", needs="id", new_for=self._new_for(target_id))
        try:
            return from_resource(kind, self._client.send(request).body)
        except NotThere:
            return None

    def create(self, kind: Kind, attributes: Mapping[str, Value]) -> Answer:
        """Create one resource; a group without members. attributes: path → value, without empty ones.

        Raises NameTaken (perhaps about one that an unanswered attempt made, so look before concluding), Refused, Stop.
        A group is created empty: after a failed create with members it is unclear what exists (docs/identity-center.md
        §2.9).
        """
        reply = self._client.send(Request("POST", COLLECTION[kind], to_resource(kind, attributes), needs="id"))
        target_id = str(reply.body["id"])
        self._created[target_id] = self._clock()
        if kind == "user" and self._user_ids is not None:
            self._user_ids.append(target_id)
        return Answer(target_id, reply.request_id)

    def update(self, kind: Kind, target_id: str, changes: Mapping[str, Change]) -> Answer:
        """One request: a PATCH with one operation an attribute, or a PUT of the whole.

        An address is replaced whole: if a part of it changes, `changes` holds all its parts, those that stay as well
        (old == new). Raises NotThere, NameTaken, Refused, Stop.
        """
        reply = self._writer.update(kind, target_id, changes, new_for=self._new_for(target_id))
        return Answer(target_id, reply.request_id)

    def delete(self, kind: Kind, target_id: str) -> Answer:
        """Delete one resource for good. NotThere if it is gone already."""
        self._shown.begin()  # a user leaves the groups too
        self._created.pop(target_id, None)
        return Answer(target_id, self._client.send(Request("DELETE", f"{COLLECTION[kind]}/{target_id}")).request_id)

    def add_members(self, group_id: str, user_ids: Sequence[str]) -> Answer:
        """Put users in, by one request: at most capabilities.changes_per_patch of them.

        Raises NotThere, Refused, Stop. A refused one may have been carried out in part (docs/identity-center.md §7.2):
        read the members again.
        """
        return self._change_members("add", group_id, user_ids)

    def remove_members(self, group_id: str, user_ids: Sequence[str]) -> Answer:
        """Take users out, by one request. As add_members."""
        return self._change_members("remove", group_id, user_ids)

    def _change_members(self, op: MemberChange, group_id: str, user_ids: Sequence[str]) -> Answer:
        # A 404 may be about the group or about any of the users; the youngest of them decides how long it is not
        # believed.
        new_for = self._new_for(group_id, *user_ids)
        # Forgotten even if the request fails: whether it was carried out is then unknown.
        try:
            return Answer(group_id, self._writer.change_members(op, group_id, user_ids, new_for=new_for).request_id)
        finally:
            self._shown.forget(group_id)

    def _see(self, kind: Kind, resource: Resource) -> None:
        """Groups may show their members in the listing."""
        if kind == "group" and self._capabilities.shows_members:
            self._shown.see(resource)

    def _new_for(self, *target_ids: str) -> float:
        """Seconds for which the endpoint may not know all of these everywhere, since one was created a moment ago."""
        # Ids that were found, too: an attempt whose answer was lost may have created them a moment ago.
        youngest = max(self._created.get(target_id, -math.inf) for target_id in target_ids)
        return max(0.0, NEW_FOR - (self._clock() - youngest))

    def _all_user_ids(self) -> Sequence[str]:
        """Every user there is, as last read, with those created since."""
        if self._user_ids is None:
            found = self._pages(COLLECTION["user"])
            self._user_ids = [resource["id"] for resources in found for resource in resources]
        return tuple(self._user_ids)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """A refused listing is no one's own affair: without it nothing may be concluded about anyone."""
    try:
        yield
    except Hold as refusal:
        raise Stop(f"the target's {what} cannot be read: {refusal.what}", refusal.way_out) from None
