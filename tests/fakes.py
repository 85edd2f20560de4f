"""Honest stand-ins: a target in memory that refuses what the real one refuses, a source of given records, a clock.

The contract suite (contract/test_target.py) holds MemoryTarget and the SCIM client to the same sentences.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import regex

from scim_bridge.errors import NameTaken, NotThere, Refused, SourceUnreadable
from scim_bridge.model.capabilities import Capabilities, Characteristic, fold
from scim_bridge.model.identity import ACTIVE, AttributeType, Existing, Inventory, Kind, Members, Snapshot, Value
from scim_bridge.model.operation import Change
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.protocol import Answer, Progress, silent
from scim_bridge.model.traffic import Traffic, Uses
from scim_bridge.target.identity_center import IDENTITY_CENTER


@dataclass(frozen=True, slots=True)
class Write:
    """One write as the target met it. verb: create, update, add or remove; target_id is "" for a create.

    attributes: path → new value, None for one that is removed. members: user ids of an add or remove.
    """

    verb: str
    kind: Kind
    target_id: str
    attributes: Mapping[str, Value | None] = field(default_factory=dict)
    members: tuple[str, ...] = ()


Hook = Callable[[Write], None]


def nothing(write: Write) -> None:
    """A hook that lets everything pass."""


class MemoryTarget:
    """A target without a wire (model.protocol.Target); may be used by several threads.

    log: every write that arrived, in order, refused ones too. before and after: called around each write; one that
    raises stands for a request that never arrived, or for an answer that was lost after the change was made.
    """

    def __init__(self, capabilities: Capabilities = IDENTITY_CENTER) -> None:
        self.resources: dict[Kind, dict[str, dict[str, Value]]] = {"user": {}, "group": {}}
        self.members: dict[str, set[str]] = {}
        self.log: list[Write] = []
        self.before: Hook = nothing
        self.after: Hook = nothing
        self._may_write: Callable[[], None] = lambda: None
        self._capabilities = capabilities
        self._made = 0
        self._lock = threading.RLock()

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def traffic(self) -> Traffic:
        return Traffic(len(self.log))

    def uses(self) -> Uses:
        return {}

    def share(self, earlier: Sequence[Uses], later: Sequence[Uses]) -> None:
        """There is no pace here."""

    def at_once(self, kind: OperationKind) -> int:
        return 8

    def put(self, existing: Existing, *members: str) -> None:
        """Put a resource in as someone else left it: nothing is checked and nothing logged."""
        self.resources[existing.kind][existing.target_id] = dict(existing.attributes)
        if existing.kind == "group":
            self.members[existing.target_id] = set(members)

    def delete(self, kind: Kind, target_id: str) -> Answer:
        write = Write("delete", kind, target_id)
        with self._lock:
            self._arrive(write)
            self._resource(kind, target_id)
            self.vanish(kind, target_id)
            return self._answer(write, target_id)

    def vanish(self, kind: Kind, target_id: str) -> None:
        """Take a resource away behind everyone's back, memberships included."""
        del self.resources[kind][target_id]
        self.members.pop(target_id, None)
        for members in self.members.values():
            members.discard(target_id)

    def urgent(self) -> AbstractContextManager[None]:
        return nullcontext()

    def pause(self, seconds: float) -> None:
        """Nothing lags here."""

    def ask_before_writing(self, check: Callable[[], None]) -> None:
        self._may_write = check

    def recall_created(self, ages: Mapping[str, float]) -> None:
        """Nothing lags here."""

    def check(self) -> None:
        """All is well here."""

    def read(self, progress: Progress = silent) -> Inventory:
        with self._lock:
            return Inventory(self._shown("user"), self._shown("group"))

    def read_members(self, group_ids: Sequence[str], progress: Progress = silent) -> Members:
        with self._lock:
            return {group_id: frozenset(self.members.get(group_id, ())) for group_id in group_ids}

    def groups_of(self, user_id: str) -> frozenset[str] | None:
        with self._lock:
            return frozenset(group_id for group_id, members in self.members.items() if user_id in members)

    def confirms(self, group_id: str, user_id: str) -> bool:
        return user_id in self.members.get(group_id, ())

    def find(self, kind: Kind, path: str, value: str) -> Existing | None:
        how = self._capabilities.attributes[kind][path].uniqueness
        with self._lock:
            for existing in self._shown(kind).values():
                if path in existing.attributes and fold(existing.attributes[path], how) == fold(value, how):
                    return existing
        return None

    def get(self, kind: Kind, target_id: str) -> Existing | None:
        with self._lock:
            return self._shown(kind).get(target_id)

    def create(self, kind: Kind, attributes: Mapping[str, Value]) -> Answer:
        write = Write("create", kind, "", dict(attributes))
        with self._lock:
            self._arrive(write)
            wanted: dict[str, Value] = {ACTIVE: True} if kind == "user" else {}
            wanted |= attributes
            self._require_valid(kind, "", wanted)
            self._made += 1
            target_id = f"{kind}-{self._made}"
            self.resources[kind][target_id] = wanted
            if kind == "group":
                self.members[target_id] = set()
            return self._answer(write, target_id)

    def update(self, kind: Kind, target_id: str, changes: Mapping[str, Change]) -> Answer:
        write = Write("update", kind, target_id, {path: new for path, (_, new) in changes.items()})
        with self._lock:
            self._arrive(write)
            wanted = dict(self._resource(kind, target_id))
            if any(path.startswith("addresses.") for path in write.attributes):  # an address is replaced whole
                wanted = {path: value for path, value in wanted.items() if not path.startswith("addresses.")}
            for path, new in write.attributes.items():
                if new is None and self._place(kind, path).is_boolean:
                    raise Refused(f"{path} cannot be removed")
                wanted.pop(path, None)
                if new is not None:
                    wanted[path] = new
            self._require_valid(kind, target_id, wanted)
            self.resources[kind][target_id] = wanted
            return self._answer(write, target_id)

    def add_members(self, group_id: str, user_ids: Sequence[str]) -> Answer:
        return self._change_members(Write("add", "group", group_id, members=tuple(user_ids)))

    def remove_members(self, group_id: str, user_ids: Sequence[str]) -> Answer:
        return self._change_members(Write("remove", "group", group_id, members=tuple(user_ids)))

    def _change_members(self, write: Write) -> Answer:
        with self._lock:
            self._arrive(write)
            self._resource("group", write.target_id)
            if not 1 <= len(write.members) <= self._capabilities.changes_per_patch:
                raise Refused(f"{len(write.members)} membership changes in one request")
            if write.verb == "add":
                for user_id in write.members:
                    self._resource("user", user_id)
                self.members[write.target_id] |= set(write.members)
            else:
                self.members[write.target_id] -= set(write.members)
            return self._answer(write, write.target_id)

    def _arrive(self, write: Write) -> None:
        self._may_write()
        self.before(write)
        self.log.append(write)

    def _answer(self, write: Write, target_id: str) -> Answer:
        self.after(write)
        return Answer(target_id, f"request-{len(self.log)}")

    def _shown(self, kind: Kind) -> dict[str, Existing]:
        return {i: Existing(kind, i, dict(attributes)) for i, attributes in self.resources[kind].items()}

    def _resource(self, kind: Kind, target_id: str) -> Mapping[str, Value]:
        try:
            return self.resources[kind][target_id]
        except KeyError:
            raise NotThere(f"there is no {kind} {target_id}") from None

    def _place(self, kind: Kind, path: str) -> Characteristic:
        try:
            return self._capabilities.attributes[kind][path]
        except KeyError:
            raise Refused(f"a {kind} has no {path}") from None

    def _require_valid(self, kind: Kind, target_id: str, wanted: Mapping[str, Value]) -> None:
        """Refused for what does not fit, NameTaken for what another resource holds at this very moment."""
        for path, value in wanted.items():
            self._require_fitting(path, value, self._place(kind, path))
        for path, place in self._capabilities.attributes[kind].items():
            # Identity Center itself knows resources without an externalId: those someone made by hand.
            if place.required and path not in wanted and path != "externalId":
                raise Refused(f"{path} is required")
        for path, how in self._capabilities.unique(kind):
            for other_id, other in self.resources[kind].items():
                is_held = path in wanted and path in other and fold(other[path], how) == fold(wanted[path], how)
                if is_held and other_id != target_id:
                    raise NameTaken(f"{path} is held by another {kind}")

    def _require_fitting(self, path: str, value: Value, place: Characteristic) -> None:
        if isinstance(value, bool) != place.is_boolean:
            raise Refused(f"{path} has the wrong type")
        if isinstance(value, bool):
            return
        if not isinstance(value, str) or not 1 <= len(value) <= place.max_length:
            raise Refused(f"{path} is empty, too long or no text")
        if place.characters and not regex.fullmatch(f"(?V1){place.characters}+", value):
            raise Refused(f"{path} holds a character that is not allowed")
        if value.casefold() in place.reserved:
            raise Refused(f"{path} {value} is reserved")


@dataclass
class MemorySource:
    """A source that shows this snapshot (model.protocol.Source). fault: raised instead, as an unreadable one would."""

    snapshot: Snapshot
    fault: SourceUnreadable | None = None

    def attributes(self, kind: Kind) -> Mapping[str, AttributeType]:
        records = self.snapshot.users if kind == "user" else self.snapshot.groups
        return {name: _type(value) for record in records for name, value in record.attributes.items()}

    def read(self) -> Snapshot:
        if self.fault is not None:
            raise self.fault
        return self.snapshot


def _type(value: object) -> AttributeType:
    if isinstance(value, str):
        return "string"
    return "strings" if isinstance(value, (list, tuple)) else "dyn"


@dataclass
class FakeClock:
    """Seconds that pass only by waiting: `clock()` is now, `clock.wait(s)` lets s pass at once. waited: each wait."""

    now: float = 1_000.0
    waited: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds
