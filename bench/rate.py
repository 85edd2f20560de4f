"""How much of the permitted rate is reached, and at the price of how many 429s: `python -m bench.rate [SECONDS]`.

Users are created through the engine, against the emulator as a process of its own over HTTP: with a quota equal to our
ceiling and below it, with no latency to speak of and with 60 ms added to each answer. What is reached from the third
second on stands apart. `python -m bench.rate hidden [SECONDS]`: a quota of 200 a second under a ceiling of 1,000 alone.

`python -m bench.rate load [SHARE]`: a first sync by the command line of 10,000 users, 500 groups and 60,000
memberships (or this share of them), with no ceiling, 60 ms added to each answer. Once with a limit of 20 a second for
all requests together, once with 25 writes and 40 reads a second for each API and 300 memberships a second.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench.directory import write
from bench.sync import Scene
from scim_bridge.apply.engine import Ground, Work, apply
from scim_bridge.model.operation import Change, Operation, Outcome
from scim_bridge.model.operation_kind import Phase
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.scim import ScimTarget

_COMMAND = (sys.executable, "-m", "scim_bridge.cli.main", "sandbox", "--port", "0", "--rate")
_LATENCY = 0.06


@dataclass
class Forgetful:
    """A journal that keeps nothing but when something was done: the state's disk is not what is measured."""

    done: list[float] = field(default_factory=list)

    def begin(self, operation: Operation) -> None:
        """Forgotten."""

    def end(self, operation: Operation, outcome: Outcome) -> None:  # noqa: ARG002 - the protocol's
        """When it was done."""
        if outcome.status == "done":
            self.done.append(time.monotonic())

    def finished(self) -> list[Outcome]:
        """None."""
        return []


def measure(permitted: float, ceiling: float, latency: float, seconds: float) -> None:
    """One line: what was reached within these seconds, and the share of answers that were 429."""
    with subprocess.Popen([*_COMMAND, str(permitted)], stderr=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stderr is not None
        url, token = (sandbox.stderr.readline().split(": ")[1].strip() for _ in range(2))
        if latency:
            control = f"{url.split('/scim/')[0].rsplit('/', 1)[0]}/control/faults"
            httpx.post(control, json={"faults": [{"kind": "slow", "seconds": latency}]}).raise_for_status()
        users = [_create(number) for number in range(int(2 * permitted * seconds) + 100)]
        end = time.monotonic() + seconds
        work = Work(is_stopping=lambda: time.monotonic() > end)
        with ScimTarget(ScimClient(url, lambda: token, Rate(ceiling))) as target:
            journal = Forgetful()
            apply(users, target, journal, Ground(), work)
            begun, sent, ended = end - seconds, target.sent, time.monotonic()
            reached = len(journal.done) / (ended - begun)
            later = sum(at >= begun + 2 for at in journal.done) / (ended - begun - 2)
            share = 100 * sent.throttled / (sent.reads + sent.writes)
        sandbox.terminate()
    print(
        f"permitted {permitted:5.0f}/s  ceiling {ceiling:5.0f}/s  latency {1000 * latency:3.0f} ms"
        f"  achieved / permitted {reached / permitted:6.3f}, from the third second on {later / permitted:6.3f}"
        f"  429s {share:5.2f} %"
    )


def _create(number: int) -> Operation:
    name = f"user.{number}@corp.example"
    values = {"externalId": name, "userName": name, "name.givenName": "g", "name.familyName": "f", "displayName": name}
    changes: dict[str, Change] = {path: (None, value) for path, value in values.items()} | {"active": (None, True)}
    return Operation(
        id=name,
        kind="create_user",
        phase=Phase.USERS,
        source_id=name,
        target_id=None,
        subject=name,
        reason="new",
        changes=changes,
    )


def load(share: float, knobs: Knobs) -> None:
    """One line: what a first sync took, against the time that the limits allow, and the share of 429s."""
    users, groups, memberships = (round(share * number) for number in (10_000, 500, 60_000))
    additions = groups * -(-memberships // groups // 100)
    with tempfile.TemporaryDirectory() as name, Sandbox(knobs) as sandbox:
        scene = Scene(Path(name), sandbox)
        write(scene.folder, users, groups, memberships)
        scene.configure("auto")
        sandbox.fail(Fault(kind="slow", seconds=_LATENCY))
        begun = time.monotonic()
        process = scene.start("sync")
        while process.poll() is None:
            if not sandbox.counts.writes:
                begun = time.monotonic()
            time.sleep(0.01)
        seconds, counts = time.monotonic() - begun, sandbox.counts
    if process.returncode:
        raise SystemExit("the sync failed")
    if knobs.memberships:
        fewest = max(users, groups) / 25 + max(additions / 25, memberships / knobs.memberships)
    else:
        fewest = (users + groups + additions) / (knobs.rate or 1)
    print(
        f"load of {users:,}/{groups:,}/{memberships:,}  quota {knobs.quota:8}  {seconds:6.1f} s"
        f"  taken / allowed {seconds / fewest:6.3f}  429s {100 * counts.throttled / counts.total:5.2f} %",
        flush=True,
    )


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])
    what = sys.argv[1] if sys.argv[1:] and sys.argv[1].isalpha() else ""
    number = float(sys.argv[-1]) if sys.argv[1:] and sys.argv[-1] != what else None
    if what == "load":
        load(number or 1.0, Knobs())
        load(number or 1.0, Knobs(quota="per_api", memberships=300))
    else:
        measure(200.0, 1_000.0, _LATENCY, number or 60.0)
    for rate in (20.0, 200.0) if not what else ():
        for over in (1.0, 2.0):
            for added in (0.0, _LATENCY):
                measure(rate, over * rate, added, number or 60.0)
