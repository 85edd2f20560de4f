"""A connection to an emulator whose lists lag, on a clock of its own, so that no one waits for anything."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scim_bridge.config.settings import load
from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.lifecycle import Order, Result
from scim_bridge.run.named_plan import sync_named
from scim_bridge.run.sync import sync
from scim_bridge.sandbox.app import Identity
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.state.reader import utc_now
from scim_bridge.state.writer import State
from scim_bridge.target.client import ScimClient
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from scim_bridge.target.scim import ScimTarget
from tests.e2e.world import People, World
from tests.fakes import FakeClock

STRICT = (
    "    policy:\n"
    "      limits: {deactivate: 100%, delete: 100%, remove_members: 100%, shrink_source: 100%, missing: 0, floor: 0}\n"
)
"""Everything may be taken away, but nothing may be taken for deleted by someone else."""


@dataclass
class Lagging:
    """A world, its clock, and the ids that its resources have ever had. age: of what our journal says, seconds."""

    world: World
    clock: FakeClock
    ids: dict[str, set[str]] = field(default_factory=dict)
    age: float = 0.0

    def sync(self, people: People, *who: str, in_full: bool = False) -> Result:
        """One run. who: of `--only`."""
        self.world.write(people)
        return self.again(*who, in_full=in_full)

    def again(self, *who: str, in_full: bool = False, approved_by: str = "") -> Result:
        """One more run with the same files."""
        sandbox, clock = self.world.sandbox, self.clock
        connection = load(self.world.config).connection("corp")
        patience, token = Patience(clock=clock, wait=clock.wait), sandbox.token
        client = ScimClient(sandbox.url, lambda: token, Rate(100_000, clock, clock.wait), patience)
        target = ScimTarget(client, IDENTITY_CENTER, clock)
        with State(self.world.state, self._now) as state, open_bridge(connection) as opened, target:
            bridge = replace(opened, target=target)
            order = Order(approved_by=approved_by, asked_by="test", in_full=in_full)
            result = sync_named(bridge, state, who, order) if who else sync(bridge, state, order)
        self._note()
        return result

    def _now(self) -> datetime:
        return datetime.fromtimestamp(utc_now().timestamp() - self.age, UTC)

    def _note(self) -> None:
        for what, resources in self.world.held().items():
            for source_id, shown in resources.items():
                if what == "users":
                    self.ids.setdefault(source_id, set()).add(shown["id"])
        for group in self.world.sandbox.state()["groups"]:
            self.ids.setdefault(group["externalId"], set()).add(group["id"])

    @property
    def writes(self) -> list[str]:
        """What was sent to change something, in order, since the requests were forgotten."""
        return [f"{r.method} {r.path}" for r in self.world.sandbox.requests if r.method != "GET"]


@contextmanager
def lagging(folder: Path, seed: int = 0, extra: str = STRICT, **knobs: Any) -> Iterator[Lagging]:
    """An empty emulator with these knobs, and a connection to it."""
    clock = FakeClock()

    def now() -> datetime:
        return datetime.fromtimestamp(1_800_000_000 + clock.now, UTC)

    folder.mkdir(exist_ok=True)
    settings: Mapping[str, Any] = {"rate": None} | knobs
    with Sandbox(Knobs(**settings), Identity(seed=seed), now=now) as sandbox:
        world = World(folder, sandbox)
        world.configure(extra=extra)
        yield Lagging(world, clock)
