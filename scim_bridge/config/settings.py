"""Typed settings: `bridge.yaml` read, checked and made absolute. Everything wrong with the file is said at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

from scim_bridge.config import document, form
from scim_bridge.config.error_message import faults
from scim_bridge.config.read_source import source_settings
from scim_bridge.config.secret import Secret
from scim_bridge.config.section_of_settings import settings_of
from scim_bridge.config.service import ServiceSettings, service_settings
from scim_bridge.config.source import SourceSettings
from scim_bridge.config.state_place import address_of, one_of
from scim_bridge.config.yaml_file import YamlFile, refuse
from scim_bridge.errors import Misconfigured
from scim_bridge.model.alert import EVENTS, Event, QuietHours
from scim_bridge.model.limit import Limits
from scim_bridge.model.policy import KeepAdmins, Policy, Protect
from scim_bridge.model.state_address import StateAddress
from scim_bridge.model.switch import Question, SourceKind


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """A SCIM endpoint. url has no trailing slash, and is "" where there is none yet.

    requests_per_second: the ceiling, None for `auto`.
    """

    kind: str
    url: str
    token: Secret
    token_expires: date | None
    requests_per_second: float | None

    def require_endpoint(self) -> None:
        """Raise Misconfigured if there is no endpoint yet: before the identity source is changed to one with SCIM."""
        if not self.url:
            raise Misconfigured(
                "target.url and target.token are not set, so there is no endpoint to sync to",
                "Enable automatic provisioning in IAM Identity Center and add both; `switch-report` and `access` do "
                "not need them.",
            )


@dataclass(frozen=True, slots=True)
class SwitchSettings:
    """What no API says about the identity source. current_source: None to guess. confirmed: what was looked at."""

    current_source: SourceKind | None = None
    portal_session: timedelta | None = None
    confirmed: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Where account assignments are read. region: that of the Identity Center instance.

    requests_per_second: the ceiling for each quota that AWS counts apart. seat_prices: how the name of an application
    begins → what one user costs a month.
    """

    region: str
    requests_per_second: float = 10
    seat_prices: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """One source bound to one target by a mapping, a policy and a schedule. access: None if no one is to be asked.

    verify: how often everything is read whole, None for `auto`. shadow: nothing is ever written to the target.
    """

    name: str
    source: SourceSettings
    mapping: Path
    target: TargetSettings
    policy: Policy
    every: timedelta
    verify: timedelta | None
    access: AccessSettings | None = None
    switch: SwitchSettings = SwitchSettings()
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Which alerts are sent, and where. to: the URLs, which are secrets. quiet: on the clock of this machine."""

    to: tuple[Secret, ...]
    quiet: QuietHours | None = None
    events: frozenset[Event] = frozenset(EVENTS)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker does at once. runs_at_once: so many runs of the schedule."""

    runs_at_once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration. state: the SQLite file, or the database. service: the pages and the API.

    keep: for how long runs and operations stay in the history. alerts: None if none are sent.
    """

    path: Path
    state: StateAddress
    connections: Mapping[str, ConnectionSettings]
    service: ServiceSettings
    keep: timedelta
    worker: WorkerSettings
    alerts: AlertSettings | None = None

    def connection(self, name: str | None) -> ConnectionSettings:
        """The connection of this name, or the only one. Raises Misconfigured, naming those there are."""
        return self.connections[one_of(self.connections, name, self.path)]


def load(path: Path, text: str | None = None) -> Settings:
    """Read `bridge.yaml`. Raises Misconfigured with every problem, each naming file, line and key.

    text: what the file will hold, for one that is not written yet.
    """
    file = YamlFile(path, text)
    problems = faults(file)
    refuse(file.name, [problems[where] for where in sorted(problems, key=file.line)])
    return _settings(path.absolute(), document.Document.model_validate(file.data))


def _settings(path: Path, read: document.Document) -> Settings:
    folder = path.parent  # as the file was named: a mounted configuration is a link into a folder that is replaced
    connections = {name: _connection(name, folder, connection) for name, connection in read.connections.items()}
    state = address_of(read.state, folder)
    return Settings(
        path=path,
        state=state,
        connections=MappingProxyType(connections),
        service=service_settings(read.service, folder),
        keep=form.duration(read.history.keep),
        worker=WorkerSettings(form.runs_at_once(read.worker.runs_at_once) or _runs_at_once(state)),
        alerts=_alerts(read.alerts, folder),
    )


def _runs_at_once(state: StateAddress) -> int:
    """Where nothing is said. A file is for one machine, which may have no memory for two runs about 100,000 users."""
    return 1 if isinstance(state, Path) else 4


def _alerts(read: document.Alerts | None, folder: Path) -> AlertSettings | None:
    if read is None:
        return None
    quiet = form.quiet_hours(read.quiet) if read.quiet is not None else None
    to = tuple(Secret(url, folder, "URL") for url in read.to)
    return AlertSettings(to, quiet, form.events(read.events))


def _connection(name: str, folder: Path, read: document.Connection) -> ConnectionSettings:
    return ConnectionSettings(
        name=name,
        source=source_settings(read.source, folder),
        mapping=folder / read.mapping,
        target=_target(folder, read.target),
        policy=_policy(read.policy),
        every=form.duration(read.schedule.every),
        verify=form.interval(read.schedule.verify),
        access=_access(read.access),
        switch=_switch(read.switch),
        shadow=read.shadow,
    )


def _switch(read: document.Switch) -> SwitchSettings:
    session = form.duration(read.portal_session) if read.portal_session is not None else None
    return SwitchSettings(read.current_source, session, tuple(read.confirmed))


def _access(read: document.Access | None) -> AccessSettings | None:
    return AccessSettings(read.region, read.requests_per_second, read.seat_prices) if read is not None else None


def _target(folder: Path, read: document.Target) -> TargetSettings:
    expires = form.day(read.token_expires) if read.token_expires else None
    token = Secret(read.token, folder)
    url = form.endpoint(read.url) if read.url else ""
    return TargetSettings(read.kind, url, token, expires, form.pace(read.requests_per_second))


def _policy(read: document.Policy) -> Policy:
    return Policy(
        deprovision="keep" if read.deprovision.action == "keep" else "deactivate",
        delete_after=_delete_after(read.deprovision),
        adopt=read.adopt,
        create_inactive=read.create_inactive,
        rehire=read.rehire,
        orphans=read.orphans,
        drift=read.drift,
        protect=settings_of(Protect, read.protect),
        limits=settings_of(Limits, read.limits),
        keep_admins=settings_of(KeepAdmins, read.keep_admins) if read.keep_admins is not None else None,
    )


def _delete_after(read: document.Deprovision) -> timedelta | None:
    """Nothing is ever deleted unasked: a time of grace, or the action itself, asks for it."""
    if read.delete_after is not None:
        return form.duration(read.delete_after)
    return timedelta(days=30) if read.action == "delete" else None
