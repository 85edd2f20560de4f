"""Reading who is in which group: by filter (MemberReader), or as groups are shown with their members (ShownMembers).

Identity Center never shows members on a group, so they are asked for by filter. There are three ways
(docs/identity-center.md §3), the cheapest first; which ones the endpoint refuses is found out once a run. Where groups
are shown with their members, no request beyond the listing of the groups is needed.

A membership that is read wrongly is lost or stays forever. So every way is confirmed against another one (`confirms`)
before its answer is acted on, and an answer that may have been cut off counts as refused.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product
from operator import itemgetter
from sys import intern
from typing import Any, TypeVar

from scim_bridge.errors import NotThere, Refused
from scim_bridge.model.identity import Members
from scim_bridge.model.protocol import Progress
from scim_bridge.target.client import ScimClient
from scim_bridge.target.read import Pages, Resource, filter_of, one_page

_Asked = TypeVar("_Asked")
_Told = TypeVar("_Told")
_Way = Callable[[Sequence[str], Progress], Mapping[str, AbstractSet[str]]]
_CUT_OFF_AT = 100
"""An answer without a cursor that is as long as this may be the first page of more."""
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
        self._ways: list[_Way] = [self._by_group, self._by_user, self._by_pair]
        self._without_cursor: set[str] = set()

    def read(self, group_ids: Sequence[str], progress: Progress) -> Members:
        """Group id → ids of its users: one entry for each group. A group that is gone has no members.

        progress: told "read members", and how many groups, users or pairs of how many. Raises Refused if no way is
        accepted, Stop.
        """
        while True:
            way = self._ways[0]
            try:
                found = way(group_ids, progress) if group_ids else {}
                break
            except Refused:
                # A way is given up for the rest of the run: asking again would cost a request each time. Several
                # threads may find this out at once, so the way is taken out by name.
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
        if not is_in and self._still_says(group_id, user_id):
            self._ways = self._ways[1:]
        return is_in

    def _still_says(self, group_id: str, user_id: str) -> bool:
        if self._ways[0] == self._by_group:
            # Asked again in the way of the reading: if the membership has changed since, this way shows it too.
            return user_id in self._ids("Users", filter_of(("groups.value", group_id)))
        return group_id in self._ids("Groups", filter_of(("members.value", user_id)))

    def _by_group(self, group_ids: Sequence[str], progress: Progress) -> dict[str, frozenset[str]]:
        def users_of(group_id: str) -> frozenset[str]:
            return frozenset(self._ids("Users", filter_of(("groups.value", group_id))))

        return dict(self._spread(users_of, group_ids, len(group_ids), progress))

    # Groups that are not asked for are passed over: a user's groups come all together, those of other tools among them.
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
        and so as refused (docs/identity-center.md §2.11): without a cursor the rest is left out silently.
        """
        try:
            if collection not in self._without_cursor and not one:
                found = self._paged(collection, condition)
                if found is not None:
                    return found
            ids = {resource["id"] for resource in one_page(self._client, collection, condition)}
        except NotThere:
            # ListGroups answers 404 if the member that the filter names does not exist (docs/identity-center.md
            # §2.11).
            return set()
        if not one:
            self._without_cursor.add(collection)
        if len(ids) >= _CUT_OFF_AT or len(ids) == _OLD_PAGE:
            raise Refused(f"the target shows {len(ids)} {collection.lower()} and perhaps not all of them")
        return ids

    def _paged(self, collection: str, condition: str) -> set[str] | None:
        """Ids by cursor pages, None if the very first page is refused. A later refusal goes to the caller."""
        found: set[str] = set()
        begun = False
        try:
            for resources in self._pages(collection, condition):
                # A user is in ten groups and more, and each answer makes a text of its own of the same id.
                found.update(map(intern, map(itemgetter("id"), resources)))
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


class ShownMembers:
    """Members as groups show them. May be used by several threads.

    What a listing showed counts for one reading, and not beyond a change of ours: later the group itself is asked. Some
    servers leave members out of listings, so one in which no group has any proves nothing.
    """

    def __init__(self, client: ScimClient, pages: Pages, threads: int) -> None:
        self._client = client
        self._pages = pages
        self._threads = threads
        self._listed: dict[str, frozenset[str]] = {}
        self._trusts_listings = True
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Nothing listed so far counts any more: a new listing begins, or someone is deleted."""
        with self._lock:
            self._listed = {}

    def see(self, group: Resource) -> None:
        """A group as the listing shows it."""
        with self._lock:
            self._listed[group["id"]] = members_of(group)

    def forget(self, group_id: str) -> None:
        """Its members change now."""
        with self._lock:
            self._listed.pop(group_id, None)

    def read(self, group_ids: Sequence[str], progress: Progress) -> Members:
        """One entry for each group; one that is gone has no members."""
        with self._lock:
            # Taken out as they are used: what a listing showed counts for one reading.
            known = self._listed if self._trusts_listings and any(self._listed.values()) else {}
            found = {group_id: known.pop(group_id) for group_id in group_ids if group_id in known}
        missing = [group_id for group_id in group_ids if group_id not in found]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="read") as pool:
            for group_id, members in zip(missing, pool.map(self._ask, missing), strict=True):
                found[group_id] = members
                progress("read members", len(found), len(group_ids))
        return found

    def groups_of(self, user_id: str) -> frozenset[str]:
        """The groups of one user, by a listing of all groups."""
        groups = (group for page in self._pages("Groups") for group in page)
        if self._trusts_listings:
            return frozenset(group["id"] for group in groups if user_id in members_of(group))
        return frozenset(group["id"] for group in groups if user_id in self._ask(group["id"]))

    def confirms(self, group_id: str, user_id: str) -> bool:
        """Whether the group itself says so too; if not, listings are not believed any more."""
        is_in = user_id in self._ask(group_id)
        with self._lock:
            self._trusts_listings = self._trusts_listings and is_in
        return is_in

    def _ask(self, group_id: str) -> frozenset[str]:
        """The members that the group itself shows; none if it is gone."""
        try:
            return members_of(self._client.get(f"Groups/{group_id}", needs="id").body)
        except NotThere:
            return frozenset()


def members_of(group: Resource) -> frozenset[str]:
    """Ids of the users in a group as it is shown; groups in it are none of ours."""
    shown = group.get("members")
    return frozenset(intern(m["value"]) for m in shown if _is_user(m)) if isinstance(shown, list) else frozenset()


def _is_user(member: Any) -> bool:
    if not isinstance(member, dict) or not isinstance(member.get("value"), str):
        return False
    return str(member.get("type", "")).lower() != "group" and "/Groups/" not in str(member.get("$ref", ""))
