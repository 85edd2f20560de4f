"""Finds in a reading of who may enter what the few whom a plan or a page is about, by the indexes, and no one else.

What belongs to all (accounts, permission sets, applications) is a few hundred rows, and is always loaded.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import orjson
from sqlalchemy import Connection, or_, select, text
from sqlmodel import col

from scim_bridge.model.access import AccessReading, Edge, Person
from scim_bridge.model.batch import batched_list
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.text import folded
from scim_bridge.state.access_fact import named, reading_of
from scim_bridge.state.table import AccessFactRow, AccessReadingRow
from scim_bridge.state.transaction import is_file

_OF_ALL = ("instance", "account", "set", "application", "tag")
_FEW = 500
_COUNT = """SELECT count(*) FROM access_facts AS person
WHERE person.connection = :connection AND person.kind = 'user' AND person.until IS NULL
AND person.value LIKE '%,true]'
AND (person.fact_key IN ({users}) OR EXISTS (
SELECT 1 FROM access_facts AS membership
WHERE membership.connection = :connection AND membership.kind = 'member' AND membership.until IS NULL
AND membership.about = person.fact_key
AND {group} IN ({groups})))"""
"""Active users (the last part of a user's value) among these, and in these groups."""
_COUNT_IN_FILE = text(
    _COUNT.format(
        users="SELECT value FROM json_each(:users)",
        group="substr(membership.fact_key, 1, instr(membership.fact_key, ' ') - 1)",
        groups="SELECT value FROM json_each(:groups)",
    )
)
_COUNT_ON_SERVER = text(
    _COUNT.format(
        users="SELECT json_array_elements_text(CAST(:users AS json))",
        group="split_part(membership.fact_key, ' ', 1)",
        groups="SELECT json_array_elements_text(CAST(:groups AS json))",
    )
)
Found = tuple[str, str, str]
"""Kind, key and value of a fact."""


class AccessLookup:
    """The newest reading, part by part. Holds one connection to the database for as long as it is used.

    number: that of an earlier reading. Of it, `around` and `users` are true; the others are about the newest one.
    """

    def __init__(self, database: Connection, connection: str, number: int | None = None) -> None:
        self._database, self._connection, self._number = database, connection, number

    def around(
        self, users: Iterable[str], groups: Iterable[str] = (), whole: Collection[str] = ()
    ) -> AccessReading | None:
        """These users and groups, and all that reaches them; None if nothing was ever read.

        whole: groups of which all members are wanted, with all that reaches these.
        """
        about = self._about()
        if about is None:
            return None
        members = list(self._members(whole))
        people = {*users, *(key.partition(" ")[2] for _, key, _ in members)}
        members += self._those(AccessFactRow.about, "member", people)
        around = {*groups, *whole, *(key.partition(" ")[0] for _, key, _ in members)}
        principals = [named(TargetKey("user", one)) for one in people]
        principals += [named(TargetKey("group", one)) for one in around]
        facts = [*self._of_all(), *members]
        for kind in ("edge", "use"):
            facts += self._those(AccessFactRow.about, kind, principals)
        facts += self._those(AccessFactRow.fact_key, "user", people)
        for kind in ("group", "expanded"):
            facts += self._those(AccessFactRow.fact_key, kind, around)
        return reading_of(facts, *about)

    def holding(self, account: str, sets: Collection[str]) -> list[TargetKey]:
        """Users and groups to whom one of these permission sets (ARNs) is assigned in this account."""
        return [who for number, arn, who in self._edges() if number == account and arn in sets]

    def count(self, *, is_administering: bool = False) -> int:
        """How many active users have a way into an account, or administer one."""
        shown = self.around(())
        if shown is None:
            return 0
        return self.active_among(
            who for account, arn, who in self._edges() if _counts(shown, account, arn, is_administering)
        )

    def active_among(self, principals: Iterable[TargetKey]) -> int:
        """How many active users these are, and have in them."""
        found = dict.fromkeys(principals)
        listed = {
            f"{kind}s": orjson.dumps([who.id for who in found if who.kind == kind]).decode()
            for kind in ("user", "group")
        }
        count = _COUNT_IN_FILE if is_file(self._database) else _COUNT_ON_SERVER
        return int(self._database.execute(count, {"connection": self._connection, **listed}).scalar_one())

    def edges(self) -> list[Edge]:
        """Every assignment to an account."""
        return [Edge(*each) for each in self._edges()]

    def principals_of(self, applications: Iterable[str]) -> dict[str, list[TargetKey]]:
        """Application → the users and groups that it is assigned to. Of these applications (ARNs)."""
        found: dict[str, list[TargetKey]] = {}
        key = col(AccessFactRow.fact_key)
        for arn in applications:
            for _, use, _ in self._now(col(AccessFactRow.kind) == "use", key >= f"{arn} ", key < f"{arn}!"):
                _, kind, principal = use.rsplit(" ", 2)
                found.setdefault(arn, []).append(TargetKey("group" if kind == "group" else "user", principal))
        return found

    def groups(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of these groups, as far as they are there."""
        return {key: orjson.loads(value) for _, key, value in self._those(AccessFactRow.fact_key, "group", ids)}

    def users(self, ids: Iterable[str]) -> dict[str, Person]:
        """These users, as far as they are there."""
        facts = self._those(AccessFactRow.fact_key, "user", ids)
        return {key: Person(key, *orjson.loads(value)) for _, key, value in facts}

    def called(self, name: str) -> frozenset[str]:
        """Ids of the users of this name, whatever its case, and the user of this id."""
        wanted = orjson.dumps(name).decode().replace("\\", "_")  # to LIKE any letter; what is found is checked
        # LIKE of SQLite knows upper and lower case of ASCII alone, so other letters are looked for in the usual ways.
        forms = {wanted} if wanted.isascii() else {wanted, wanted.lower(), wanted.upper(), wanted.title()}
        like = "LIKE" if self._database.dialect.name == "sqlite" else "ILIKE"
        value = col(AccessFactRow.value)
        begins = or_(*(value.op(like, is_comparison=True)(f"[{form},%") for form in sorted(forms)))
        found = self._now(col(AccessFactRow.kind) == "user", begins)
        named = {key for _, key, user in found if folded(orjson.loads(user)[0]) == folded(name)}
        return frozenset(named | self.users([name]).keys())

    def people_in(self, group: str, after: str, limit: int) -> list[str]:
        """The first members of a group behind this id, by id."""
        key = col(AccessFactRow.fact_key)
        mine = (col(AccessFactRow.connection) == self._connection, col(AccessFactRow.kind) == "member")
        these = (*mine, text("until IS NULL"), key > f"{group} {after}", key < f"{group}!")
        rows = self._database.execute(select(key).where(*these).order_by(key).limit(limit))
        return [row[0].partition(" ")[2] for row in rows]

    def _about(self) -> tuple[Any, Any, Any] | None:
        columns = (col(AccessReadingRow.read_at), col(AccessReadingRow.warnings), col(AccessReadingRow.requests))
        query = select(*columns).where(col(AccessReadingRow.connection) == self._connection)
        if self._number is not None:
            query = query.where(col(AccessReadingRow.id) == self._number)
        found = self._database.execute(query.order_by(col(AccessReadingRow.id).desc()).limit(1)).first()
        return (found.read_at, found.warnings, found.requests) if found is not None else None

    def _now(self, *where: Any) -> Iterator[Found]:
        columns = (col(AccessFactRow.kind), col(AccessFactRow.fact_key), col(AccessFactRow.value))
        for standing in self._standing():
            mine = (col(AccessFactRow.connection) == self._connection, *standing)
            for row in self._database.execute(select(*columns).where(*mine, *where)):
                yield row.kind, row.fact_key, row.value

    def _standing(self) -> Iterator[tuple[Any, ...]]:
        """What the reading shows: literally as the indexes have it, each of which is asked by itself."""
        if self._number is None:
            yield (text("until IS NULL"),)
            return
        begun = col(AccessFactRow.since) <= self._number
        yield text("until IS NULL"), begun
        yield text("until IS NOT NULL"), col(AccessFactRow.until) > self._number, begun

    def _of_all(self) -> Iterator[Found]:
        return self._now(col(AccessFactRow.kind).in_(_OF_ALL))

    def _those(self, column: Any, kind: str, values: Iterable[str]) -> Iterator[Found]:
        for batch in batched_list(values, _FEW):
            yield from self._now(col(AccessFactRow.kind) == kind, col(column).in_(batch))

    def _members(self, groups: Iterable[str]) -> Iterator[Found]:
        """The memberships of whole groups: their keys begin with the group's id and a blank, whose successor is "!"."""
        key = col(AccessFactRow.fact_key)
        for group in groups:
            yield from self._now(col(AccessFactRow.kind) == "member", key >= f"{group} ", key < f"{group}!")

    def _edges(self) -> Iterator[tuple[str, str, TargetKey]]:
        for _, key, _ in self._now(col(AccessFactRow.kind) == "edge"):
            account, arn, kind, principal = key.split(" ")
            yield account, arn, TargetKey("group" if kind == "group" else "user", principal)


def _counts(shown: AccessReading, account: str, arn: str, is_administering: bool) -> bool:
    held = shown.sets[arn]
    allowed = held.centrally if shown.instance.is_central(account) else held.allowed
    return shown.accounts[account].is_usable and (not is_administering or allowed.level == "administrator")
