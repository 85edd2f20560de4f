"""How much of the permitted rate is reached, and at the price of how many 429s: `python -m bench.rate [SECONDS]`.

Users are created through the engine, against the emulator as a process of its own over HTTP: with a quota equal to our
ceiling and below it, with no latency to speak of and with 60 ms added to each answer.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from scim_bridge.apply.engine import Ground, Work, apply
from scim_bridge.model.operation import Change, Operation, Outcome
from scim_bridge.model.operation_kind import Phase
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.scim import ScimTarget

_COMMAND = (sys.executable, "-m", "scim_bridge.cli.main", "sandbox", "--port", "0", "--rate")


@dataclass
class Forgetful:
    """A journal that keeps nothing: the state's disk is not what is measured."""

    def begin(self, operation: Operation) -> None:
        """Forgotten."""

    def end(self, operation: Operation, outcome: Outcome) -> None:
        """Forgotten."""

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
            outcomes = apply(users, target, Forgetful(), Ground(), work).outcomes
            begun, sent = end - seconds, target.sent
            reached = sum(outcome.status == "done" for outcome in outcomes) / (time.monotonic() - begun)
            share = 100 * sent.throttled / (sent.reads + sent.writes)
        sandbox.terminate()
    print(
        f"permitted {permitted:5.0f}/s  ceiling {ceiling:5.0f}/s  latency {1000 * latency:3.0f} ms"
        f"  achieved / permitted {reached / permitted:6.3f}  429s {share:5.2f} %"
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


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])
    for rate in (20.0, 200.0):
        for over in (1.0, 2.0):
            for added in (0.0, 0.06):
                measure(rate, over * rate, added, float(sys.argv[1]) if sys.argv[1:] else 60.0)
