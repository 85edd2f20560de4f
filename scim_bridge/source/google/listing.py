"""All users, groups and members, page by page, and whether they have the form that Google documents.

The form is checked once, where an answer comes in. All pages of a listing count, or none. An absent list is an empty
page (Google leaves the key out), and the end is where no page token comes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress
from scim_bridge.source.google.api import Api
from scim_bridge.source.google.refusal import Absent, PageLost
from scim_bridge.source.google.user import Selection

Row = dict[str, Any]
_NEXT_RUN = "Nothing was changed; the next run reads from the beginning."
_MOST_PAGES = 20_000
_AT_ONCE = 4
"""Groups whose members are asked for at the same time."""
_USERS, _OTHERS = 500, 200
"""Rows in a page at most, as documented."""
_GROUP = "id,email,name,description,aliases,nonEditableAliases,adminCreated"
_MEMBER = "id,email,type"


class Taking(Protocol):
    """Takes the pages of a listing, one after the other."""

    def put(self, rows: list[Row]) -> None:
        """The rows of a page."""
        ...

    def end(self) -> None:
        """There is no other page."""
        ...


class TakingMembers(Taking, Protocol):
    """Takes the members of a group."""

    @property
    def groups(self) -> tuple[str, ...]:
        """In the end: the ids of the groups among them that are to be read too."""
        ...


T = TypeVar("T", bound=Taking)
G = TypeVar("G", bound=TakingMembers)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is listed. path: where; rows: the name under which pages have them; given: what is asked for."""

    path: tuple[str, ...]
    rows: str
    given: Mapping[str, str | int]


class Rows(list[Row]):
    """Takes all rows of a listing."""

    def put(self, rows: list[Row]) -> None:
        """The rows of a page."""
        self.extend(rows)

    def end(self) -> None:
        """Nothing is left to do."""


def users(api: Api, chosen: Selection, progress: Progress, begin: Callable[[], T]) -> T:
    """All users. chosen: what is read of each; begin: what takes their pages, empty for each try."""
    fields = f"nextPageToken,users({chosen.fields})"
    given: dict[str, str | int] = {**account(api), **chosen.projection, "fields": fields}
    given |= {"orderBy": "email", "maxResults": _USERS}
    return _listed(api, _Question(("users",), "users", given), progress, begin)


def user(api: Api, key: str, chosen: Selection) -> Row | None:
    """One user by id, as in the listing of all; None if Google knows no such one."""
    return api.find("users", key, fields=chosen.fields, **chosen.projection)


def group(api: Api, key: str) -> Row | None:
    """One group by id, as in the listing of all; None if Google knows no such one."""
    return api.find("groups", key, fields=_GROUP)


def groups_of(api: Api, user_id: str) -> list[Row]:
    """The groups that a user is a direct member of."""
    given: dict[str, str | int] = {
        "userKey": user_id,
        "maxResults": _OTHERS,
        "fields": f"nextPageToken,groups({_GROUP})",
    }
    return _once_each(_listed(api, _Question(("groups",), "groups", given), _quiet, Rows))


def found_users(api: Api, query: str, progress: Progress) -> frozenset[str]:
    """The ids of the users that Google's search finds."""
    given = {**account(api), "query": query, "maxResults": _USERS, "fields": "nextPageToken,users(id)"}
    return frozenset(row["id"] for row in _listed(api, _Question(("users",), "users", given), progress, Rows))


def deleted_users(api: Api, progress: Progress) -> frozenset[str]:
    """The ids of the users deleted in the last twenty days."""
    given = {**account(api), "showDeleted": "true", "maxResults": _USERS, "fields": "nextPageToken,users(id)"}
    return frozenset(row["id"] for row in _listed(api, _Question(("users",), "users", given), progress, Rows))


def groups(api: Api, progress: Progress) -> list[Row]:
    """All groups, each once."""
    given = {**account(api), "orderBy": "email", "maxResults": _OTHERS, "fields": f"nextPageToken,groups({_GROUP})"}
    return _once_each(_listed(api, _Question(("groups",), "groups", given), progress, Rows))


def members(api: Api, roots: Iterable[str], begin: Callable[[str], G], progress: Progress) -> Iterator[tuple[str, G]]:
    """Direct members of these groups and of the groups in them, however deep, group by group as they come.

    begin: gives what takes the members of a group, empty for each try. A group that was deleted meanwhile, by Google's
    own word, is left out. All roles count: owners and managers are members. No derived list: it lags and loses people.
    """
    asked, waiting = set[str](), sorted(roots)
    while waiting:
        asked.update(waiting)
        inside: set[str] = set()
        for group_id, found in _members_of(api, waiting, begin, len(asked), progress):
            inside.update(found.groups)
            yield group_id, found
        waiting = sorted(inside - asked)


def _members_of(
    api: Api, group_ids: list[str], begin: Callable[[str], G], total: int, progress: Progress
) -> Iterator[tuple[str, G]]:
    """The members of each, several asked at once. total: groups of this reading so far, these included."""

    def ask(group_id: str) -> G | None:
        return members_of(api, group_id, partial(begin, group_id))

    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for number, (group_id, found) in enumerate(zip(group_ids, pool.map(ask, group_ids), strict=True), 1):
            if found is not None:
                yield group_id, found
            progress("members", total - len(group_ids) + number, total)
    finally:
        # After a refusal the groups that wait are not asked for any more.
        pool.shutdown(cancel_futures=True)


def first_page(api: Api, what: str, given: Mapping[str, str]) -> list[Row]:
    """A page of users or groups."""
    return _rows(api.send(what, **account(api), **given), what)


def account(api: Api) -> dict[str, str | int]:
    """Which account, or which domain of it."""
    settings = api.settings
    return {"domain": settings.domain} if settings.domain else {"customer": settings.customer}


def members_of(api: Api, group_id: str, begin: Callable[[], T]) -> T | None:
    """The direct members of a group; None if Google knows no such one. begin: what takes their pages."""
    given: dict[str, str | int] = {"maxResults": _OTHERS, "fields": f"nextPageToken,members({_MEMBER})"}
    try:
        return _listed(api, _Question(("groups", group_id, "members"), "members", given), _quiet, begin)
    except Absent:
        if api.find("groups", group_id, fields="id") is None:
            return None
        raise SourceUnreadable(f"Google knows group {group_id} and does not find its members", _NEXT_RUN) from None


def _quiet(step: str, done: int, total: int | None) -> None:
    """Say nothing: groups are counted, not their pages."""


def _listed(api: Api, question: _Question, progress: Progress, begin: Callable[[], T]) -> T:
    """Every row of a listing, which is begun once more if its place was lost."""
    try:
        return _taken(begin(), _pages(api, question, progress))
    except PageLost:
        pass
    try:
        return _taken(begin(), _pages(api, question, progress))
    except PageLost as lost:
        raise SourceUnreadable(f"Google lost the place in a listing twice ({lost})", _NEXT_RUN) from None


def _taken(taking: T, pages: Iterable[list[Row]]) -> T:
    for rows in pages:
        taking.put(rows)
    taking.end()
    return taking


def _pages(api: Api, question: _Question, progress: Progress) -> Iterator[list[Row]]:
    token, seen, done, what = "", set[str](), 0, question.rows
    while len(seen) <= _MOST_PAGES:
        page = api.send(*question.path, **question.given, **({"pageToken": token} if token else {}))
        rows = _rows(page, what)
        done += len(rows)
        progress(what, done, None)
        yield rows
        token = page.get("nextPageToken", "")
        if not isinstance(token, str):
            raise SourceUnreadable("a page token of Google is not text", _NEXT_RUN)
        if not token:
            return
        if token in seen:
            raise SourceUnreadable(f"a listing of {what} leads in a circle: a page token came twice", _NEXT_RUN)
        seen.add(token)
    raise SourceUnreadable(f"a listing of {what} does not end: {len(seen):,} pages were read", _NEXT_RUN)


def _rows(page: Mapping[str, Any], what: str) -> list[Row]:
    rows = page.get(what, [])
    # Members from outside may come without an id; users and groups never do.
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceUnreadable(f"a page of Google has no list of {what}, so it cannot be trusted", _NEXT_RUN)
    if what != "members" and not all(isinstance(row.get("id"), str) and row["id"] for row in rows):
        raise SourceUnreadable(f"a page of Google has {what} without ids, so it cannot be trusted", _NEXT_RUN)
    return rows


def _once_each(rows: Iterable[Row]) -> list[Row]:
    """The last row of each: a rename during the listing may show a user twice."""
    return list({row["id"]: row for row in rows}.values())
