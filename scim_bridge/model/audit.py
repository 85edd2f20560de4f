"""The audit: who did what when and from where. Each entry carries a hash over itself and the hash of the one before.

If an entry is changed, removed or put in, every later hash is wrong. Who can write the whole state could make the whole
chain again; a hash that was noted elsewhere shows that (`scim-bridge audit verify --holds HASH`).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import orjson

from scim_bridge.model.actor import Actor

Action = Literal[
    "sync", "plan", "verify", "sync --only", "apply", "rollback", "approve", "decline", "cancel", "test sign-in",
    "compare mapping", "switch report",
    "pause", "resume", "resolve", "undo", "access restore",
    "sign in", "sign in refused", "sign out", "end session", "make token", "revoke token",
]  # fmt: skip
"""What people do, in the words of the commands and buttons."""
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are asked for. Every condition has to hold; "" is none. text: a part of who, subject or detail."""

    text: str = ""
    action: str = ""
    connection: str = ""
    since: datetime | None = None

    def fits(self, entry: "Entry") -> bool:
        """Whether an entry is one of those."""
        text = self.text.casefold()
        return (
            any(text in said.casefold() for said in (entry.actor.name, entry.subject, entry.detail))
            and self.action in ("", entry.action)
            and self.connection in ("", entry.connection)
            and (self.since is None or entry.at >= self.since)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. number: 1 for the first, without a gap. at: UTC. subject: whom or what it was about, "" if that is the
    connection as a whole. hash: over all of this and the hash of the entry before, hexadecimal.
    """

    number: int
    at: datetime
    actor: Actor
    action: str
    connection: str = ""
    subject: str = ""
    detail: str = ""
    hash: str = ""

    def document(self) -> dict[str, Any]:
        """As in `audit --output json` and in the export, in the order in which it is hashed."""
        return {
            "number": self.number,
            "at": f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "who": self.actor.name,
            "via": self.actor.via,
            "address": self.actor.address,
            "action": self.action,
            "connection": self.connection,
            "subject": self.subject,
            "detail": self.detail,
            "hash": self.hash,
        }


def line_of(entry: Entry) -> bytes:
    """An entry as one line of JSON, as `audit --output json` and the export print it."""
    return orjson.dumps(entry.document(), option=orjson.OPT_APPEND_NEWLINE)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain has shown. head: the hash of the last entry. broken: a sentence, "" if it is whole.

    holds: whether a hash that was noted elsewhere is one of them.
    """

    entries: int
    head: str
    broken: str
    holds: bool


def chained(before: str, entry: Entry) -> str:
    """The hash of an entry that follows the one with the hash `before` ("" for the first)."""
    told = entry.document()
    del told["hash"]
    return hashlib.sha256(orjson.dumps([before, *told.values()])).hexdigest()


def verify(entries: Iterable[Entry], noted: str = "") -> Verified:
    """Walk along the chain from its first entry. noted: a hash that is to be found in it."""
    number, head, holds = 0, "", not noted
    for entry in entries:
        number += 1
        if entry.number != number:
            return Verified(number - 1, head, f"entry {number} is missing: the next one is {entry.number}", holds)
        if entry.hash != chained(head, entry):
            return Verified(number - 1, head, f"entry {number} or the one before it was changed", holds)
        head = entry.hash
        holds = holds or head == noted
    return Verified(number, head, "", holds)
