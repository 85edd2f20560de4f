"""The server's schema (RFC 4512 §4.2): which attributes there are, under which names, and how many values they take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ldap.schema.models import AttributeType as Published

from scim_bridge.model.identity import AttributeType

_SYNTAX = "1.3.6.1.4.1.1466.115.121.1."
_DN, _NAME_AND_UID = _SYNTAX + "12", _SYNTAX + "34"
_BINARY = {
    *(_SYNTAX + number for number in ("4", "5", "8", "9", "10", "23", "28", "40")),
    *("1.2.840.113556.1.4.907", "1.2.840.113556.1.4.1221"),  # a security descriptor, an object of Exchange's
}
_COMPUTED = {"memberof", "pwdaccountlockedtime"}
"""Kept by OpenLDAP's overlays memberof, dynlist and ppolicy, without a change of the entry that is reported."""
_SECRETS = {
    *("userpassword", "authpassword", "unixuserpassword", "pwdhistory", "radiuspassword", "olcrootpw"),
    *("sambantpassword", "sambalmpassword", "sambapasswordhistory"),
    *("sambacleartextpassword", "sambapreviouscleartextpassword"),
    *("unicodepwd", "dbcspwd", "ntpwdhistory", "lmpwdhistory", "supplementalcredentials", "msds-managedpassword"),
    *("ms-mcs-admpwd", "ms-mcs-admpwdhistory", "mslaps-password", "mslaps-encryptedpassword"),
    *("mslaps-encryptedpasswordhistory", "mslaps-encrypteddsrmpassword", "mslaps-encrypteddsrmpasswordhistory"),
    *("msfve-recoverypassword", "krbprincipalkey", "krbpwdhistory", "krbmkey", "krb5key", "ipanthash"),
    *("ipatokenotpkey", "oathsecret", "nsds5replicacredentials", "userpkcs12"),
}
_GUIDS = {"objectguid", "ms-ds-consistencyguid", "parentguid"}
_SIDS = {"objectsid", "sidhistory"}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute type. names: as published, the usual one first.

    is_computed: what the server works out by itself and reports as no one's change (memberOf).
    """

    names: tuple[str, ...]
    is_single: bool
    is_dn: bool
    is_binary: bool
    is_computed: bool

    @property
    def type(self) -> AttributeType:
        """As a mapping sees it."""
        return "string" if self.is_single else "strings"

    @property
    def is_guid(self) -> bool:
        """A GUID, which is given as text though it is binary."""
        return self.names[0].lower() in _GUIDS

    @property
    def is_sid(self) -> bool:
        """A security identifier, which is given as text though it is binary."""
        return self.names[0].lower() in _SIDS

    @property
    def is_text(self) -> bool:
        """Whether a mapping can use it."""
        return (not self.is_binary or self.is_guid or self.is_sid) and not any(map(is_secret, self.names))


def is_secret(name: str) -> bool:
    """Whether an attribute holds a password, or what would do for one: it is neither used nor remembered.

    Most are binary and would be left out anyway; Samba's, LAPS's and some others are text.
    """
    return name.partition(";")[0].lower() in _SECRETS


class Schema:
    """Attributes by any of their names, in any case."""

    def __init__(self, attributes: Iterable[Attribute]) -> None:
        self.attributes = tuple(attributes)
        self._by_name: Mapping[str, Attribute] = {name.lower(): a for a in self.attributes for name in a.names}

    def find(self, name: str) -> Attribute | None:
        """The attribute of this name, without options such as ;lang-ja; None if the server knows none."""
        return self._by_name.get(name.partition(";")[0].lower())


_MARKS = {"s": "is_single", "d": "is_dn", "b": "is_binary", "c": "is_computed"}


def to_texts(schema: Schema) -> list[str]:
    """A schema to be remembered: a line for each attribute, "sd manager roleOccupant", "-" where no mark fits."""
    marked = (("".join(m for m, name in _MARKS.items() if getattr(a, name)), a.names) for a in schema.attributes)
    return [" ".join((marks or "-", *names)) for marks, names in marked]


def from_texts(texts: Iterable[str]) -> Schema:
    """The schema of these lines: twenty times as quick as parsing what the server publishes."""
    lines = (text.split(" ") for text in texts)
    return Schema(
        Attribute(tuple(names), **{name: mark in marks for mark, name in _MARKS.items()}) for marks, *names in lines
    )


def parse(definitions: Iterable[bytes]) -> Schema:
    """A schema from its published definitions."""
    every = [Published(definition.decode("utf-8", "replace")) for definition in definitions]
    by_name = {name.lower(): published for published in every for name in (*published.names, published.oid)}
    return Schema(_attribute(published, _syntax(published, by_name)) for published in every if published.names)


def _syntax(published: Published, by_name: Mapping[str, Published]) -> str:
    """An attribute's own syntax, else that of what it is derived from."""
    for _ in range(8):
        if published.syntax or not published.sup:
            break
        above = by_name.get(published.sup[0].lower())
        if above is None:
            break
        published = above
    return str(published.syntax or "")


def _attribute(published: Published, syntax: str) -> Attribute:
    is_dn = syntax in (_DN, _NAME_AND_UID)
    names = tuple(published.names)
    is_back_link = is_dn and bool(published.no_user_mod) and not published.single_value
    is_computed = is_back_link or names[0].lower() in _COMPUTED
    return Attribute(names, bool(published.single_value), is_dn, syntax in _BINARY, is_computed)
