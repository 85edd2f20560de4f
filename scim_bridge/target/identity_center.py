"""AWS IAM Identity Center's dialect as data: what it can hold (docs/identity-center.md §4).

Sources: https://docs.aws.amazon.com/singlesignon/latest/developerguide/limitations.html and the patterns of the
Identity Store API, which checks what comes by SCIM too. Attributes that it takes but never shows back (profileUrl) or
cannot change later (roles) have no place here: they would be sent again on every run, or be wrong forever.
"""

from scim_bridge.model.capabilities import Capabilities, Characteristic
from scim_bridge.model.identity import Kind
from scim_bridge.model.scim_attribute import ATTRIBUTES

# The patterns of the Identity Store API, one character at a time (docs/identity-center.md §4.3). A group's name differs
# from other texts in one character: the ideographic space, U+3000, which Japanese input methods write.
_NO_SPACE = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]"
_TEXT = r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r\u0020\u00A0\u3000]"
_GROUP_NAME = r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r\u0020\u00A0]"
# The pattern allows < > ; : % here too, but a colon in externalId was refused with 400. An id that is refused holds its
# record forever, so none of the five is sent.
_EXTERNAL_ID = r"[\p{L}\p{M}\p{S}\p{N}\p{P}--[<>;:%]]"
_VISIBLE = "letters, digits, punctuation and symbols, no spaces"
_PRINTABLE = "letters, digits, punctuation, symbols and spaces, no control characters"
_DOUBTFUL = "<>;:%\t\n\r"
"""The pattern allows them; pages of AWS and of vendors say that they must not occur (docs/identity-center.md §4.3)."""
_RESERVED = frozenset({"administrator", "awsadministrators"})
"""Folded. Refused as userName and as a group's name (Identity Store API, CreateUser and CreateGroup)."""

_text = Characteristic(characters=_TEXT, allowed=_PRINTABLE, doubtful=_DOUBTFUL)
_required_text = Characteristic(required=True, characters=_TEXT, allowed=_PRINTABLE, doubtful=_DOUBTFUL)
_external_id = Characteristic(
    required=True,
    max_length=256,
    characters=_EXTERNAL_ID,
    allowed=f"{_VISIBLE}, none of < > ; : %",
    uniqueness="exact",
)
_NO_PLACE = ("profileUrl", "roles")
_UNLIKE_OTHERS: dict[str, Characteristic] = {
    # AWS does not say whether case matters; its schema says caseExact: false. So two names that differ in case alone
    # count as the same: if both were sent, one of them might be refused with 409 (docs/identity-center.md §4.4).
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
    # The primary email is unique among users, though no filter can find it (docs/identity-center.md §4.5).
    "emails": Characteristic(characters=_TEXT, allowed=_PRINTABLE, doubtful=_DOUBTFUL, uniqueness="folded"),
    "active": Characteristic(is_boolean=True),
}
"""What is held otherwise than as any text."""
_USER: dict[str, Characteristic] = {"externalId": _external_id} | {
    path: _UNLIKE_OTHERS.get(path, _text) for path in ATTRIBUTES["user"] if path not in _NO_PLACE
}
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
# 100 membership changes are the most that one PATCH of a group may hold (docs/identity-center.md §2.12), and 100
# resources the most that one page of a list has (docs/identity-center.md §2.4).
IDENTITY_CENTER = Capabilities(attributes=_ATTRIBUTES, changes_per_patch=100, page=100)
"""What fits into Identity Center."""
