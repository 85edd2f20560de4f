"""What has happened to a run's changes since: by later runs, as the journal has it, and by others, as readings saw it.

Who undoes a run, or goes on with a saved plan that was cut, may only touch what is still as that run left it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from scim_bridge.model.run import OperationRecord
from scim_bridge.model.touch import Touch, member_of_path, touches_of
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.plan_file import from_document
from scim_bridge.run.bridge import Bridge
from scim_bridge.state.reader import StateReader


def touches_since(bridge: Bridge, reader: StateReader, run_id: int, sides: Sides) -> list[Touch]:
    """What later runs have written and others have changed since a run. Without an answer, the target tells."""
    record, ids = reader.run(run_id), {link.source_id: link.target_id for link in sides.known.users.values()}
    touches: list[Touch] = []
    for later in reader.later_runs(bridge.name, bridge.endpoint, run_id):
        operation = from_document(later.document)
        target_id = later.target_id or operation.target_id
        if target_id is None:
            continue
        written = touches_of(operation, target_id, f"run {later.run_id}", ids)
        # A later run whose answer was lost counts if the target shows its effect; undoing on top of it would mix two
        # runs.
        touches += (touch for touch in written if later.status == "done" or _is_so(touch, sides))
    since = record.started if record is not None else datetime.now(UTC)
    return touches + reader.seen_changes(bridge.endpoint, since)


def is_on_record(reader: StateReader, connection: str, since: datetime) -> bool:
    """Whether the history still has all that happened to a connection since a moment (`history.keep`).

    If it does not, a later change of someone else could be taken for what the undone run or the saved plan had left.
    """
    forgotten = reader.forgotten_until(connection)
    return forgotten is None or since > forgotten


def _is_so(touch: Touch, sides: Sides) -> bool:
    """Whether the target shows now what an operation without a good answer wanted."""
    user_id = member_of_path(touch.path)
    if user_id is not None:
        return (user_id in sides.members.get(touch.target_id, frozenset())) is touch.value
    existing = sides.inventory.of(touch.kind).get(touch.target_id)
    return existing is not None and existing.attributes.get(touch.path) == touch.value


def undone_since(bridge: Bridge, reader: StateReader, begun: Sequence[OperationRecord], sides: Sides) -> str:
    """What a later run or someone else has changed since, among what a saved plan did before it was cut; in words.

    begun: its operations that were sent. "" if nothing was changed: then the plan may go on.
    """
    if not begun:
        return ""
    own = {f"run {record.run_id}" for record in begun}
    wanted = {}
    for record in begun:
        operation = from_document(record.document)
        target_id = record.target_id or operation.target_id
        if record.status == "done" and target_id is not None:
            for touch in touches_of(operation, target_id, "", {}):
                wanted[touch.kind, touch.target_id, touch.path] = (touch.value, operation.subject)
    for touch in touches_since(bridge, reader, begun[0].run_id, sides):
        value, subject = wanted.get((touch.kind, touch.target_id, touch.path), (touch.value, ""))
        # The same value written by someone else is fine: it is what the plan wants.
        if touch.by not in own and touch.value != value:
            return f"{subject} was changed by {touch.by}"
    return ""
