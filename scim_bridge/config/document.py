"""`bridge.yaml` as it is written: names, types and defaults (docs/design.md §3). The published schema is made from it.

The forms of single values are in form.py; what they mean once they are read is in settings.py.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from scim_bridge.config import form
from scim_bridge.config.section import (
    Day,
    Duration,
    Events,
    Interval,
    Name,
    Pace,
    QuietHours,
    Reference,
    Region,
    RunsAtOnce,
    Section,
    State,
    Text,
    Token,
    Url,
)
from scim_bridge.config.section_of_settings import section_of
from scim_bridge.config.service_document import Service
from scim_bridge.config.source_document import Source
from scim_bridge.model import limit, policy
from scim_bridge.model.switch import Question, SourceKind

PerSecond = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Target(Section):
    """The SCIM endpoint. token: env:NAME or file:PATH; requests_per_second: the ceiling of the pace that is found.

    url and token may be left out together for an Identity Center that has no endpoint yet: before the switch.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"url": {"pattern": form.LOOPBACK_URL}}},
            "else": {"properties": {"token": {"pattern": form.REFERENCE}}},
            "dependentRequired": {"url": ["token"], "token": ["url"]},
            "anyOf": [{"required": ["url", "token"]}, {"properties": {"kind": {"const": "identity-center"}}}],
        }
    )

    kind: Literal["identity-center", "scim"]
    url: Url = ""
    token: Token = ""
    token_expires: Day = ""
    requests_per_second: Pace = "auto"

    @field_validator("token")
    @classmethod
    def _is_safe_there(cls, token: str, others: ValidationInfo) -> str:
        url = others.data.get("url")
        if url is not None and token.partition(":")[0] not in ("env", "file") and not form.is_loopback_url(url):
            raise ValueError(": write env:NAME or file:PATH; a token itself is accepted for a loopback target only")
        return token

    @model_validator(mode="after")
    def _is_whole(self) -> "Target":
        if bool(self.url) != bool(self.token) or (self.kind != "identity-center" and not self.url):
            raise ValueError(f" needs the key {'token' if self.url else 'url'}")
        return self


_DEFAULT = policy.Policy()


class Deprovision(Section):
    """What happens to who left. delete: as deactivate, with a delete_after of 30 days if none is written."""

    action: Literal["deactivate", "delete", "keep"] = _DEFAULT.deprovision
    delete_after: Duration | None = None

    @field_validator("delete_after")
    @classmethod
    def _is_no_contradiction(cls, after: str | None, others: ValidationInfo) -> str | None:
        if after is not None and others.data.get("action") == "keep":
            raise ValueError(" has no meaning where action is keep; leave one of them out")
        return after


Protect: Any = section_of(policy.Protect, "Globs of names that are never touched.")
Limits: Any = section_of(limit.Limits, "How much one run may take away.")
KeepAdmins: Any = section_of(policy.KeepAdmins, "Who can still administer an account after every plan. Needs `access`.")


class Policy(Section):
    """What an operator allows."""

    deprovision: Deprovision = Deprovision()
    adopt: policy.Adopt = _DEFAULT.adopt
    create_inactive: bool = _DEFAULT.create_inactive
    rehire: policy.Rehire = _DEFAULT.rehire
    orphans: policy.Orphans = _DEFAULT.orphans
    drift: policy.Drift = _DEFAULT.drift
    protect: Protect = Protect()
    limits: Limits = Limits()
    keep_admins: KeepAdmins | None = None


class Schedule(Section):
    """How often `run` syncs this connection, and how often it reads the whole target."""

    every: Duration = "5m"
    verify: Interval = "auto"


class Access(Section):
    """Where account assignments are read, with AWS credentials of the usual chain. region: the instance's.

    requests_per_second: the ceiling for each quota that AWS counts apart. seat_prices: the name of an application, or
    how it begins, → what one user costs a month.
    """

    region: Region
    requests_per_second: PerSecond = 10
    seat_prices: dict[Text, Price] = Field(default={})


class Switch(Section):
    """What no API says about the identity source, for `switch-report`. confirmed: what an operator has looked at."""

    current_source: SourceKind | None = None
    portal_session: Duration | None = None
    confirmed: list[Question] = Field(default_factory=list)


class Connection(Section):
    """One source bound to one target. shadow: plans on schedule and writes nothing to the target."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"policy": {"required": ["keep_admins"]}}, "required": ["policy"]},
            "then": {"required": ["access"]},
        }
    )

    source: Source
    mapping: Text
    target: Target
    policy: Policy = Policy()
    schedule: Schedule = Schedule()
    access: Access | None = None
    switch: Switch = Switch()
    shadow: bool = False

    @model_validator(mode="after")
    def _can_count_administrators(self) -> "Connection":
        if self.access is None and self.policy.keep_admins is not None:
            raise ValueError(": policy.keep_admins needs access: {region: …}; without it no one can be counted")
        return self


class History(Section):
    """How long runs and their operations are kept."""

    keep: Duration = "400d"


class Worker(Section):
    """What a worker does at once. runs_at_once: so many runs of the schedule, each in a process of its own."""

    runs_at_once: RunsAtOnce = "auto"


class Alerts(Section):
    """Where alerts are sent. to: references to URLs of Apprise (https://appriseit.com)."""

    to: Annotated[list[Reference], Field(min_length=1, json_schema_extra={"uniqueItems": True})]
    quiet: QuietHours | None = None
    events: Events = "all"

    @field_validator("to")
    @classmethod
    def _is_each_once(cls, to: list[str]) -> list[str]:
        if len(set(to)) < len(to):
            raise ValueError(": name each place once")
        return to


class Document(Section):
    """The whole file."""

    state: State = form.DEFAULT_STATE
    connections: Annotated[
        dict[Name, Connection], Field(min_length=1, json_schema_extra={"additionalProperties": False})
    ]
    history: History = History()
    alerts: Alerts | None = None
    worker: Worker = Worker()
    service: Service = Service()


def json_schema() -> dict[str, Any]:
    """The published JSON schema (draft 2020-12) of `bridge.yaml`: what it refuses, `load` refuses.

    Only three things it cannot say: which encodings this Python knows, that no key is there twice, and (for validators
    that take `format` as a remark) that a date is in the calendar.
    """
    schema = Document.model_json_schema()
    for section in (schema, *schema["$defs"].values()):
        for key in section["properties"].values():
            if key.get("default") == "":
                del key["default"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "scim-bridge bridge.yaml"}
