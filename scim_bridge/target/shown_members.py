"""Who is in which group, where groups are shown with their members: no request beyond the listing of the groups."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scim_bridge.errors import NotThere
from scim_bridge.model.identity import Members
from scim_bridge.model.protocol import Progress
from scim_bridge.target.client import ScimClient
from scim_bridge.target.read import Pages, Resource


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
        try:
            return members_of(self._client.get(f"Groups/{group_id}", needs="id").body)
        except NotThere:
            return frozenset()


def members_of(group: Resource) -> frozenset[str]:
    """Ids of the users in a group as it is shown; groups in it are none of ours."""
    shown = group.get("members")
    return frozenset(m["value"] for m in shown if _is_user(m)) if isinstance(shown, list) else frozenset()


def _is_user(member: Any) -> bool:
    if not isinstance(member, dict) or not isinstance(member.get("value"), str):
        return False
    return str(member.get("type", "")).lower() != "group" and "/Groups/" not in str(member.get("$ref", ""))
