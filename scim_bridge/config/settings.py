"""Typed settings: `bridge.yaml` read, checked and made absolute. Everything wrong with the file is said at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pydantic import BaseModel, ValidationError

from scim_bridge.config import document
from scim_bridge.config.later import not_yet
from scim_bridge.config.secret import Secret
from scim_bridge.config.soundness import date_of, host_of, unsound
from scim_bridge.config.yaml_file import KeyPath, YamlFile, nearest, refuse
from scim_bridge.errors import Misconfigured
from scim_bridge.model.policy import Limit, Limits, Policy, Protect

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """Files of a CSV source, absolute. delimiter: one character, or "auto"."""

    users: Path
    groups: Path | None
    members: Path | None
    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """A SCIM endpoint. url has no trailing slash."""

    kind: str
    url: str
    token: Secret
    token_expires: date | None
    requests_per_second: float


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """One source bound to one target by a mapping, a policy and a schedule."""

    name: str
    source: CsvSettings
    mapping: Path
    target: TargetSettings
    policy: Policy
    every: timedelta


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. state: the SQLite file. listen: host and port of the pages."""

    path: Path
    state: Path
    connections: Mapping[str, ConnectionSettings]
    listen: tuple[str, int]

    def connection(self, name: str | None) -> ConnectionSettings:
        """The connection of this name, or the only one. Raises Misconfigured, naming those there are."""
        names = ", ".join(self.connections)
        if name is None and len(self.connections) == 1:
            return next(iter(self.connections.values()))
        if name is None:
            raise Misconfigured(f"{self.path.name} has several connections: {names}", "Say which one.")
        if name not in self.connections:
            hint = nearest(name, self.connections)
            raise Misconfigured(
                f"{self.path.name} has no connection {name!r}{hint}; it has: {names}", "Name one of them."
            )
        return self.connections[name]


def load(path: Path) -> Settings:
    """Read `bridge.yaml`. Raises Misconfigured with every problem, each naming file, line and key."""
    file = YamlFile(path)
    later = not_yet(file)
    problems = {where: text for where, text in _invalid(file).items() if where not in later} | later
    if not problems:
        read = document.Document.model_validate(file.data)
        problems = unsound(file, read)
        if not problems:
            return _settings(path.resolve(), read)
    refuse(file.name, [problems[where] for where in sorted(problems, key=file.line)])
    raise AssertionError("refuse() raises when there are problems")


def _invalid(file: YamlFile) -> dict[KeyPath, str]:
    """What does not fit the document's types, by place."""
    try:
        document.Document.model_validate(file.data)
    except ValidationError as error:
        faults = [(_where(fault["loc"]), fault) for fault in error.errors()]
        return {where: _sentence(file, where, fault) for where, fault in faults}
    return {}


def _where(loc: tuple[int | str, ...]) -> KeyPath:
    return tuple(key for key in loc if key != "[key]")


def _sentence(file: YamlFile, where: KeyPath, fault: Mapping[str, object]) -> str:
    """One fault as a sentence for a person."""
    place = file.at(where)
    match fault["type"]:
        case "missing":
            needing = ".".join(str(key) for key in where[:-1]) or "the file"
            return f"{file.name}, line {file.line(where)}: {needing} needs the key {where[-1]}."
        case "extra_forbidden":
            hint = nearest(str(where[-1]), _known_keys(where[:-1]))
            return f"{place}: there is no such key{hint}."
        case "value_error":
            return f"{place} {str(fault['msg']).removeprefix('Value error, ')}."
        case "literal_error":
            return f"{place}: {_shown(fault['input'])} is not one of {_expected(fault)}."
        case "string_pattern_mismatch":
            return f"{place}: {_shown(fault['input'])} does not have the right form."
    return f"{place}: {_shown(fault['input'])} will not do: {str(fault['msg'])[0].lower()}{str(fault['msg'])[1:]}."


def _expected(fault: Mapping[str, object]) -> str:
    context = fault.get("ctx")
    return str(context["expected"]).replace("'", "") if isinstance(context, dict) else "the allowed values"


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, (str, int, float, bool)) else "this value"


def _known_keys(where: KeyPath) -> list[str]:
    """The keys that may stand at a place."""
    section: object = document.Document
    for key in where:
        if isinstance(section, type) and issubclass(section, BaseModel) and str(key) in section.model_fields:
            section = section.model_fields[str(key)].annotation
        else:
            section = document.Connection
        if str(section).startswith("dict"):
            section = dict
    return list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []


def _settings(path: Path, read: document.Document) -> Settings:
    folder = path.parent
    host, port = host_of(read.service.listen), int(read.service.listen.rpartition(":")[2])
    connections = {name: _connection(name, folder, connection) for name, connection in read.connections.items()}
    return Settings(path, folder / read.state.removeprefix("sqlite:///"), connections, (host, port))


def _connection(name: str, folder: Path, read: document.Connection) -> ConnectionSettings:
    source, target = read.source, read.target
    return ConnectionSettings(
        name,
        CsvSettings(
            folder / source.users,
            folder / source.groups if source.groups else None,
            folder / source.members if source.members else None,
            source.encoding,
            source.delimiter,
        ),
        folder / read.mapping,
        TargetSettings(
            target.kind,
            target.url.rstrip("/"),
            Secret(target.token, folder),
            date_of(target.token_expires) if target.token_expires else None,
            target.requests_per_second,
        ),
        _policy(read.policy),
        timedelta(**{_UNITS[read.schedule.every[-1]]: int(read.schedule.every[:-1])}),
    )


def _policy(read: document.Policy) -> Policy:
    limits = read.limits
    return Policy(
        deprovision=read.deprovision.action,
        orphans=read.orphans,
        protect=Protect(tuple(read.protect.users), tuple(read.protect.groups)),
        limits=Limits(
            _limit(limits.deactivate),
            _limit(limits.delete),
            _limit(limits.remove_members),
            _limit(limits.shrink_source),
            limits.floor,
        ),
    )


def _limit(text: int | str) -> Limit:
    return Limit(int(str(text).rstrip("%")), is_percentage=isinstance(text, str))
