"""A company of any size after a year with the program: what the pages and the API have to look through.

The users come into the state by a real first sync of bench.growth's directory. The year is written directly: 10,000
runs with 1,000,000 operations, one of them of a tenth of all, 300 connections, a reading of AWS, conflicts, an audit.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.growing import Files, fill
from bench.growth import World
from bench.history import add_history, change_of_title
from bench.people import people
from scim_bridge.model.access import AccessReading, Account, Allowed, Edge, Instance, People, PermissionSet, Person
from scim_bridge.model.actor import Actor
from scim_bridge.model.assignment import Principal
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Basis, Conflict, Plan
from scim_bridge.plan.plan_file import fingerprint, to_bytes
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.state.access_memory import keep_reading
from scim_bridge.state.audit import note
from scim_bridge.state.writer import Ending, State

NAME, OTHERS = "bench", 299
"""The connection that has the users, and how many more there are, which are small."""
_RUNS, _OPERATIONS, _CONFLICTS, _ENTRIES = 10_000, 1_000_000, 500, 20_000
_ACCOUNTS, _SETS = 200, 20
_LEAST = Allowed("read", ("reads everything",))
_OPERATOR = Actor("operator@bench", "page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Where it is, and what there is to ask for. large_run: the one of a tenth of all operations."""

    config: Path
    state: Path
    large_run: int
    plan: int
    user: str
    group: str


def found(folder: Path, users: int) -> Company:
    """Make it in this folder; the target is needed for that alone."""
    there = people(users)
    with Sandbox() as sandbox:
        source = Files(folder, there)
        fill(sandbox, source, there)
        world = World(folder, sandbox, source, there)
        world.configure()
        world.run("first")
    config, state = folder / "bridge.yaml", folder / "state.db"
    _add_small_connections(folder, config)
    share = users / 100_000
    with State(state) as opened:
        large_run, plan = _age(opened, share)
    keep_reading(state, NAME, _reading(state))
    user = source.user(users // 2)
    return Company(config=config, state=state, large_run=large_run, plan=plan, user=user, group=source.group(0))


def _add_small_connections(folder: Path, config: Path) -> None:
    """Each with files of its own, so that looking at them costs what it would."""
    for name, header in (
        ("users", ("id", "login")),
        ("groups", ("id", "name")),
        ("members", ("group_id", "member_id")),
    ):
        with (folder / f"no-{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerow(header)
    text = config.read_text()
    block = text[text.index(f"  {NAME}:") :]
    for kind in ("users", "groups", "members"):
        block = block.replace(f"{kind}: {kind}.csv", f"{kind}: no-{kind}.csv")
    more = [block.replace(f"  {NAME}:", f"  c{number:03}:", 1) for number in range(OTHERS)]
    config.write_text("service: {listen: '127.0.0.1:0'}\n" + text + "".join(more))


def _age(state: State, share: float) -> tuple[int, int]:
    """A year of runs, decisions and plans. Gives the large run and the kept plan. share: of the usual numbers."""
    ((_, endpoint),) = state.reader.places()
    users = _users(state)

    def change(number: int) -> Operation:
        return change_of_title(number, *users[number * 7_919 % len(users)])

    each, large = 90, int(_OPERATIONS * share) // 10
    others = int(_RUNS * share) // 10
    mine = (int(_OPERATIONS * share) - large) // each - others
    add_history(state, [f"c{number:03}" for number in range(OTHERS)], [each] * others)
    add_history(state, [NAME], [*([each] * mine), large], change, endpoint=endpoint)
    large_run = state.reader.runs(NAME, limit=1)[0].id
    basis = Basis(source="s", target="t", target_read="2026-11-01T00:00:00Z", settings="")
    operations = tuple(map(change, range(large)))
    plan = Plan(connection=NAME, created="2026-11-01T00:00:00Z", basis=basis, operations=operations)
    kept = state.plans.keep(plan, fingerprint=fingerprint(plan), document=to_bytes(plan), by=_OPERATOR)
    run = state.begin_run(NAME, endpoint, "sync")
    state.finish(run, Ending(status="done", summary=plan.summary), list(_conflicts(users)))
    with state._engine.begin() as database:  # noqa: SLF001 - one transaction instead of thousands
        for number in range(int(_ENTRIES * share)):
            who, when = Actor(f"operator{number % 7}@bench", "page"), datetime.now(UTC)
            note(database, when, who, "pause", connection=NAME, detail=f"maintenance {number}")
    for name in (NAME, *(f"c{number:03}" for number in range(OTHERS))):
        state.pause(name, _OPERATOR, "it is measured")
    return large_run, kept


def _users(state: State) -> list[tuple[str, str, str]]:
    """Source id, target id and name of each."""
    query = "SELECT source_id, target_id, name FROM links WHERE connection = 'bench' AND kind = 'user' ORDER BY 1"
    with state._engine.connect() as database:  # noqa: SLF001 - no one else needs all of them
        return [(str(a), str(b), str(c)) for a, b, c in database.exec_driver_sql(query)]


def _conflicts(users: list[tuple[str, str, str]]) -> Iterator[Conflict]:
    for number, (source_id, target_id, name) in enumerate(users[:_CONFLICTS]):
        yield Conflict(
            key=f"c-{number:010}",
            kind="duplicate_user_name",
            subjects=(name,),
            detail=f"the userName {name} is claimed by several records: {source_id} and x{source_id}",
            remedy="Rename one of them in the source.",
            target_id=target_id,
            source_id=source_id,
        )


def _reading(state: Path) -> AccessReading:
    """Each group has a permission set in one account."""
    with State(state) as opened:
        ((_, endpoint), *_rest) = [place for place in opened.reader.places() if place.connection == NAME]
        inventory = opened.reader.inventory(endpoint)
        members = opened.reader.members(endpoint, None)
    users = {one: _person(one, seen.attributes) for one, seen in inventory.users.items()}
    groups = {one: str(seen.attributes.get("displayName")) for one, seen in inventory.groups.items()}
    accounts = {f"{n:012}": Account(f"{n:012}", f"account-{n:03}") for n in range(_ACCOUNTS)}
    sets = {
        f"arn:set/{n}": PermissionSet(arn=f"arn:set/{n}", name=f"Set{n}", allowed=_LEAST, centrally=_LEAST)
        for n in range(_SETS)
    }
    edges = frozenset(
        Edge(f"{n % _ACCOUNTS:012}", f"arn:set/{n % _SETS}", Principal("group", group))
        for n, group in enumerate(sorted(groups))
    )
    return AccessReading(
        as_of=datetime.now(UTC),
        instance=Instance("arn:instance", "d-1", region="eu-central-1"),
        people=People(users, groups, members),
        accounts=accounts,
        sets=sets,
        edges=edges,
    )


def _person(target_id: str, attributes: Any) -> Person:
    return Person(target_id, str(attributes.get("userName")), str(attributes.get("displayName")))
