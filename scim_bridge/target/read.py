"""Reading what the target holds: cursor pages of users and groups, and members by the cheapest way it allows."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from scim_bridge.errors import EndpointDown, NotThere, Refused
from scim_bridge.model.identity import Existing, Inventory, Kind, Members
from scim_bridge.model.protocol import Progress
from scim_bridge.target.client import ScimClient
from scim_bridge.target.wire import from_resource

_PAGE = 100
_COLLECTION: dict[Kind, str] = {"user": "Users", "group": "Groups"}


def filter_of(*terms: tuple[str, str]) -> str:
    """A `filter` parameter: attribute eq "value" and …, encoded; a literal plus sign must not become a space."""
    text = " and ".join(f'{name} eq "{_escaped(value)}"' for name, value in terms)
    return f"filter={quote(text, safe='')}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def read_inventory(client: ScimClient, progress: Progress) -> Inventory:
    """All users and groups."""
    return Inventory(_all(client, "user", progress), _all(client, "group", progress))


def _all(client: ScimClient, kind: Kind, progress: Progress) -> dict[str, Existing]:
    found: dict[str, Existing] = {}
    for body in pages(client, _COLLECTION[kind]):
        for resource in body.get("Resources") or ():
            existing = from_resource(kind, resource)
            found[existing.target_id] = existing
        progress(f"read {kind}s", len(found), None)
    return found


def pages(client: ScimClient, collection: str, condition: str = "") -> Iterator[dict[str, Any]]:
    """Pages until there is no next cursor, never judged by their length (reference, ListUsers).

    The first page asks with the bare word `cursor`: HTTP libraries drop or rewrite an empty parameter.
    """
    tail = f"&{condition}" if condition else ""
    query = f"cursor&count={_PAGE}{tail}"
    seen: set[str] = set()
    while True:
        body = client.get(f"{collection}?{query}").body
        yield body
        cursor = body.get("nextCursor") or body.get("nextcursor")
        if not cursor:
            return
        if cursor in seen:
            raise EndpointDown(
                "the endpoint gave the same page cursor twice, so a listing would never end", "Try again."
            )
        seen.add(cursor)
        query = f"cursor={quote(cursor, safe='')}&count={_PAGE}{tail}"


class MemberReader:
    """Members of groups, by the first of three ways that the server accepts; which one is found out once a run.

    By group over users (1 request a 100 members), by user over groups (1 a user and 100 groups), by pair (1 a pair).
    user_ids: all users of the target, which the last two ways go through.
    """

    def __init__(self, client: ScimClient, user_ids: Sequence[str], threads: int, progress: Progress) -> None:
        self._client = client
        self._user_ids = user_ids
        self._threads = threads
        self._progress = progress

    def read(self, group_ids: Sequence[str]) -> Members:
        """One entry for each group; a group that is gone has no members."""
        if not group_ids:
            return {}
        ways: tuple[Callable[[Sequence[str]], dict[str, frozenset[str]]], ...] = (
            self._by_group,
            self._by_user,
            self._by_pair,
        )
        for way in ways[:-1]:
            try:
                return way(group_ids)
            except Refused:
                continue
        return ways[-1](group_ids)

    def _by_group(self, group_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        first = self._users_of(group_ids[0])  # alone, so that a refusal costs one request and not one a thread
        rest = self._spread(self._users_of, group_ids[1:], "read members")
        return dict(zip(group_ids, (first, *rest), strict=True))

    def _users_of(self, group_id: str) -> frozenset[str]:
        return self._ids("Users", filter_of(("groups.value", group_id)))

    def _by_user(self, group_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        members: dict[str, set[str]] = {group_id: set() for group_id in group_ids}
        if self._user_ids:
            first = self._groups_of(self._user_ids[0])
            rest = self._spread(self._groups_of, self._user_ids[1:], "read memberships")
            for user_id, groups in zip(self._user_ids, (first, *rest), strict=True):
                for group_id in groups & members.keys():
                    members[group_id].add(user_id)
        return {group_id: frozenset(ids) for group_id, ids in members.items()}

    def _groups_of(self, user_id: str) -> frozenset[str]:
        return self._ids("Groups", filter_of(("members.value", user_id)))

    def _by_pair(self, group_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        pairs = [(group_id, user_id) for group_id in group_ids for user_id in self._user_ids]
        answers = self._spread(self._is_member, pairs, "read pairs")
        members: dict[str, set[str]] = {group_id: set() for group_id in group_ids}
        for (group_id, user_id), is_member in zip(pairs, answers, strict=True):
            if is_member:
                members[group_id].add(user_id)
        return {group_id: frozenset(ids) for group_id, ids in members.items()}

    def _is_member(self, pair: tuple[str, str]) -> bool:
        condition = filter_of(("id", pair[0]), ("members", pair[1]))
        try:
            return bool(self._client.get(f"Groups?{condition}").body.get("Resources"))
        except NotThere:
            return False

    def _ids(self, collection: str, condition: str) -> frozenset[str]:
        """Ids of all resources under a filter. A server that takes no cursor beside a filter is asked once without.

        An answer of a full page then counts as cut off, and so as refused (reference, ListGroups).
        """
        try:
            found = [
                r["id"] for body in pages(self._client, collection, condition) for r in body.get("Resources") or ()
            ]
        except NotThere:
            return frozenset()
        except Refused:
            found = [r["id"] for r in self._client.get(f"{collection}?{condition}").body.get("Resources") or ()]
            if len(found) >= _PAGE:
                raise
        return frozenset(found)

    def _spread(self, ask: Callable[[Any], Any], things: Sequence[Any], step: str) -> list[Any]:
        """ask() of each, several at once, answers in order."""
        answers = []
        with ThreadPoolExecutor(self._threads, thread_name_prefix="read") as pool:
            for answer in pool.map(ask, things):
                answers.append(answer)
                self._progress(step, len(answers) + 1, len(things) + 1)
        return answers
