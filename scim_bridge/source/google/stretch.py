"""What is as it was, told by hashes: a stretch of the list of users, and the list of a group's members.

Reading everything is what an account of Google costs each run (decision 21). Holding every user and every member
against what is remembered would cost as much again. So hashes of what was read are remembered beside the entries, and
only a stretch or a list whose hash is new is looked at.

A stretch ends at users whose ids say so. So a user who comes or goes in the middle of the list changes one stretch, and
not all that follow.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

import orjson

from scim_bridge.model.source import Memory
from scim_bridge.source.google.memory import key_of, kind_and_id

_USERS = 256
"""In a stretch, on average: a hundred changed users leave most stretches as they were."""
_SIZE = 12
"""Bytes of a hash."""


def ends_stretch(user_id: str) -> bool:
    """Whether a stretch ends with this user."""
    return crc32(user_id.encode()) % _USERS == 0


class Hash:
    """Of texts without a line break, one after the other: JSON has none in it, and ids have none."""

    def __init__(self) -> None:
        self._made = hashlib.blake2b(digest_size=_SIZE)

    def put(self, text: bytes) -> None:
        """The next one."""
        self._made.update(text)
        self._made.update(b"\n")

    def hexdigest(self) -> str:
        """Of all of them."""
        return self._made.hexdigest()


def hash_of(texts: Iterable[str]) -> str:
    """Of these texts."""
    made = Hash()
    for each in texts:
        made.put(each.encode())
    return made.hexdigest()


def stretches_of(text: str | None) -> frozenset[str]:
    """The hashes of stretches, from the text by which they are remembered; none if there is none."""
    return frozenset(orjson.loads(text)) if text is not None else frozenset()


def stretches_text(hashes: Collection[str]) -> str:
    """As they are remembered."""
    return orjson.dumps(sorted(hashes)).decode()


class Held:
    """Holds the users of a listing against what is remembered, stretch by stretch.

    memory: None to take all for new; remembered: the hashes of its stretches.
    changed: key → entry of each user who is new or otherwise than remembered. came: ids of those who were not
    remembered. known: how many were. hashes: of the stretches; none if a user was in the list twice, since the entries
    then say less than the list.
    """

    def __init__(self, memory: Memory | None = None, remembered: frozenset[str] = frozenset()) -> None:
        self._memory = memory
        self._remembered = remembered
        self._stretch: dict[str, str] = {}
        self._again: set[str] = set()
        self.changed: dict[str, str] = {}
        self.came: set[str] = set()
        self.known = 0
        self.hashes: set[str] = set()

    def put(self, user_id: str, text: str, *, is_again: bool) -> None:
        """The entry of a user. is_again: it is in the list for the second time, and this is what counts."""
        key = key_of("user", user_id)
        if is_again:
            self._again.add(key)
        self._stretch[key] = text
        if ends_stretch(user_id):
            self._compare()

    def end(self) -> None:
        """There is no other user."""
        self._compare()
        if self._again:
            self.hashes.clear()

    def _compare(self) -> None:
        texts, self._stretch = self._stretch, {}
        name = hash_of(texts.values())
        self.hashes.add(name)
        if name in self._remembered:
            self.known += len(texts.keys() - self._again)
            for key in self._again & texts.keys():
                self.changed.pop(key, None)
            return
        before = self._memory.some(texts) if self._memory is not None else {}
        self.known += len(before.keys() - self._again)
        for key, text in texts.items():
            if before.get(key) == text:
                self.changed.pop(key, None)
                continue
            self.changed[key] = text
            if key not in before:
                self.came.add(kind_and_id(key)[1])


@dataclass(frozen=True, slots=True)
class Lists:
    """hashes: group id → hash. setting: hash of what else decides who a member is, beside the users there are.

    A member whose id is not that of a user may be a group, an outsider, or stand for all users.
    """

    setting: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """As they are remembered."""
        return orjson.dumps([self.setting, self.hashes], option=orjson.OPT_SORT_KEYS).decode()


def setting_of(groups: Iterable[str], customers: Iterable[str]) -> str:
    """groups: ids of all groups of the account; customers: ids that stand for all users."""
    return hash_of(("groups", *sorted(groups), "customers", *sorted(customers)))


def lists_of(text: str | None) -> Lists:
    """Lists, from the text by which they are remembered; none if there is none."""
    return Lists(*orjson.loads(text)) if text is not None else Lists()
