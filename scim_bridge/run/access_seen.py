"""Which reading of who may enter what a run goes by: one that is kept, or AWS now.

It is read with the target: by a run that reads the target in full, unless what is kept is recent. In between it is
trusted, like everything else that was last seen, so that no revocation of such a run waits for AWS
(docs/decisions/0019-a-plan-goes-by-a-kept-reading.md).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scim_bridge.errors import BridgeError
from scim_bridge.model.access import AccessReading, Renewed
from scim_bridge.model.assignment import Principal
from scim_bridge.model.plan import Plan
from scim_bridge.model.protocol import Access, Progress, silent
from scim_bridge.model.state_address import StateAddress
from scim_bridge.run.bridge import Bridge
from scim_bridge.state.access_lookup import AccessLookup
from scim_bridge.state.access_memory import AccessMemory, keep_reading, remember_here
from scim_bridge.state.reader import StateReader

RECENT = timedelta(hours=1)
"""How long a reading that is kept is looked at without reading again."""
MOST = 300
"""Requests for a look in passing: half a minute at the usual pace."""
_LONGEST = timedelta(hours=24)
_SHARE = 0.4
"""Requests a second that reading takes of the 20 that all callers of an instance share: 2 %, as for the target."""


def recent(memory: AccessMemory, now: datetime) -> tuple[AccessReading | None, bool]:
    """The reading that is kept, None if it is an hour old, and whether runs have changed something since."""
    kept = memory.newest()
    if kept is None or now - kept.as_of >= RECENT:
        return None, False
    return kept, memory.has_changed(kept.as_of)


@dataclass(frozen=True, slots=True)
class AccessSeen:
    """A reading, to be looked up in. memory: None where none could be had. new: read by this run, and not kept yet.

    reason: why AWS could not be read although it was to be, "" if nothing was in the way. renewed: what was asked for
    again since.
    """

    memory: AccessMemory | None
    as_of: datetime | None = None
    new: AccessReading | None = None
    reason: str = ""
    renewed: Renewed | None = None

    def is_recent(self, now: datetime) -> bool:
        """Whether nothing has to be asked for again."""
        return self.new is not None or self.as_of is None or now - self.as_of <= RECENT

    def around(
        self, lookup: AccessLookup, users: Iterable[str], groups: Iterable[str] = (), whole: Collection[str] = ()
    ) -> AccessReading | None:
        """A part of it (AccessLookup.around), with what was asked for again."""
        part = lookup.around(users, groups, whole)
        return part if part is None or self.renewed is None else self.renewed.over(part)


def see_access(
    bridge: Bridge, reader: StateReader, now: datetime, progress: Progress, *, is_whole: bool, in_full: bool
) -> AccessSeen | None:
    """What there is to go by; None where the connection has no `access`. Never raises for AWS.

    is_whole: this run has read the target in full. in_full: everything is to be read, whatever is known of it.
    """
    if bridge.access is None:
        return None
    memory = reader.access(bridge.name)
    kept = next(reversed(memory.all_kept()), None)
    if kept is not None and not in_full and (not is_whole or now - kept.as_of < fresh_for(kept.requests)):
        return AccessSeen(memory, kept.as_of)
    most = None if is_whole or in_full else MOST
    seen = read_anew(bridge.access, now, progress, most=most)
    if seen.memory is None and kept is not None:
        return AccessSeen(memory, kept.as_of, reason=seen.reason)
    return seen


def see_few(bridge: Bridge, reader: StateReader, now: datetime, plan: Plan) -> AccessSeen | None:
    """The same for a run about some: AWS is asked only if it never was, and the plan changes something."""
    if bridge.access is not None and not plan.operations and not reader.access(bridge.name).all_kept():
        return AccessSeen(None)
    return see_access(bridge, reader, now, silent, is_whole=False, in_full=False)


def read_anew(access: Access, now: datetime, progress: Progress, *, most: int | None = None) -> AccessSeen:
    """AWS as it is now. most: give up after so many requests."""
    try:
        new = access.read(now, progress, most=most)
    except BridgeError as error:
        # An outage or a missing permission is said in the plan. It must not keep a revocation from passing.
        return AccessSeen(None, reason=str(error))
    return AccessSeen(remember_here(new), new.as_of, new)


def ask_again(access: Access, who: Sequence[Principal], known: Collection[str]) -> Renewed | None:
    """What is assigned to these now; None where AWS does not say. known: ARNs of sets that need not be read again."""
    try:
        return access.renew(who, known)
    except BridgeError:
        return None


def fresh_for(requests: int) -> timedelta:
    """How long a reading that took so many requests is recent: an hour, or as long as its share of the quota asks."""
    return min(max(RECENT, timedelta(seconds=requests / _SHARE)), _LONGEST)


def keep_seen(state: StateAddress, connection: str, seen: AccessSeen | None) -> None:
    """Keep what was read, so that the next runs can go by it."""
    if seen is not None and seen.new is not None:
        keep_reading(state, connection, seen.new)
