"""What may still run of those from whom a plan or a run takes access, worked out from a reading that is kept.

AWS is asked nothing here: a revocation must not wait for it.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from scim_bridge.access.session import sessions_after
from scim_bridge.model.access import AccessReading
from scim_bridge.model.operation import Operation
from scim_bridge.model.run import RunRecord
from scim_bridge.model.session import Sessions, revoked_by
from scim_bridge.plan.plan_file import from_document
from scim_bridge.state.access_memory import AccessMemory
from scim_bridge.state.reader import StateReader


def reading_about(
    memory: AccessMemory, operations: Iterable[Operation], at: datetime | None = None
) -> AccessReading | None:
    """Of the newest reading of access that is kept, those from whom these operations take something.

    at: of the newest one of then, else of the first one after it. Who was deleted since is not in a newer one. None if
    there is none.
    """
    kept = memory.all_kept()
    earlier = [each for each in kept if at is None or each.as_of <= at]
    chosen = earlier[-1:] or kept[:1]
    if not chosen:
        return None
    revoked = revoked_by(operations)
    with memory.lookup(chosen[0].number) as lookup:
        return lookup.around(revoked.users, {group for group, _ in revoked.removed})


def sessions_of_run(reader: StateReader, run: RunRecord, portal: Callable[[], timedelta | None]) -> Sessions | None:
    """What may still run after what a run has taken away; None if it took nothing, or nothing is known of access.

    portal: gives the length of portal sessions, None if no one said it.
    """
    done = taken_by(reader, run.id)
    if not done:
        return None
    return sessions_after_these(done, reading_about(reader.access(run.connection), done, run.started), portal())


def taken_by(reader: StateReader, run_id: int) -> list[Operation]:
    """What a run has done that takes access away."""
    records = reader.revocations(run_id)
    return [replace(from_document(each.document), target_id=each.target_id) for each in records]


def sessions_after_these(
    operations: Iterable[Operation], reading: AccessReading | None, portal: timedelta | None
) -> Sessions | None:
    """The same for operations and a reading."""
    revoked = revoked_by(operations)
    if reading is None or not revoked.users:
        return None
    found = sessions_after(reading, revoked, portal)
    return found if found.users else None
