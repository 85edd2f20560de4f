"""A connection, put together: its source, its compiled mapping, its target, ready to run.

Whatever can be known to be wrong before anything is read from the target is found out here.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from scim_bridge.access.aws_access import AwsAccess
from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import Mapping, load_mapping, wanted
from scim_bridge.mapping.selftest import require_passing
from scim_bridge.model.policy import Policy
from scim_bridge.model.protocol import Access, Source, Target, never
from scim_bridge.model.verification import ReadingCost, Verification
from scim_bridge.plan.make import Occasion
from scim_bridge.plan.match.pairing import Terms
from scim_bridge.source import open_source
from scim_bridge.state.reader import StateReader
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.scim import open_target

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """One connection with everything it needs. endpoint: an opaque text that names the target and its tenant.

    mapping_key: a hash of the mapping's document. verify: how often source and target are read whole. access: None if
    nothing is known of who may enter what. is_shadow: its runs write nothing to the target.
    """

    name: str
    endpoint: str
    source: Source
    mapping: CompiledMapping
    mapping_key: str
    target: Target
    policy: Policy
    terms: Terms
    verify: Verification
    access: Access | None = None
    is_shadow: bool = False

    def today(self, now: datetime) -> str:
        """The day it is where the mapping's days begin, as YYYY-MM-DD."""
        return f"{now.astimezone(self.mapping.timezone):%Y-%m-%d}"

    def occasion(self, now: datetime, read_at: datetime, *, today: str, mapping: str) -> Occasion:
        """When and for whom a plan is made. read_at: when the target was read; mapping: a hash of the mapping's."""
        return Occasion(
            connection=self.name,
            endpoint=self.endpoint,
            mapping=mapping,
            created=_text(now),
            today=today,
            target_read=_text(read_at),
        )


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def key_of_mapping(content: bytes) -> str:
    """A hash of a mapping file, as a run keeps it."""
    return hashlib.sha256(content).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class ChangedMapping:
    """A mapping that is tried and used by no run. key: a hash of its text."""

    written: Mapping
    key: str


def mapping_to_try(path: Path, text: str | None = None) -> ChangedMapping:
    """A mapping file to be tried. text: what it would hold, for one that is written nowhere. Raises Misconfigured."""
    written = load_mapping(path, text)
    return ChangedMapping(written, key_of_mapping(path.read_bytes() if text is None else text.encode()))


@contextmanager
def open_bridge(
    connection: ConnectionSettings,
    to_be_tried: ChangedMapping | None = None,
    reader: StateReader | None = None,
    *,
    is_stopping: Callable[[], bool] = never,
) -> Iterator[Bridge]:
    """Open a connection's ends. Raises Misconfigured for a broken mapping, SourceUnreadable for a broken source.

    to_be_tried: another mapping whose attributes are read too, for under_mapping. reader: what is remembered; with
    it a source need not be asked again which attributes it has. is_stopping: once it says so, nothing more is sent.
    """
    written = load_mapping(connection.mapping)
    require_passing(written)
    # The source is opened with what both mappings use: a column that only the changed one names would otherwise not be
    # read.
    source, mapping = open_near_end(connection, written, to_be_tried.written if to_be_tried else None, reader)
    # Read here, not with the first request: a missing secret is found before the source is asked for 100,000 records.
    connection.target.require_endpoint()
    connection.target.token.read()
    with open_target(connection.target, is_read_only=connection.shadow, is_stopping=is_stopping) as target:
        yield Bridge(
            name=connection.name,
            endpoint=endpoint_key(connection.target.url),
            source=source,
            mapping=mapping,
            mapping_key=key_of_mapping(connection.mapping.read_bytes()),
            target=target,
            policy=connection.policy,
            terms=_terms(written, target, connection.policy),
            verify=_verification(connection),
            access=AwsAccess(connection.access) if connection.access is not None else None,
            is_shadow=connection.shadow,
        )


def _verification(connection: ConnectionSettings) -> Verification:
    return Verification(connection.verify, connection.target.requests_per_second)


def read_whole_every(connection: ConnectionSettings, cost: ReadingCost) -> timedelta:
    """How often the whole target may be read. cost: of one reading, as far as it is known."""
    shows_members = connection.target.kind != "identity-center"
    return _verification(connection).every(cost.requests(IDENTITY_CENTER.page, shows_members=shows_members))


def runs_every(connection: ConnectionSettings, cost: ReadingCost) -> timedelta:
    """How often the schedule runs. In shadow each run reads the whole target, so only as often as that may be read."""
    if not connection.shadow:
        return connection.every
    return max(connection.every, read_whole_every(connection, cost))


def looks_back(connection: ConnectionSettings) -> timedelta:
    """How far a run looks back into the history."""
    return max(connection.policy.limits.window, _verification(connection).repairs_within)


def longest_pause(connection: ConnectionSettings) -> timedelta:
    """The longest that the schedule waits between two runs, whatever a reading of the target costs."""
    longest = _verification(connection).bounds[1] if connection.shadow else connection.every
    return max(connection.every, longest)


def open_near_end(
    connection: ConnectionSettings,
    written: Mapping,
    to_be_tried: Mapping | None = None,
    reader: StateReader | None = None,
) -> tuple[Source, CompiledMapping]:
    """The source, and the mapping compiled against what the source has. Needs neither token nor target."""
    users, groups = wanted(written.users), wanted(written.groups)
    if to_be_tried is not None:
        users, groups = users.together(wanted(to_be_tried.users)), groups.together(wanted(to_be_tried.groups))
    source = open_source(connection.source, users, groups)
    memory = None
    if reader is not None:
        since = datetime.now(UTC) - _verification(connection).source_every
        memory = reader.source_memory(connection.name, source.key, since)
    return source, compile_mapping(written, source.attributes("user", memory), source.attributes("group", memory))


def under_mapping(bridge: Bridge, tried: ChangedMapping) -> Bridge:
    """The same connection under another mapping. Raises Misconfigured for one that cannot be tried.

    Its own tests run first. The ids must be those of today's mapping: under others every record would be someone else.
    """
    written = tried.written
    require_passing(written)
    for rules in (written.users, written.groups):
        today = bridge.mapping.of(rules.kind).id
        if rules.attributes and rules.id != today:
            raise Misconfigured(
                f"{rules.place} is {rules.id!r}, but today it is {today!r}, so no record could be compared with itself",
                f"Keep `id: {today}` while you try the other rules.",
            )
    source = bridge.source
    mapping = compile_mapping(written, source.attributes("user"), source.attributes("group"))
    return replace(bridge, mapping=mapping, mapping_key=tried.key, terms=_terms(written, bridge.target, bridge.policy))


def _terms(mapping: Mapping, target: Target, policy: Policy) -> Terms:
    capabilities = target.capabilities
    return Terms(
        {"user": mapping.users.match, "group": mapping.groups.match},
        {"user": capabilities.unique("user"), "group": capabilities.unique("group")},
        policy,
    )


def endpoint_key(url: str) -> str:
    """An opaque name for host and tenant: what the state is bound to, without keeping the URL."""
    if not url:  # there is no endpoint yet
        return ""
    parts = urlsplit(url)
    place = f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}{parts.path.rstrip('/')}"
    return hashlib.sha256(place.encode()).hexdigest()[:24]
