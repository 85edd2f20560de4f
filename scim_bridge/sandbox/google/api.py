"""The Directory API as far as a reader needs it: users, groups, members; pages, partial answers, the search of users.

developers.google.com/workspace/admin/directory/reference/rest. What stands there and is not served is a 400.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from scim_bridge.sandbox.google.directory import Directory, Row
from scim_bridge.sandbox.google.knobs import SCOPES, GoogleKnobs
from scim_bridge.sandbox.google.refusal import bad_request, forbidden, insufficient, not_found

_USERS, _GROUPS, _MEMBERS = SCOPES
_ALLOWED: Mapping[str, frozenset[str]] = {
    "users": frozenset({_USERS}),
    "groups": frozenset({_GROUPS}),
    "members": frozenset({_GROUPS, _MEMBERS}),
}
"""Which scope, of several, allows what."""
_USUAL = {"users": (100, 500), "groups": (200, 200), "members": (200, 200)}
"""How many rows a page holds if nothing is said, and at most."""
_ROWS = {"deleted": "users", "groups_of": "groups"}
"""Listings whose rows are called otherwise than they are."""
_CLAUSE = re.compile(r"(\w+)([=:])('[^']*'|\S+)")
_PARTS = re.compile(r"(\w+)(?:\(([^()]*)\))?")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page token leads: on after this key, in the listing of this question, until then (seconds)."""

    question: str
    after: tuple[str, str]
    until: float


class DirectoryApi:
    """Answers requests whose token has been checked. clock: seconds since 1970."""

    def __init__(self, directory: Directory, clock: Callable[[], float], knobs: GoogleKnobs) -> None:
        self.knobs = knobs
        self._directory, self._clock = directory, clock
        self._places: dict[str, _Place] = {}
        self._in_order: dict[str, tuple[str, int, list[tuple[str, str]]]] = {}

    def answer(self, path: str, query: str, scopes: frozenset[str]) -> dict[str, Any]:
        """The body of a success. Raises GoogleRefusal."""
        given = dict(parse_qsl(query, keep_blank_values=True))
        match path.split("/"):
            case ["users"]:
                self._require("users", scopes)
                return self._users(given)
            case ["users", key]:
                self._require("users", scopes)
                return self._user(key, given)
            case ["groups"]:
                self._require("groups", scopes)
                return self._groups(given)
            case ["groups", key]:
                self._require("groups", scopes)
                return _partial(self._directory.shown_group(self._group_id(key)), given.get("fields", ""))
            case ["groups", key, "members"]:
                self._require("members", scopes)
                return self._members(key, given)
            case ["groups", key, "members", member]:
                self._require("members", scopes)
                return self._member(key, member, given)
        raise bad_request(f"The sandbox does not serve {path}.", "badRequest")

    def _require(self, what: str, scopes: frozenset[str]) -> None:
        if scopes.isdisjoint(_ALLOWED[what]):
            raise insufficient()
        if ("users" if what == "users" else "groups") not in self.knobs.may_read:
            raise forbidden()

    def _users(self, given: Mapping[str, str]) -> dict[str, Any]:
        there = self._directory
        if given.get("showDeleted") == "true":
            deleted = {row["id"]: row for row in there.deleted}
            return self._page("deleted", given, lambda: deleted, deleted.__getitem__)
        fits = _query(given["query"]) if "query" in given else _everyone

        def find() -> dict[str, Row]:
            is_within = self._within(given)
            return {key: row for key, row in there.users.items() if is_within(row["primaryEmail"]) and fits(row)}

        return self._page("users", given, find, lambda user_id: _projected(there.shown_user(user_id), given))

    def _user(self, key: str, given: Mapping[str, str]) -> dict[str, Any]:
        user_id = self._directory.user_id(key)
        if user_id is None:
            raise not_found("userKey")
        return _partial(_projected(self._directory.shown_user(user_id), given), given.get("fields", ""))

    def _groups(self, given: Mapping[str, str]) -> dict[str, Any]:
        there = self._directory
        if "query" in given:
            raise bad_request("The sandbox does not search groups.")
        if "userKey" in given:
            one = self._member_id(given["userKey"])
            inside = {key: there.groups[key] for key, members in there.members.items() if one in members}
            return self._page("groups_of", given, lambda: inside, there.shown_group)

        def find() -> dict[str, Row]:
            is_within = self._within(given)
            return {key: row for key, row in there.groups.items() if is_within(row["email"])}

        return self._page("groups", given, find, there.shown_group)

    def _members(self, key: str, given: Mapping[str, str]) -> dict[str, Any]:
        if "includeDerivedMembership" in given:
            raise bad_request("The sandbox does not expand memberships.")
        group_id, roles = self._group_id(key), set(filter(None, given.get("roles", "").upper().split(",")))
        members = self._directory.members[group_id]
        found = {one: row for one, row in members.items() if not roles or row["role"] in roles}
        question = {**given, "of": group_id}
        return self._page("members", question, lambda: found, lambda one: self._directory.shown_member(group_id, one))

    def _member(self, key: str, member: str, given: Mapping[str, str]) -> dict[str, Any]:
        group_id = self._group_id(key)
        member_id = self._directory.user_id(member) or self._directory.group_id(member) or member
        if member_id not in self._directory.members[group_id]:
            raise not_found("memberKey")
        return _partial(self._directory.shown_member(group_id, member_id), given.get("fields", ""))

    def _member_id(self, key: str) -> str:
        found = self._directory.user_id(key) or self._directory.group_id(key)
        if found is None:
            raise not_found("userKey")
        return found

    def _group_id(self, key: str) -> str:
        found = self._directory.group_id(key)
        if found is not None:
            return found
        # A group of another account may be a member; what is in it is not for us to see.
        if any(key in members for members in self._directory.members.values()):
            raise forbidden()
        raise not_found("groupKey")

    def _within(self, given: Mapping[str, str]) -> Callable[[str], bool]:
        """Whether an address is in the customer, or the domain, that is asked for. Raises GoogleRefusal."""
        customer, domain = given.get("customer"), given.get("domain")
        if (customer is None) == (domain is None):
            raise bad_request("Bad Request", "badRequest")
        if customer is not None:
            if customer not in ("my_customer", self._directory.customer):
                raise forbidden()
            return lambda _: True
        return lambda address: address.rpartition("@")[2] == domain

    def _page(
        self, what: str, given: Mapping[str, str], find: Callable[[], Mapping[str, Row]], show: Callable[[str], Row]
    ) -> dict[str, Any]:
        """Rows from where the page token says on. An empty page has no key for rows, as Google's has none.

        find: gives key → row, of all pages; show: what a page shows of one.
        """
        rows = _ROWS.get(what, what)
        usual, most = _USUAL[rows]
        size = min(self._size(given, usual, most), self.knobs.page_cap)
        question = f"{what} {sorted((name, value) for name, value in given.items() if name != 'pageToken')!r}"
        after = self._after(given.get("pageToken", ""), question)
        order = self._order(what, question, given.get("orderBy", ""), find)
        start = bisect_right(order, after)
        left = order[start : start + size]
        page: dict[str, Any] = {"kind": f"admin#directory#{rows}", "etag": '"sandbox/list"'}
        if left:
            page[rows] = [show(key) for _, key in left]
        if len(order) > start + size:
            token = f"page-{len(self._places) + 1}"
            self._places[token] = _Place(question, left[-1], self._clock() + self.knobs.page_lifetime)
            page["nextPageToken"] = token
        return _partial(page, given.get("fields", ""))

    def _order(
        self, what: str, question: str, order_by: str, find: Callable[[], Mapping[str, Row]]
    ) -> list[tuple[str, str]]:
        """The places of all rows of a listing. Of users and groups they are kept as long as nothing changes."""
        kept = self._in_order.get(what)
        if kept is not None and kept[:2] == (question, self._directory.version):
            return kept[2]
        found = sorted((_sorted_by(order_by, row), key) for key, row in find().items())
        if what in ("users", "groups"):
            self._in_order[what] = (question, self._directory.version, found)
        return found

    def _size(self, given: Mapping[str, str], usual: int, most: int) -> int:
        written = given.get("maxResults", str(usual))
        if not written.isdigit() or not int(written):
            raise bad_request("Invalid Input: maxResults")
        return min(int(written), most)

    def _after(self, token: str, question: str) -> tuple[str, str]:
        if not token:
            return ("", "")
        place = self._places.get(token)
        if place is None or place.question != question or place.until <= self._clock():
            raise bad_request("Invalid Input: pageToken")
        return place.after


def _everyone(row: Row) -> bool:  # noqa: ARG001 - as a query has it
    return True


def _sorted_by(order: str, row: Row) -> str:
    if order == "email":
        return str(row.get("primaryEmail", row.get("email", ""))).casefold()
    return ""


def _projected(row: Row, given: Mapping[str, str]) -> Row:
    """A user without custom fields, with some, or with all."""
    projection, custom = given.get("projection", "basic"), row.get("customSchemas", {})
    rest = {name: value for name, value in row.items() if name != "customSchemas"}
    if projection == "custom":
        if not given.get("customFieldMask"):
            raise bad_request("Invalid Input: customFieldMask")
        custom = {name: custom[name] for name in given["customFieldMask"].split(",") if name in custom}
    elif projection == "basic":
        custom = {}
    elif projection != "full":
        raise bad_request("Invalid Input: projection")
    return {**rest, "customSchemas": custom} if custom else rest


def _partial(body: dict[str, Any], fields: str) -> dict[str, Any]:
    """What `fields` leaves of an answer: names, and names within a list in brackets."""
    if not fields:
        return body
    shown: dict[str, Any] = {}
    for name, inner in _PARTS.findall(fields):
        if name in body:
            names = {part.strip() for part in inner.split(",")} if inner else None
            shown[name] = _named(body[name], names)
    return shown


def _named(value: Any, names: set[str] | None) -> Any:
    if names is None or not isinstance(value, list):
        return value
    return [{name: part for name, part in row.items() if name in names} for row in value]


def _query(text: str) -> Callable[[Row], bool]:
    """The search of users (developers.google.com/workspace/admin/directory/v1/guides/search-users), the usual part."""
    clauses: Sequence[tuple[str, str, str]] = _CLAUSE.findall(text)
    if _CLAUSE.sub("", text).strip() or not clauses:
        raise bad_request("Invalid Input: query")

    def fits(row: Row) -> bool:
        return all(_fits(row, *clause) for clause in clauses)

    return fits


def _fits(row: Row, name: str, sign: str, written: str) -> bool:
    value = written.strip("'").casefold()
    organization: Row = next(iter(row.get("organizations", ())), {})
    texts = {
        "email": [row["primaryEmail"], *row.get("aliases", ())],
        "givenName": [row["name"].get("givenName", "")],
        "familyName": [row["name"].get("familyName", "")],
        "orgDepartment": [organization.get("department", "")],
        "orgCostCenter": [organization.get("costCenter", "")],
        "isSuspended": [str(row.get("suspended", False))],
        "orgUnitPath": [row.get("orgUnitPath", "")],
    }
    if name not in texts:
        raise bad_request("Invalid Input: query")
    found = [str(each).casefold() for each in texts[name]]
    if name == "orgUnitPath":
        return found[0] == value or found[0].startswith(value.rstrip("/") + "/")
    if value.endswith("*"):
        return any(each.startswith(value[:-1]) for each in found)
    return any(value == each if sign == "=" else value in each for each in found)
