"""Reading who is in which group. The endpoint never shows members on a group, so they are asked for by filter.

Three ways (docs/identity-center.md §3), the cheapest first; which ones the endpoint refuses is found out once a run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product
from typing import TypeVar

from scim_bridge.errors import NotThere, Refused
from scim_bridge.model.identity import Members
from scim_bridge.model.protocol import Progress
from scim_bridge.target.client import ScimClient
from scim_bridge.target.read import PAGE, Pages, filter_of, one_page

_Asked = TypeVar("_Asked")
_Told = TypeVar("_Told")
_OLD_PAGE = 50
"""What older instances give at most when there is no cursor."""
_IN_FLIGHT = 1_000


class MemberReader:
    """Members of groups: by group over users (one request a hundred members, one at least), else by user over groups
    (one a user and a hundred of their groups), else by pair (one for each group and user).

    pages: how the target is listed. user_ids: gives the ids of all users, which the last two ways go through. May be
    used by several threads.
    """

    def __init__(self, client: ScimClient, pages: Pages, user_ids: Callable[[], Sequence[str]], threads: int) -> None:
        self._client = client
        self._pages = pages
        self._user_ids = user_ids
        self._threads = threads
        self._ways = [self._by_group, self._by_user, self._by_pair]
        self._without_cursor: set[str] = set()

    def read(self, group_ids: Sequence[str], progress: Progress) -> Members:
        """One entry for each group; a group that is gone has no members. Raises Refused if no way is accepted."""
        while True:
            way = self._ways[0]
            try:
                found = way(group_ids, progress) if group_ids else {}
                break
            except Refused:
                # The last way. Members that cannot be read are not "no members": everyone would be added again, and
                # no one removed.
                if way == self._by_pair:
                    raise
                self._ways = [other for other in self._ways if other != way]
        return {group_id: frozenset(found.get(group_id, ())) for group_id in group_ids}

    def groups_of(self, user_id: str) -> frozenset[str] | None:
        """The groups of one user: one request a hundred of them. None if the endpoint refuses the filter."""
        try:
            return frozenset(self._ids("Groups", filter_of(("members.value", user_id))))
        except Refused:
            return None

    def confirms(self, group_id: str, user_id: str) -> bool:
        """Whether a pair query says the same as the last reading. Where pairs cannot be asked for, or are what was
        asked, there is nothing to compare with.

        If not, and asked again in the way of the reading that says what it said, this way is given up. Else someone
        has changed the membership in between.
        """
        if self._ways[0] == self._by_pair:
            return True
        try:
            is_in = bool(self._ids("Groups", filter_of(("id", group_id), ("members", user_id)), one=True))
        except Refused:
            return True
        # Asked twice, since someone may have removed the member between the two questions; that is not a fault of the
        # filter.
        if not is_in and self._still_says(group_id, user_id):
            self._ways = self._ways[1:]
        return is_in

    def _still_says(self, group_id: str, user_id: str) -> bool:
        if self._ways[0] == self._by_group:
            return user_id in self._ids("Users", filter_of(("groups.value", group_id)))
        return group_id in self._ids("Groups", filter_of(("members.value", user_id)))

    def _by_group(self, group_ids: Sequence[str], progress: Progress) -> dict[str, set[str]]:
        def users_of(group_id: str) -> set[str]:
            return self._ids("Users", filter_of(("groups.value", group_id)))

        return dict(self._spread(users_of, group_ids, len(group_ids), progress))

    def _by_user(self, group_ids: Sequence[str], progress: Progress) -> dict[str, set[str]]:
        def groups_of(user_id: str) -> set[str]:
            return self._ids("Groups", filter_of(("members.value", user_id)))

        user_ids = self._user_ids()
        members: dict[str, set[str]] = {group_id: set() for group_id in group_ids}
        for user_id, groups in self._spread(groups_of, user_ids, len(user_ids), progress):
            for group_id in groups & members.keys():
                members[group_id].add(user_id)
        return members

    def _by_pair(self, group_ids: Sequence[str], progress: Progress) -> dict[str, set[str]]:
        def is_member(pair: tuple[str, str]) -> bool:
            return bool(self._ids("Groups", filter_of(("id", pair[0]), ("members", pair[1])), one=True))

        user_ids = self._user_ids()
        members: dict[str, set[str]] = {group_id: set() for group_id in group_ids}
        pairs, total = product(group_ids, user_ids), len(group_ids) * len(user_ids)
        for (group_id, user_id), is_in in self._spread(is_member, pairs, total, progress):
            if is_in:
                members[group_id].add(user_id)
        return members

    def _ids(self, collection: str, condition: str, *, one: bool = False) -> set[str]:
        """Ids of all resources under a filter; none if what the filter names is gone. one: there can't be several.

        A server that takes no cursor beside a filter is asked without; an answer that fills a page counts as cut off,
        and so as refused (docs/identity-center.md §2.11).
        """
        try:
            if collection not in self._without_cursor and not one:
                found = self._paged(collection, condition)
                if found is not None:
                    return found
            ids = {resource["id"] for resource in one_page(self._client, collection, condition)}
        except NotThere:
            return set()
        if not one:
            self._without_cursor.add(collection)
        # A full page without a cursor: there may be more users, and nothing says so (docs/identity-center.md §2.4).
        if len(ids) >= PAGE or len(ids) == _OLD_PAGE:
            raise Refused(f"the target shows {len(ids)} {collection.lower()} and perhaps not all of them")
        return ids

    def _paged(self, collection: str, condition: str) -> set[str] | None:
        """Ids by cursor pages, None if the very first page is refused. A later refusal goes to the caller."""
        found: set[str] = set()
        begun = False
        try:
            for resources in self._pages(collection, condition):
                found.update(resource["id"] for resource in resources)
                begun = True
        except Refused:
            if begun:
                raise
            return None
        return found

    def _spread(
        self, ask: Callable[[_Asked], _Told], things: Iterable[_Asked], total: int, progress: Progress
    ) -> Iterator[tuple[_Asked, _Told]]:
        """(thing, its answer), in order, several asked at once.

        The first is asked alone: if this way of asking is refused, that costs one request and not one a thread.
        """
        rest = iter(things)
        done = 0
        with ThreadPoolExecutor(self._threads, thread_name_prefix="read") as pool:
            size = 1
            while batch := list(islice(rest, size)):
                for thing, answer in zip(batch, pool.map(ask, batch), strict=True):
                    done += 1
                    progress("read members", done, total)
                    yield thing, answer
                size = _IN_FLIGHT
