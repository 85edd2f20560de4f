"""The form of a story: a YAML file, read strictly. Whatever does not fit is said with its file, line and key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scim_bridge.config import form
from scim_bridge.config.document import Policy
from scim_bridge.config.yaml_file import KeyPath, YamlFile, nearest, refuse
from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.identity import Kind, Value
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.target.identity_center import IDENTITY_CENTER
from tests.e2e.world import HEADER

Gone = Literal["gone"]
Absent = Literal["absent"]
OPTIONS = ("--approve", "--full", "--after-restore", "--only")


def _known(name: str, names: tuple[str, ...], what: str) -> str:
    if name not in names:
        raise ValueError(f"there is no {what} {name!r}{nearest(name, names) or '; there are: ' + ', '.join(names)}")
    return name


def _cell(value: object) -> object:
    """A cell of a CSV file: true, 7 and an empty value stand for their text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool | int) else value


def _columns(cells: dict[str, str]) -> dict[str, str]:
    for name in cells:
        _known(name, HEADER[1:], "column")
    return cells


def _paths(kind: Kind, *more: str) -> AfterValidator:
    """Whether the keys are attributes that a resource of this kind has, or one of these words."""
    names = (*more, *IDENTITY_CENTER.attributes[kind])

    def check(values: dict[str, Any]) -> dict[str, Any]:
        for name in values:
            _known(name, names, "attribute")
        return values

    return AfterValidator(check)


def _command(text: str) -> str:
    program, *arguments = text.split()
    if program != "sync":
        raise ValueError("a story runs `sync`, with options or without")
    for option in (argument for argument in arguments if argument.startswith("-")):
        _known(option, OPTIONS, "option")
    return text


def _empty(value: object) -> object:
    """A key without a value: all as usual."""
    return {} if value is None else value


Usual = BeforeValidator(_empty)
Cells = Annotated[dict[str, Annotated[str, BeforeValidator(_cell)]], AfterValidator(_columns), Usual]
Shown = dict[str, Value | list[str] | None]
ByHand = Annotated[Shown, Usual]


class Section(BaseModel):
    """Every key is known, and has its type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SourceGroup(Section):
    """A group of the source: ids of its users, and of the groups in it."""

    name: str | None = None
    members: list[str] | None = None
    groups: list[str] | None = None


class Source(Section):
    """What changes in the directory, by source id."""

    users: dict[str, Cells | Gone] = Field(default_factory=dict)
    groups: dict[str, Annotated[SourceGroup, Usual] | Gone] = Field(default_factory=dict)


class Target(Section):
    """What somebody changes by hand, by name. A user or group of a name that is not there is made."""

    users: dict[str, Annotated[ByHand, _paths("user")] | Gone] = Field(default_factory=dict)
    groups: dict[str, Annotated[ByHand, _paths("group", "members")] | Gone] = Field(default_factory=dict)


class Given(Section):
    """What is so on this day, as far as it differs from the day before."""

    today: Annotated[str, AfterValidator(lambda text: str(form.day(text)))]
    policy: Policy | None = None
    mapping: dict[str, dict[str, Any]] | None = None
    source: Source = Source()
    target: Target = Target()
    decide: dict[str, Decision] = Field(default_factory=dict)
    state: Literal["lost"] | None = None
    command: Annotated[str, AfterValidator(_command)] = "sync"


class End(Section):
    """What the target shows in the end, by name."""

    users: dict[str, Annotated[ByHand, _paths("user", "was")] | Absent] = Field(default_factory=dict)
    groups: dict[str, Annotated[ByHand, _paths("group", "members", "was")] | Absent] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation as a story tells it: "update_user b.sato@corp.example", and what is said of it, None for nothing.

    members: of an operation on memberships, in order. changes: path → new value. because: part of the reason.
    """

    what: str
    members: tuple[str, ...] | None = None
    changes: Mapping[str, Value | None] | None = None
    because: str = ""


def _step(given: object) -> Step:
    if isinstance(given, str):
        what, _, because = given.partition(": ")
        step = Step(what, because=because)
    elif isinstance(given, dict) and len(given) == 1:
        ((what, told),) = given.items()
        if isinstance(told, list):
            step = Step(what, members=tuple(told))
        elif isinstance(told, dict):
            changes = {path: value for path, value in told.items() if path != "because"}
            step = Step(what, changes=changes or None, because=told.get("because", ""))
        else:
            step = Step(what, because=str(told))
    else:
        raise ValueError("write KIND NAME, or KIND NAME: with what is said of it")
    kind = _known(step.what.partition(" ")[0], get_args(OperationKind), "operation")
    if kind.endswith("_members") and step.members is None:
        raise ValueError(f"{kind} needs the list of its users")
    return step


class Day(Section):
    """One run: what is given, what is planned, and what it comes to."""

    given: Given
    plan: list[Annotated[Any, AfterValidator(_step)]] = Field(default_factory=list)
    conflicts: list[str] = Field(default_factory=list)
    skipped: list[str] | None = None
    says: list[str] = Field(default_factory=list)
    exit: int = 0
    requests: int | None = None
    end: End = End()


class _Document(Section):
    name: str
    days: Annotated[list[Day], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Story:
    """A file with its days."""

    file: YamlFile
    name: str
    days: tuple[Day, ...]


def read_story(path: Path) -> Story:
    """Read a story. Raises Misconfigured with every fault, each naming file, line and key."""
    file = YamlFile(path)
    try:
        read = _Document.model_validate(file.data)
    except ValidationError as error:
        faults = dict(_faults(file, error))
        refuse(file.name, [f"{file.at(where)}: {text}." for where, text in faults.items()])
        raise
    dates = [date.fromisoformat(day.given.today) for day in read.days]
    early = [number for number in range(1, len(dates)) if dates[number] < dates[number - 1]]
    refuse(file.name, [f"{file.at(('days', n, 'given', 'today'))}: it is before the day above." for n in early])
    return Story(file, read.name, tuple(read.days))


def _faults(file: YamlFile, error: ValidationError) -> Iterator[tuple[KeyPath, str]]:
    """Each place once. What pydantic adds of a choice between two forms stands nowhere in the file."""
    found = error.errors(include_url=False)
    for fault in sorted(found, key=lambda each: each["type"] != "literal_error"):  # the other form says more
        where: list[str | int] = []
        node = file.data
        for key in fault["loc"]:
            if (isinstance(node, dict) and key in node) or (isinstance(node, list) and isinstance(key, int)):
                node = node[key]  # type: ignore[index]
                where.append(key)
        if fault["type"] == "missing":
            yield tuple(where), f"the key {fault['loc'][-1]} is missing"
        elif fault["type"] == "extra_forbidden":
            yield tuple(where), "there is no such key"
        elif fault["type"] == "value_error":
            yield tuple(where), str(fault["ctx"]["error"]).removeprefix(": ")
        else:
            yield tuple(where), fault["msg"][0].lower() + fault["msg"][1:]
