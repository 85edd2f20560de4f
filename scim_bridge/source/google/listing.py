"""All users, groups and members, page by page, and whether they have the form that Google documents.

The form is checked once, where an answer comes in. All pages of a listing count, or none. An absent list is an empty
page (Google leaves the key out), and the end is where no page token comes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress
from scim_bridge.source.google.api import Api
from scim_bridge.source.google.refusal import Absent, PageLost

Row = dict[str, Any]
_NEXT_RUN = "Nothing was changed; the next run reads from the beginning."
_MOST_PAGES = 20_000
_AT_ONCE = 4
"""Groups whose members are asked for at the same time."""
_USERS, _OTHERS = 500, 200
"""Rows in a page at most, as documented."""
_GROUP = "id,email,name,description,aliases,nonEditableAliases,adminCreated"
_MEMBER = "id,email,type"


def users(api: Api, fields: str, projection: Mapping[str, str], progress: Progress) -> list[Row]:
    """All users, each once. fields: of a user; projection: which custom fields come with it."""
    given = {**account(api), **projection, "orderBy": "email", "maxResults": _USERS}
    return _once_each(
        _listed(api, ("users",), "users", {**given, "fields": f"nextPageToken,users({fields})"}, progress)
    )


def found_users(api: Api, query: str, progress: Progress) -> frozenset[str]:
    """The ids of the users that Google's search finds."""
    given = {**account(api), "query": query, "maxResults": _USERS, "fields": "nextPageToken,users(id)"}
    return frozenset(row["id"] for row in _listed(api, ("users",), "users", given, progress))


def deleted_users(api: Api, progress: Progress) -> frozenset[str]:
    """The ids of the users deleted in the last twenty days."""
    given = {**account(api), "showDeleted": "true", "maxResults": _USERS, "fields": "nextPageToken,users(id)"}
    return frozenset(row["id"] for row in _listed(api, ("users",), "users", given, progress))


def groups(api: Api, progress: Progress) -> list[Row]:
    """All groups, each once."""
    given = {**account(api), "orderBy": "email", "maxResults": _OTHERS, "fields": f"nextPageToken,groups({_GROUP})"}
    return _once_each(_listed(api, ("groups",), "groups", given, progress))


def members(api: Api, roots: Iterable[str], listed: Collection[str], progress: Progress) -> dict[str, list[Row]]:
    """Direct members of these groups and of the groups in them, however deep. listed: ids of all groups that are read.

    A group that was deleted meanwhile, by Google's own word, is left out. All roles count: owners and managers are
    members. No derived list: it lags and loses people.
    """
    found: dict[str, list[Row]] = {}
    asked, waiting = set[str](), sorted(roots)
    while waiting:
        asked.update(waiting)
        read = _members_of(api, waiting, len(asked), progress)
        found |= read
        inside = {str(row.get("id", "")) for rows in read.values() for row in rows}
        waiting = sorted(inside.intersection(listed) - asked)
    return found


def _members_of(api: Api, group_ids: list[str], total: int, progress: Progress) -> dict[str, list[Row]]:
    """The members of each, several asked at once. total: groups of this reading so far, these included."""
    found: dict[str, list[Row]] = {}
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for group_id, rows in zip(group_ids, pool.map(lambda one: _members(api, one), group_ids), strict=True):
            if rows is not None:
                found[group_id] = rows
            progress("members", total - len(group_ids) + len(found), total)
    finally:
        # After a refusal the groups that wait are not asked for any more.
        pool.shutdown(cancel_futures=True)
    return found


def first_page(api: Api, what: str, given: Mapping[str, str]) -> list[Row]:
    """A page of users or groups."""
    return _rows(api.send(what, **account(api), **given), what)


def account(api: Api) -> dict[str, str | int]:
    """Which account, or which domain of it."""
    settings = api.settings
    return {"domain": settings.domain} if settings.domain else {"customer": settings.customer}


def _members(api: Api, group_id: str) -> list[Row] | None:
    given: dict[str, str | int] = {"maxResults": _OTHERS, "fields": f"nextPageToken,members({_MEMBER})"}
    try:
        return list(_listed(api, ("groups", group_id, "members"), "members", given, _quiet))
    except Absent:
        if api.find("groups", group_id, fields="id") is None:
            return None
        raise SourceUnreadable(f"Google knows group {group_id} and does not find its members", _NEXT_RUN) from None


def _quiet(step: str, done: int, total: int | None) -> None:
    """Say nothing: groups are counted, not their pages."""


def _listed(
    api: Api, path: tuple[str, ...], what: str, given: Mapping[str, str | int], progress: Progress
) -> list[Row]:
    """Every row of a listing, which is begun once more if its place was lost."""
    try:
        return list(_pages(api, path, what, given, progress))
    except PageLost:
        pass
    try:
        return list(_pages(api, path, what, given, progress))
    except PageLost as lost:
        raise SourceUnreadable(f"Google lost the place in a listing twice ({lost})", _NEXT_RUN) from None


def _pages(
    api: Api, path: tuple[str, ...], what: str, given: Mapping[str, str | int], progress: Progress
) -> Iterator[Row]:
    token, seen, done = "", set[str](), 0
    while len(seen) <= _MOST_PAGES:
        page = api.send(*path, **given, **({"pageToken": token} if token else {}))
        rows = _rows(page, what)
        done += len(rows)
        progress(what, done, None)
        yield from rows
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
