"""Every story of this folder, played to its end (README.md says how they are written)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scim_bridge.config.yaml_file import KeyPath
from scim_bridge.model.identity import KINDS, Kind
from scim_bridge.model.operation import Operation
from tests.recorded_texts import unread
from tests.scenarios.stage import Accounts, Ran, Stage, stage, told_conflict, told_operation
from tests.scenarios.story import Day, Step, Story, read_story

STORIES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_goes_as_it_is_told(path: Path, tmp_path: Path) -> None:
    story = read_story(path)
    with stage(tmp_path) as played:
        for number, day in enumerate(story.days):
            played.set_up(day.given)
            before = played.accounts()
            ran = played.run(day.given.command)
            faults = [*_run_faults(day, ran), *_end_faults(day, before, played.accounts())]
            faults += _faults_of_another_run(played, day, ran)
            assert not faults, _told(story, number, faults, ran)
        assert unread(tmp_path) == [], "pages can't say it in Japanese: python -m tests.service.messages"


Fault = tuple[KeyPath, str]


def _told(story: Story, number: int, faults: list[Fault], ran: Ran) -> str:
    """The faults with their places in the file, and what really happened in the form of a story."""
    operations = ran.plan.operations if ran.plan is not None else ()
    lines = [f"{story.name}:", *(f"{story.file.at(('days', number, *where))}: {text}" for where, text in faults)]
    lines += ["what was planned:", *(f"  - {told_operation(operation)}" for operation in operations)]
    lines += ["what waits:", *(f"  - {told_conflict(c)} ({c.detail})" for c in ran.conflicts)]
    return "\n".join([*lines, *(f"it says: {sentence}" for sentence in ran.says)])


def _run_faults(day: Day, ran: Ran) -> Iterator[Fault]:
    operations = ran.plan.operations if ran.plan is not None else ()
    if len(operations) != len(day.plan):
        yield ("plan",), f"{len(operations)} operations were planned, not {len(day.plan)}"
    for number, (step, operation) in enumerate(zip(day.plan, operations, strict=False)):
        if fault := _step_fault(step, operation):
            yield ("plan", number), fault
    waiting = sorted(map(told_conflict, ran.conflicts))
    if waiting != sorted(day.conflicts):
        yield ("conflicts",), f"{waiting} wait"
    skipped = [f"{s.subject}: {s.reason}" for s in (ran.plan.skipped if ran.plan is not None else ())]
    if day.skipped is not None and skipped != day.skipped:
        yield ("skipped",), f"left alone: {skipped}"
    for number, text in enumerate(day.says):
        if not any(text in sentence for sentence in ran.says):
            yield ("says", number), f"it says {list(ran.says)}"
    if ran.says and not day.says:
        yield ("says",), f"it says {list(ran.says)}"
    if ran.exit_code != day.exit:
        yield ("exit",), f"the command ended with {ran.exit_code}"
    if day.requests is not None and ran.writes != day.requests:
        yield ("requests",), f"{ran.writes} requests wrote something"


def _step_fault(step: Step, operation: Operation) -> str:
    """How an operation differs from what is told of it, "" if it does not."""
    if f"{operation.kind} {operation.subject}" != step.what:
        return f"{told_operation(operation)} was planned here"
    if step.members is not None and step.members != tuple(member.name for member in operation.members):
        return f"it is {told_operation(operation)}"
    changed = {path: new for path, (old, new) in operation.changes.items() if old != new}
    wanted = dict(step.changes) if step.changes is not None else None
    if wanted is not None and operation.is_create:
        changed = {path: value for path, value in changed.items() if path in wanted}
    if wanted is not None and changed != wanted:
        return f"it is {told_operation(operation)}"
    return "" if step.because in operation.reason else f"the reason is {operation.reason!r}"


def _end_faults(day: Day, before: Accounts, after: Accounts) -> Iterator[Fault]:
    for kind in KINDS:
        place = f"{kind}s"
        wanted: Mapping[str, Any] = day.end.users if kind == "user" else day.end.groups
        for name, expected in wanted.items():
            found = after[kind].get(name)
            if (found is None) != (expected == "absent"):
                yield ("end", place, name), "it is on the target" if found is not None else "it is not on the target"
            elif found is not None:
                shown = {**found.attributes, "members": list(found.members or ()), "was": _was(kind, found.id, before)}
                for path, value in expected.items():
                    is_list = isinstance(value, list)
                    if shown.get(path) != (sorted(value) if is_list else value):
                        yield ("end", place, name, path), f"it is {shown.get(path)!r}"


def _was(kind: Kind, target_id: str, before: Accounts) -> str:
    """The name that this account had before the run; "new" if there was no such account."""
    return next((name for name, account in before[kind].items() if account.id == target_id), "new")


def _faults_of_another_run(played: Stage, day: Day, ran: Ran) -> Iterator[Fault]:
    """A law of every story: the same once more has nothing to do, and the endpoint was sent nothing invalid."""
    if ran.exit_code in (0, 5):
        again = played.run(f"{day.given.command} --full".replace("--approve ", ""))
        if again.writes:
            told = [told_operation(operation) for operation in (again.plan.operations if again.plan else ())]
            yield (), f"another sync would go on: {told}"
    if played.world.sandbox.counts.invalid:
        yield (), f"invalid requests: {played.world.sandbox.counts.told}"
