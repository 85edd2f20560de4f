"""AWS IAM Identity Center's dialect as data: what it can hold (docs/identity-center.md §4).

Attributes that it takes but never shows back (profileUrl) or cannot change later (roles) have no place here: they
would be sent again on every run, or be wrong forever.
"""

from scim_bridge.model.capabilities import Capabilities, Characteristic
from scim_bridge.model.identity import Kind

_NO_SPACE = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]"
_TEXT = r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r\u0020\u00A0\u3000]"
_GROUP_NAME = r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r\u0020\u00A0]"
# Stricter than the model: a colon here was refused (docs/identity-center.md §4.3), and a refused externalId makes every
# look-up fail. Better held before anything is sent.
_EXTERNAL_ID = r"[\p{L}\p{M}\p{S}\p{N}\p{P}--[<>;:%]]"
_VISIBLE = "letters, digits, punctuation and symbols, no spaces"
_PRINTABLE = "letters, digits, punctuation, symbols and spaces, no control characters"
_DOUBTFUL = "<>;:%\t\n\r"
"""The pattern takes them; AWS's and the vendors' pages say that they must not occur (docs/identity-center.md §4.3)."""
# Compared folded, as names are: "administrator" would be refused as well, if case does not count there.
_RESERVED = frozenset({"administrator", "awsadministrators"})

_text = Characteristic(characters=_TEXT, allowed=_PRINTABLE, doubtful=_DOUBTFUL)
_required_text = Characteristic(required=True, characters=_TEXT, allowed=_PRINTABLE, doubtful=_DOUBTFUL)
_external_id = Characteristic(
    required=True,
    max_length=256,
    characters=_EXTERNAL_ID,
    allowed=f"{_VISIBLE}, none of < > ; : %",
    uniqueness="exact",
)
_USER: dict[str, Characteristic] = {
    "externalId": _external_id,
    "userName": Characteristic(
        required=True,
        max_length=128,
        characters=_NO_SPACE,
        allowed=_VISIBLE,
        doubtful=_DOUBTFUL,
        uniqueness="folded",
        reserved=_RESERVED,
    ),
    "name.givenName": _required_text,
    "name.familyName": _required_text,
    "displayName": _required_text,
    "emails": Characteristic(characters=_TEXT, allowed=_PRINTABLE, doubtful=_DOUBTFUL, uniqueness="folded"),
    "active": Characteristic(is_boolean=True),
} | dict.fromkeys(
    (
        "name.formatted",
        "name.middleName",
        "name.honorificPrefix",
        "name.honorificSuffix",
        "nickName",
        "title",
        "userType",
        "preferredLanguage",
        "locale",
        "timezone",
        "phoneNumbers",
        "addresses.formatted",
        "addresses.streetAddress",
        "addresses.locality",
        "addresses.region",
        "addresses.postalCode",
        "addresses.country",
        "enterprise.employeeNumber",
        "enterprise.costCenter",
        "enterprise.organization",
        "enterprise.division",
        "enterprise.department",
        "enterprise.manager",
    ),
    _text,
)
_GROUP: dict[str, Characteristic] = {
    "externalId": _external_id,
    "displayName": Characteristic(
        required=True,
        characters=_GROUP_NAME,
        allowed=_PRINTABLE,
        doubtful=_DOUBTFUL,
        uniqueness="folded",
        reserved=_RESERVED,
    ),
}
_ATTRIBUTES: dict[Kind, dict[str, Characteristic]] = {"user": _USER, "group": _GROUP}
IDENTITY_CENTER = Capabilities(attributes=_ATTRIBUTES, changes_per_patch=100)
"""What fits into Identity Center."""
