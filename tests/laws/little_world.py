"""A little world in one process: a directory and a target in memory, the real state, and runs of the real program.

Much quicker than the command line over HTTP (tests/laws/histories), so that a law can try thousands of histories.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, cast

from scim_bridge.errors import BridgeError, EndpointDown, NotAnswered, Refused
from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import load_mapping
from scim_bridge.model.actor import Actor
from scim_bridge.model.conflict_kind import CONFLICT_KINDS
from scim_bridge.model.identity import KINDS, AmbiguousMember, AttributeType, Kind, Record, Snapshot, SourceKey
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.policy import Policy
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Learned, Memory, SourceChanges, SourceReading
from scim_bridge.model.verification import Verification
from scim_bridge.plan.match.pairing import Terms
from scim_bridge.run.bridge import Bridge
from scim_bridge.state.writer import State
from tests.fakes import MemoryTarget, Write, nothing
from tests.picking import picked
from tests.state_on_server import copy_state, forget_state, rows

HEADER = ("id", "login", "mail", "title", "manager", "enabled")
MAPPING = """
users:
  id: id
  match: [userName, emails]
  scope: login != "" && title != "out"
  attributes:
    userName: login
    name.givenName: '"Given"'
    name.familyName: id
    displayName: login
    emails: mail
    title: title
    active: enabled == "true"
    enterprise.manager: manager
groups:
  id: id
  match: [displayName]
  scope: name != "" && name != "out"
  attributes: {displayName: name}
"""


def compiled(folder: Path, nested: str) -> CompiledMapping:
    """The mapping of this world. nested: what is done about groups inside of groups."""
    file = folder / f"mapping-{nested}.yaml"
    file.write_text(MAPPING.replace("  match: [displayName]", f"  match: [displayName]\n  nested: {nested}"))
    users: Mapping[str, AttributeType] = dict.fromkeys(HEADER, "string")
    return compile_mapping(load_mapping(file), users, {"id": "string", "name": "string"})


@dataclass
class People:
    """A directory. users: rows, several may share an id or have none; members: (group, kind, member)."""

    users: list[dict[str, str]] = field(default_factory=list)
    groups: list[dict[str, str]] = field(default_factory=list)
    members: set[tuple[str, Kind, str]] = field(default_factory=set)
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Group id → the ids of users and groups that one reference in it may mean."""

    def snapshot(self) -> Snapshot:
        users = tuple(Record(row["id"], dict(row), f"users, line {at}") for at, row in enumerate(self.users))
        groups = tuple(Record(row["id"], dict(row), f"groups, line {at}") for at, row in enumerate(self.groups))
        there = {"user": {u.id for u in users} - {""}, "group": {g.id for g in groups} - {""}}
        inside: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for group, kind, member in sorted(self.members):
            if group in there["group"] and member in there[kind] and (kind, member) != ("group", group):
                inside[group][kind == "group"].append(member)
        members = {group: (tuple(users_of), tuple(nested)) for group, (users_of, nested) in inside.items()}
        return Snapshot(users, groups, members, (), tuple(self._left_open(there)))

    def _left_open(self, there: Mapping[str, set[str]]) -> Iterable[AmbiguousMember]:
        for group, ids in sorted(self.ambiguous.items()):
            fits = tuple((kind, each) for kind in KINDS for each in ids if each in there[kind] and each != group)
            if group in there["group"] and len(fits) > 1:
                yield AmbiguousMember(
                    reference=f"one of {group}",
                    groups=(group,),
                    users=tuple(each for kind, each in fits if kind == "user"),
                    nested=tuple(each for kind, each in fits if kind == "group"),
                    fits=cast("Any", fits),
                    detail=f"a reference in {group} fits several",
                    remedy="Say which.",
                    count=1,
                )


class LittleSource:
    """A source that shows these people. tells_changes: it says what has changed since its memory, else shows all."""

    key = "little"

    def __init__(self, people: People, *, tells_changes: bool) -> None:
        self.people = people
        self.tells_changes = tells_changes
        self.remembered: list[Snapshot] = []

    def attributes(self, kind: Kind, memory: Memory | None = None) -> Mapping[str, AttributeType]:
        return dict.fromkeys(HEADER if kind == "user" else ("id", "name"), "string")

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:
        shown = self.people.snapshot()
        return SourceReading(shown, self._learned(shown, is_whole=True) if self.tells_changes else None)

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:
        before, now = self.remembered[int(memory.watermark)], self.people.snapshot()
        then, shown = _rows(before), _rows(now)
        keys = {key for key in {*then, *shown} if _told(then.get(key, ())) != _told(shown.get(key, ())) or not key.id}
        groups = {g for g in {*before.members, *now.members} if before.members.get(g) != now.members.get(g)}
        return SourceChanges(
            records={key: tuple(shown.get(key, ())) for key in keys},
            members={group: now.members.get(group, ((), ())) for group in groups},
            ambiguous=now.ambiguous if now.ambiguous != before.ambiguous else None,
            learned=self._learned(now, is_whole=False),
        )

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:
        shown = self.people.snapshot()
        return SourceReading(shown) if memory is None else picked(shown, wanted)

    def probe(self, today: str) -> Snapshot:
        return self.people.snapshot()

    def _learned(self, shown: Snapshot, *, is_whole: bool) -> Learned:
        self.remembered.append(shown)
        return Learned(str(len(self.remembered) - 1), {}, is_whole=is_whole)


def _rows(shown: Snapshot) -> dict[SourceKey, list[Record]]:
    found: dict[SourceKey, list[Record]] = defaultdict(list)
    for kind in KINDS:
        for record in shown.users if kind == "user" else shown.groups:
            found[SourceKey(kind, record.id)].append(record)
    return found


def _told(records: Iterable[Record]) -> list[Mapping[str, object]]:
    """What records say, wherever they stand."""
    return [record.attributes for record in records]


class InTurn(MemoryTarget):
    """One request after the other, so that the same plan gives the same ids."""

    def at_once(self, kind: OperationKind) -> int:
        return 1


class LittleWorld:
    """One connection over a state file in a folder, and what happens to both of its sides. log: what has happened."""

    def __init__(self, folder: Path, chance: Random, mapping: CompiledMapping, policy: Policy, **source: bool) -> None:
        self.chance = chance
        self.people = People()
        self.folder = folder
        self.target = InTurn()
        self.path = folder / "state.db"
        self.state = State(self.path)
        self.log: list[str] = []
        self.source = LittleSource(self.people, **source)
        capabilities = self.target.capabilities
        unique = {kind: capabilities.unique(kind) for kind in KINDS}
        self.bridge = Bridge(
            name="little",
            endpoint="there",
            source=self.source,
            mapping=mapping,
            mapping_key=mapping.nested,
            target=self.target,
            policy=policy,
            terms=Terms({"user": ("userName", "emails"), "group": ("displayName",)}, unique, policy),
            verify=Verification(timedelta(days=300), 100.0),
        )

    @contextmanager
    def twin(self) -> Iterator["LittleWorld"]:
        """The same world once more, as it is now: with a copy of the state, and a target that holds the same."""
        other = self.folder / "twin.db"
        copy_state(self.path, other)
        twin = LittleWorld.__new__(LittleWorld)
        twin.path = other
        twin.target = InTurn()
        twin.target.resources = {k: {i: dict(a) for i, a in of.items()} for k, of in self.target.resources.items()}
        twin.target.members = {group: set(users) for group, users in self.target.members.items()}
        twin.target._made = self.target._made
        source = LittleSource(self.people, tells_changes=self.source.tells_changes)
        source.key, source.remembered = self.source.key, [*self.source.remembered]
        twin.bridge = replace(self.bridge, target=twin.target, source=source)
        with State(other) as state:
            twin.state = state
            yield twin
        forget_state(other)

    @property
    def is_struck(self) -> bool:
        """A fault waits for the next writes."""
        return self.target.before is not nothing or self.target.after is not nothing

    def books(self) -> dict[str, list[tuple[Any, ...]]]:
        """What the state remembers of both sides, and what the target holds; no times, and no lines of files."""
        found = {query: sorted(map(tuple, rows(self.path, query)), key=repr) for query in _BOOKS}
        shown = [(kind, i, sorted(a.items())) for kind, of in self.target.resources.items() for i, a in of.items()]
        inside = [(group, sorted(users)) for group, users in self.target.members.items()]
        return found | {"shown": sorted(shown, key=repr), "inside": sorted(inside)}

    def step(self, *, in_source: bool = False) -> None:
        """Something happens. in_source: only to what the source shows."""
        what = self.chance.choice(_IN_SOURCE if in_source else _STEPS)
        self.log.append(f"{what.__name__.strip('_')} {what(self)}")


_BOOKS = (
    "SELECT kind, source_id, target_id, name, applied, departed IS NULL, left_at IS NULL, is_confirmed FROM links",
    "SELECT key, kind, target_id, resource, source_id, path, resolution, chosen, closed IS NULL FROM conflicts",
    "SELECT kind, source_id, member, target_id, digest, paths, conflict, times FROM refusals",
    "SELECT kind, target_id, shown, members_at IS NULL FROM resources",
    (
        "SELECT g.target_id, u.target_id, m.is_seen, m.is_ours FROM memberships m "
        "JOIN resources g ON g.id = m.group_row JOIN resources u ON u.id = m.user_row"
    ),
    "SELECT kind, source_id, shown, rows, manager FROM records",
    "SELECT c.path, c.value, r.kind, r.source_id FROM claims c LEFT JOIN records r ON r.id = c.row",
    "SELECT h.path, h.value, r.kind, r.target_id FROM held_values h LEFT JOIN resources r ON r.id = h.row",
    (
        "SELECT g.source_id, m.kind, m.source_id FROM direct_members d "
        "JOIN records g ON g.id = d.group_row JOIN records m ON m.id = d.member_row"
    ),
    "SELECT users, groups, memberships, digest, ambiguous FROM directories",
)
Step = Callable[[LittleWorld], object]
_IDS, _LOGINS, _GROUPS, _NAMES = "abcdefgh", "abcdefxy", "klmn", ("dev", "ops", "hr", "all")


def history(seed: int, policy: Policy, nested: str, *, tells_changes: bool, steps: int) -> Iterator[LittleWorld]:
    """The same world so many times, each time after a few more things have happened."""
    chance = Random(seed)
    with TemporaryDirectory() as folder:
        mapping = compiled(Path(folder), nested)
        world = LittleWorld(Path(folder), chance, mapping, policy, tells_changes=tells_changes)
        with world.state:
            for _ in range(steps):
                for _ in range(chance.randint(1, 4)):
                    world.step()
                yield world


def _user(world: LittleWorld) -> dict[str, str]:
    people = world.people.users
    return world.chance.choice(people) if people else _row(world, "a")


def _row(world: LittleWorld, source_id: str) -> dict[str, str]:
    row = dict.fromkeys(HEADER, "") | {"id": source_id, "login": source_id, "mail": f"{source_id}@x", "enabled": "true"}
    world.people.users.insert(world.chance.randint(0, len(world.people.users)), row)
    return row


def _join(world: LittleWorld) -> object:
    return _row(world, world.chance.choice(_IDS)) if world.chance.random() < 0.2 else _join_new(world)


def _join_new(world: LittleWorld) -> object:
    free = [each for each in _IDS if each not in {row["id"] for row in world.people.users}]
    return _row(world, world.chance.choice(free)) if free else None


def _leave(world: LittleWorld) -> object:
    row = _user(world)
    world.people.users = [each for each in world.people.users if each is not row]
    return row["id"]


def _edit(world: LittleWorld) -> object:
    row, chance = _user(world), world.chance
    path = chance.choice(("login", "mail", "title", "title", "manager", "manager", "enabled", "id"))
    values = {
        "login": [*_LOGINS, ""],
        "mail": [f"{each}@x" for each in "abcdx"] + [""],
        "title": ["one", "two", "out", ""],
        "manager": [*_IDS, ""],
        "enabled": ["true", "false", "true"],
        "id": [*_IDS, ""],
    }
    before, row[path] = row[path], chance.choice(values[path])
    return f"{row['id']}: {path} {before!r} → {row[path]!r}"


def _swap(world: LittleWorld) -> object:
    one, other = _user(world), _user(world)
    one["login"], other["login"] = other["login"], one["login"]
    return one["id"], other["id"]


def _group(world: LittleWorld) -> object:
    chance, groups = world.chance, world.people.groups
    source_id = chance.choice(_GROUPS)
    found = [row for row in groups if row["id"] == source_id]
    if not found:
        groups.append({"id": source_id, "name": chance.choice(_NAMES)})
    elif chance.random() < 0.4:
        groups.remove(found[0])
    else:
        found[0]["name"] = chance.choice((*_NAMES, "out", ""))
    return source_id


def _member(world: LittleWorld) -> object:
    chance = world.chance
    group = chance.choice(_GROUPS)
    member: tuple[str, Kind, str] = (group, "user", chance.choice(_IDS))
    if chance.random() < 0.25:
        member = (group, "group", chance.choice(_GROUPS))
    world.people.members ^= {member}
    return member


def _open_reference(world: LittleWorld) -> object:
    chance, people = world.chance, world.people
    group = chance.choice(_GROUPS)
    if people.ambiguous.pop(group, None) is None and chance.random() < 0.5:
        people.ambiguous[group] = tuple(chance.sample(_IDS if chance.random() < 0.6 else _IDS[:3] + _GROUPS, 2))
    return group, people.ambiguous.get(group)


def _decide(world: LittleWorld) -> object:
    conflicts = world.state.reader.conflicts(world.bridge.name)
    if not conflicts:
        return None
    conflict = world.chance.choice(conflicts).conflict
    decisions = CONFLICT_KINDS[conflict.kind].decisions or ("ignore",)
    decision = world.chance.choice(decisions)
    target_id = conflict.target_id or ""
    if decision in ("link", "adopt") and not target_id:
        target_id = world.chance.choice([*world.target.resources["user"], "nobody"])
    world.state.resolve(world.bridge.name, conflict.key, decision, Actor("me"), target_id=target_id)
    return conflict.kind, conflict.subjects, decision


def _fault(world: LittleWorld) -> object:
    """The next writes are refused, not answered, or never arrive."""
    chance = world.chance
    left, kind = [chance.randint(1, 3)], chance.choice(("refused", "lost", "down"))

    def strike(write: Write) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise _FAULTS[kind]

    world.target.before, world.target.after = (strike, nothing) if kind != "lost" else (nothing, strike)
    return kind, left[0]


_FAULTS: Mapping[str, BridgeError] = {
    "refused": Refused("no"),
    "lost": NotAnswered("no answer"),
    "down": EndpointDown("down", "Wait."),
}
_IN_SOURCE: tuple[Step, ...] = (
    *([_join] * 4), *([_leave] * 2), *([_edit] * 8), *([_swap] * 2), *([_group] * 3), *([_member] * 6),
    _open_reference,
)  # fmt: skip
_STEPS: tuple[Step, ...] = (*_IN_SOURCE, *([_decide] * 3), _fault)
