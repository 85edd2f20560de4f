"""What one identity opens in AWS, for `explain`: of the last reading that is kept, since `explain` asks AWS nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from scim_bridge.access.graph import access_rows, allowed_by, application_rows
from scim_bridge.access.session import sessions_of
from scim_bridge.model.access import AccessReading
from scim_bridge.model.identity import TargetKey
from scim_bridge.state.access_memory import AccessMemory
from scim_bridge.view.explain import Explanation, InAws, Way
from scim_bridge.view.session import for_how_long


def with_access(
    told: tuple[Explanation, ...], memory: AccessMemory, portal: timedelta | None
) -> tuple[Explanation, ...]:
    """The same, each with what it opens, if access was ever read.

    portal: the length of portal sessions, None if no one said it.
    """
    if not memory.is_there:
        return told
    with memory.lookup() as lookup:
        users, groups = ({e.target.target_id or "" for e in told if e.kind == kind} for kind in ("user", "group"))
        reading = lookup.around(users, groups)
    if reading is None:
        return told
    is_outdated = memory.has_changed(reading.as_of)
    seen = ((each, _access(reading, each, portal)) for each in told)
    return tuple(replace(each, access=replace(access, is_outdated=is_outdated)) for each, access in seen)


def _access(reading: AccessReading, told: Explanation, portal: timedelta | None) -> InAws:
    target_id = told.target.target_id or ""
    if told.kind == "group":
        group = TargetKey("group", target_id)
        arns = {use.application for use in reading.uses if use.principal == group}
        names = sorted(reading.applications[arn].name for arn in arns)
        return InAws(reading.as_of, tuple(_ways_of_group(reading, group)), tuple(names))
    rows = [row for row in access_rows(reading) if row.user_id == target_id]
    ways = [
        Way(
            via=row.via,
            account=row.account,
            account_id=row.account_id,
            permission_set=row.permission_set,
            allows=row.allows,
            level=row.level,
        )
        for row in rows
    ]
    uses = {use.application for use in application_rows(reading) if use.user_id in (None, target_id)}
    user = reading.people.users.get(target_id)
    sessions = for_how_long(sessions_of(reading, [user], portal)) if user is not None and user.is_active else ""
    return InAws(reading.as_of, tuple(ways), tuple(sorted(uses)), sessions)


def _ways_of_group(reading: AccessReading, group: TargetKey) -> Iterator[Way]:
    """What every member of the group can enter, whether it has members or not."""
    for edge in sorted(reading.edges):
        account, held = reading.accounts[edge.account], reading.sets[edge.permission_set]
        if edge.principal == group and account.is_usable:
            allowed = allowed_by(reading, edge)
            yield Way(
                via=None,
                account=account.name,
                account_id=account.id,
                permission_set=held.name,
                allows=allowed.words,
                level=allowed.level,
            )
