"""Texts that the state holds one of for each record, in a third of their size: attributes, and what sources remember.

Each is a few hundred bytes of JSON with the same names again and again, too short to be compressed by itself. With
these names known beforehand (RFC 1950, preset dictionary) it is. A look takes a microsecond, a write ten.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Compiled, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

_RAW_DEFLATE = -15
"""Neither header nor checksum: the database says when a page of it is damaged."""
_LEVEL = 6
_NAMES = (
    # The most frequent last: what lies nearest takes the fewest bits.
    '"surname":"userPrincipalName":"mail":"jobTitle":"accountEnabled":true,"employeeId":"companyName":"onPremises'
    '"sAMAccountName":["userAccountControl":["512"]"objectGUID":["distinguishedName":["whenChanged":["uSNChanged":["'
    '"objectClass":["top","person","organizationalPerson","inetOrgPerson","groupOfNames"]"memberOf":["member":["'
    '"entryUUID":["uid":["employeeNumber":["telephoneNumber":["departmentNumber":["'
    '"givenName":["sn":["cn":["displayName":["mail":["title":["manager":["uid=,ou=people,ou=groups,dc=example,dc=com"'
    '"suspended":false,"archived":false,"customerId":"orgUnitPath":"/","primaryEmail":"name":{"displayName":"fullName":"'
    '"organizations":[{"costCenter":"department":"primary":true,"title":"relations":[{"type":"manager","value":"'
    '"phoneNumbers":"timezone":"preferredLanguage":"locale":"userType":"nickName":"profileUrl":"name.middleName":"'
    '"addresses.streetAddress":"addresses.locality":"addresses.region":"addresses.postalCode":"addresses.country":"'
    '"enterprise.costCenter":"enterprise.organization":"enterprise.division":"enterprise.employeeNumber":"'
    '[{"attributes":{"displayName":"externalId":"},"id":"places":["users.csv:groups.csv:'
    '{"active":false,{"active":true,"displayName":"emails":".com","enterprise.department":"enterprise.manager":"'
    '"externalId":"name.familyName":"name.formatted":"name.givenName":"title":"userName":"'
)
_DICTIONARIES = {1: _NAMES.encode()}
"""Number, as each packed text begins with → names. One that a state was written with is never changed, only followed by
another."""
_NEWEST = max(_DICTIONARIES)


def pack(text: str) -> bytes:
    """As it is kept. The same text always gives the same bytes, as long as zlib is the same."""
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE, zdict=_DICTIONARIES[_NEWEST])
    return bytes((_NEWEST,)) + packing.compress(text.encode()) + packing.flush()


def unpack(kept: bytes) -> str:
    """What was packed."""
    unpacking = zlib.decompressobj(_RAW_DEFLATE, zdict=_DICTIONARIES[kept[0]])
    return (unpacking.decompress(memoryview(kept)[1:]) + unpacking.flush()).decode()


class PackedText(TypeDecorator[str]):
    """A column of such texts. They are compared outside the database, which sees bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - the interface
        """To the database."""
        return pack(value) if value is not None else None

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """From the database."""
        return unpack(value) if value is not None else None


def packed_rows(
    compiled: Compiled, names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[Any, ...]]:
    """Rows for a driver that gets them as they are. names: the parameters of the statement, in the order of a row."""
    binds = compiled.binds  # type: ignore[attr-defined]  # SQLAlchemy's statements have it
    places = [place for place, name in enumerate(names) if isinstance(binds[name].type, PackedText)]
    if not places:
        return iter(rows)
    (place,) = places
    return ((*row[:place], pack(row[place]), *row[place + 1 :]) for row in rows)
