"""The SCIM attributes that a mapping may have rules for (docs/design.md §4), one row each.

A new attribute is a row here. The mapping takes its rule from it, the wire its place in a body, and Identity Center
holds it as any text unless target/identity_center.py says otherwise. tests/model/test_attribute.py holds them together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scim_bridge.model.identity import ACTIVE, DISPLAY_NAME, EMAILS, USER_NAME, Kind

Holder = Literal["", "name", "addresses", "enterprise"]
"""What an attribute is part of (RFC 7643 §4.1, §4.3): nothing, the name, the one address, the enterprise extension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRow:
    """One attribute. Its path is the holder and the key, with a dot between them.

    form: what its rule yields and how it is written: a text, a truth, one entry of a list, or a reference to a user
    (written as an object with the user's id). entry: what is written beside the value in an entry of a list.
    is_required: every target wants it, so that a mapping without a rule for it could provision no one. is_matchable: a
    record may be matched by it with a resource that is not managed yet.
    """

    key: str
    holder: Holder = ""
    form: Literal["text", "truth", "list", "reference"] = "text"
    entry: Mapping[str, Any] | None = None
    is_required: bool = False
    is_matchable: bool = False

    @property
    def path(self) -> str:
        """The path by which all rooms call it."""
        return f"{self.holder}.{self.key}" if self.holder else self.key


def _rows(rows: Iterable[AttributeRow]) -> Mapping[str, AttributeRow]:
    return {row.path: row for row in rows}


# One email, phone number and role each. The types are those that Entra ID's provisioning sends.
ATTRIBUTES: Mapping[Kind, Mapping[str, AttributeRow]] = {
    "user": _rows(
        (
            AttributeRow(key=USER_NAME, is_required=True, is_matchable=True),
            AttributeRow(key=DISPLAY_NAME, is_required=True),
            AttributeRow(key="nickName"),
            AttributeRow(key="profileUrl"),
            AttributeRow(key="title"),
            AttributeRow(key="userType"),
            AttributeRow(key="preferredLanguage"),
            AttributeRow(key="locale"),
            AttributeRow(key="timezone"),
            AttributeRow(key=ACTIVE, form="truth"),
            AttributeRow(key=EMAILS, form="list", entry={"type": "work", "primary": True}, is_matchable=True),
            AttributeRow(key="phoneNumbers", form="list", entry={"type": "work"}),
            AttributeRow(key="roles", form="list", entry={"primary": True}),
            AttributeRow(holder="name", key="formatted"),
            AttributeRow(holder="name", key="givenName", is_required=True),
            AttributeRow(holder="name", key="familyName", is_required=True),
            AttributeRow(holder="name", key="middleName"),
            AttributeRow(holder="name", key="honorificPrefix"),
            AttributeRow(holder="name", key="honorificSuffix"),
            AttributeRow(holder="addresses", key="formatted"),
            AttributeRow(holder="addresses", key="streetAddress"),
            AttributeRow(holder="addresses", key="locality"),
            AttributeRow(holder="addresses", key="region"),
            AttributeRow(holder="addresses", key="postalCode"),
            AttributeRow(holder="addresses", key="country"),
            AttributeRow(holder="enterprise", key="employeeNumber"),
            AttributeRow(holder="enterprise", key="costCenter"),
            AttributeRow(holder="enterprise", key="organization"),
            AttributeRow(holder="enterprise", key="division"),
            AttributeRow(holder="enterprise", key="department"),
            AttributeRow(holder="enterprise", key="manager", form="reference"),
        )
    ),
    "group": _rows([AttributeRow(key=DISPLAY_NAME, is_required=True, is_matchable=True)]),
}

PATHS: Mapping[Kind, tuple[str, ...]] = {kind: tuple(rows) for kind, rows in ATTRIBUTES.items()}
REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(path for path, row in rows.items() if row.is_required) for kind, rows in ATTRIBUTES.items()
}
MATCHABLE: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(path for path, row in rows.items() if row.is_matchable) for kind, rows in ATTRIBUTES.items()
}


def keys(holder: Holder, form: Literal["text", "list"] = "text") -> tuple[str, ...]:
    """The keys of a user's attributes of this form that are part of this."""
    rows = ATTRIBUTES["user"].values()
    return tuple(row.key for row in rows if row.holder == holder and row.form == form)
