"""Sections of `bridge.yaml` and the types of their single values, each with its form (form.py)."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from scim_bridge.config import form
from scim_bridge.config.form import checked
from scim_bridge.model.alert import EVENTS

Text = Annotated[str, AfterValidator(checked(form.text)), Field(json_schema_extra={"pattern": form.TEXT})]
Name = Annotated[
    str, AfterValidator(checked(form.connection_name)), Field(json_schema_extra={"pattern": form.CONNECTION})
]
Duration = Annotated[str, AfterValidator(checked(form.duration)), Field(json_schema_extra={"pattern": form.DURATION})]
Interval = Annotated[
    str,
    AfterValidator(checked(form.interval)),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "string", "pattern": form.DURATION}]}),
]
LimitText = Annotated[
    int | str,
    BeforeValidator(checked(form.limit)),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": form.PERCENTAGE}]}),
]
LimitOrReport = Annotated[
    int | str,
    BeforeValidator(checked(form.limit_or_report)),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": form.REPORT},
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": form.PERCENTAGE},
            ]
        }
    ),
]
Pace = Annotated[
    float | str,
    BeforeValidator(checked(form.pace)),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "number", "exclusiveMinimum": 0}]}),
]
RunsAtOnce = Annotated[
    int | str,
    BeforeValidator(checked(form.runs_at_once)),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": form.MOST_RUNS}]}),
]
Day = Annotated[
    str, AfterValidator(checked(form.day)), Field(json_schema_extra={"format": "date", "pattern": form.DAY})
]
Region = Annotated[str, AfterValidator(checked(form.region)), Field(json_schema_extra={"pattern": form.REGION})]
Encoding = Annotated[str, AfterValidator(checked(form.encoding)), Field(json_schema_extra={"minLength": 1})]
Separator = Annotated[
    str, AfterValidator(checked(form.separator)), Field(json_schema_extra={"pattern": form.SEPARATOR})
]
State = Annotated[str, AfterValidator(checked(form.state)), Field(json_schema_extra={"pattern": form.STATE})]
Address = Annotated[str, AfterValidator(checked(form.address)), Field(json_schema_extra={"pattern": form.LISTEN})]
PublicUrl = Annotated[
    str, AfterValidator(checked(form.public_url)), Field(json_schema_extra={"pattern": form.PUBLIC_URL})
]
Issuer = Annotated[str, AfterValidator(checked(form.issuer)), Field(json_schema_extra={"pattern": form.URL})]
Url = Annotated[str, AfterValidator(checked(form.endpoint)), Field(json_schema_extra={"pattern": form.URL})]
Token = Annotated[str, AfterValidator(checked(form.token)), Field(json_schema_extra={"pattern": form.TOKEN})]
Reference = Annotated[
    str, AfterValidator(checked(form.reference)), Field(json_schema_extra={"pattern": form.REFERENCE})
]
QuietHours = Annotated[
    str, AfterValidator(checked(form.quiet_hours)), Field(json_schema_extra={"pattern": form.QUIET_HOURS})
]
Events = Annotated[
    str | list[str],
    BeforeValidator(checked(form.events)),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"enum": list(EVENTS)}, "minItems": 1}]}),
]
LdapUrl = Annotated[str, AfterValidator(checked(form.ldap_url)), Field(json_schema_extra={"pattern": form.LDAP_URL})]
LdapFilter = Annotated[
    str, AfterValidator(checked(form.ldap_filter)), Field(json_schema_extra={"pattern": form.LDAP_FILTER})
]
AzureName = Annotated[
    str, AfterValidator(checked(form.azure_name)), Field(json_schema_extra={"pattern": form.AZURE_NAME})
]
Origin = Annotated[str, AfterValidator(checked(form.origin)), Field(json_schema_extra={"pattern": form.ORIGIN})]
Mailbox = Annotated[str, AfterValidator(checked(form.mailbox)), Field(json_schema_extra={"pattern": form.MAILBOX})]
Unit = Annotated[str, AfterValidator(checked(form.unit)), Field(json_schema_extra={"pattern": form.UNIT})]
PageSize = Annotated[int, Field(ge=1, le=999)]


class Section(BaseModel):
    """Every key is known, every value has its type; a key that may be left out is not written empty.

    A text that may be left out and has no default is "" then.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
