"""`bridge.yaml` as it is written: names, types and defaults of design.md §3. The published schema is made from this.

What the values mean once they are read is in settings.py.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_DURATION = re.compile(r"(\d+)([smhd])")
_PERCENTAGE = re.compile(r"(\d{1,3})%")


def _is_duration(value: str) -> str:
    match = _DURATION.fullmatch(value)
    if match is None or int(match[1]) == 0:
        raise ValueError("is no duration; write 90s, 5m, 24h or 30d")
    return value


def _is_limit(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and (match := _PERCENTAGE.fullmatch(value)) and int(match[1]) <= 100:
        return value
    raise ValueError("is no limit; write a number such as 5, or a share such as 10%")


Duration = Annotated[str, AfterValidator(_is_duration), Field(json_schema_extra={"pattern": r"^[0-9]+[smhd]$"})]
LimitText = Annotated[
    int | str,
    BeforeValidator(_is_limit),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,3}%$"}]}),
]
DateText = Annotated[
    str, BeforeValidator(str), Field(json_schema_extra={"format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"})
]
Text = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Source(_Section):
    """Where users, groups and memberships are read from."""

    kind: Literal["csv"]
    users: Text
    groups: Text | None = None
    members: Text | None = None
    encoding: Text = "auto"
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"


class Target(_Section):
    """The SCIM endpoint. token: env:NAME or file:PATH; requests_per_second: the ceiling."""

    kind: Literal["identity-center"]
    url: Text
    token: Text
    token_expires: DateText | None = None
    requests_per_second: Annotated[float, Field(gt=0, strict=False)] = 10


class Deprovision(_Section):
    """What happens to who left."""

    action: Literal["deactivate", "keep"] = "deactivate"


class Protect(_Section):
    """Globs of names that are never touched."""

    users: list[Text] = []
    groups: list[Text] = []


class Limits(_Section):
    """How much one run may take away."""

    deactivate: LimitText = "10%"
    delete: LimitText = "5%"
    remove_members: LimitText = "20%"
    shrink_source: LimitText = "20%"
    floor: Annotated[int, Field(ge=0)] = 3


class Policy(_Section):
    """What an operator allows."""

    deprovision: Deprovision = Deprovision()
    adopt: Literal["first-run"] = "first-run"
    rehire: Literal["ask"] = "ask"
    orphans: Literal["report", "keep"] = "report"
    drift: Literal["overwrite"] = "overwrite"
    protect: Protect = Protect()
    limits: Limits = Limits()


class Schedule(_Section):
    """How often `run` syncs this connection."""

    every: Duration = "5m"


class Connection(_Section):
    """One source bound to one target."""

    source: Source
    mapping: Text
    target: Target
    policy: Policy = Policy()
    schedule: Schedule = Schedule()


class Service(_Section):
    """Where the pages are served."""

    listen: Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.\-]+):\d{1,5}$")] = "127.0.0.1:8080"


class Document(_Section):
    """The whole file."""

    state: Text = "sqlite:///scim-bridge.db"
    connections: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")], Connection], Field(min_length=1)
    ]
    service: Service = Service()


def json_schema() -> dict[str, Any]:
    """The published JSON schema (draft 2020-12) of `bridge.yaml`."""
    schema = Document.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "scim-bridge bridge.yaml"} | schema
