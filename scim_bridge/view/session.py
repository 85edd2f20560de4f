"""Sessions that may outlive a revocation, as people read them: one line for the output of a run, or all of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson

from scim_bridge.model.session import RoleSession, Sessions, UserSessions
from scim_bridge.model.wording import counted, some
from scim_bridge.view import words
from scim_bridge.view.translation import _
from scim_bridge.view.words import printable

_LONGEST = timedelta(hours=12)
"""For so long AWS keeps the deny statement in place: the longest that a role session lasts."""
_SCP = 5_120
"""Characters that a service control policy may have (AWS Organizations, orgs_reference_limits)."""


def in_short(sessions: Sessions, at: datetime | None, more: str) -> str:
    """One line; "" if there is nothing to say. at: when the revocation was, None if it is still to come.

    more: the command that shows all of it.
    """
    if not sessions.users:
        return ""
    count = len(sessions.users)
    named = printable(some([each.user for each in sessions.users], 3))
    verb = ("loses" if count == 1 else "lose") if at is None else "lost"
    told = f"sessions: {counted(count, 'user')} {verb} access ({named}); their sessions may run {_until(sessions, at)}"
    is_to_come = at is None and any(each.how != "loses access" for each in sessions.users)
    todo = "End them in the console before the run, since it cannot end them afterwards" if is_to_come else "See"
    return f"{told}. {todo}: {more}"


def for_how_long(sessions: Sessions) -> str:
    """For how long the sessions of one active user may run after a deactivation; "" if there would be none."""
    user = next(iter(sessions.users), None)
    if user is None or not (user.roles or user.applications):
        return ""
    return _(
        "After a deactivation, sessions may run for up to %(span)s. To see how to end them: %(command)s",
        span=_span(user.lasts),
        command=f"scim-bridge access sessions {printable(user.user)}",
    )


def _until(sessions: Sessions | UserSessions, at: datetime | None) -> str:
    if at is None:
        return f"for up to {_span(sessions.lasts)} after it"
    return f"until {words.local(at + sessions.lasts)} at the latest"


def _span(length: timedelta) -> str:
    """In days only from two days on, since a role session is known by its hours."""
    hours, rest = divmod(int(length.total_seconds()), 3600)
    if length >= timedelta(days=2) or rest:
        return words.span(length)
    return f"{hours} h"


def in_full(sessions: Sessions, at: datetime | None) -> tuple[str, ...]:
    """All of it, a line each: what may run until when, how to end it, and the policy to copy."""
    return tuple(_lines(sessions, at))


def _lines(sessions: Sessions, at: datetime | None) -> Iterator[str]:
    for user in sessions.users:
        yield f"{printable(user.user)} ({user.user_id}) {_how(user, at)}"
        for role in user.roles:
            yield f"  {_role(role)}: {_length(role.lasts, at)}{_why(role)}"
        for used in user.applications:
            yield f"  application {printable(used.application)}: {_length(used.lasts, at)}"
        if user.portal is not None:
            yield f"  AWS access portal: {_length(user.portal, at)}"
    yield from advice(sessions, at)
    if sessions.deny:
        keep = max((role.lasts for user in sessions.users for role in user.roles), default=_LONGEST)
        span = _span(max(keep, _LONGEST))
        yield f"To stop them now, put this policy into a service control policy, and keep it for {span}:"
        yield from deny_text(sessions).splitlines()


def deny_text(sessions: Sessions) -> str:
    """The policy, ready to copy."""
    return orjson.dumps(sessions.deny, option=orjson.OPT_INDENT_2).decode()


def _how(user: UserSessions, at: datetime | None) -> str:
    if user.how == "loses access":
        return "loses access" if at is None else "lost access"
    # Nothing has happened yet: "is deactivated" would say that the user already is.
    return f"if {user.how} now:" if at is None else f"was {user.how}"


def _role(role: RoleSession) -> str:
    name = f"{printable(role.permission_set)} on {printable(role.account)}"
    return name if role.account == role.account_id else f"{name} ({role.account_id})"


def _length(lasts: timedelta, at: datetime | None) -> str:
    return f"up to {_span(lasts)}" if at is None else f"until {words.local(at + lasts)} at the latest"


def _why(role: RoleSession) -> str:
    if not role.is_renewable:
        return ""
    return ", since an assignment is left and the portal session may begin another one"


def advice(sessions: Sessions, at: datetime | None) -> Iterator[str]:
    """What to do about them, each a sentence."""
    hows = {user.how for user in sessions.users}
    if "deactivated" in hows and at is None:
        yield (
            "End the sessions in the console before the deactivation (Users, the user, Active sessions): for a "
            "deactivated user the console cannot end them."
        )
    elif "deactivated" in hows:
        yield (
            "The console cannot end the sessions of a deactivated user. To end them there, enable the user, end the "
            "sessions (Users, the user, Active sessions), and disable the user again."
        )
    if "deleted" in hows:
        yield (
            "End the sessions in the console before the deletion: afterwards they cannot be ended there."
            if at is None
            else "The sessions of a deleted user can no longer be ended in the console."
        )
    if any(user.roles for user in sessions.users):
        yield "Ending a portal session does not end role sessions: only a deny statement stops those."
    if sessions.assumed_portal is not None:
        yield (
            f"The length of portal sessions cannot be read: {_span(sessions.assumed_portal)} is AWS's default, and 90 "
            "days are possible. Set switch.portal_session to what your console shows."
        )
    if "loses access" in hows and sessions.deny:
        yield "A user who loses only a part of the access keeps the rest: the statement denies the lost roles alone."
    central = sorted({role.permission_set for user in sessions.users for role in user.roles if role.is_management})
    if central:
        yield (
            "A service control policy does not reach the management account. There, put the statements into the inline "
            f"policy of {printable(some(central))}, and provision the permission set again."
        )
    if sessions.deny and len(orjson.dumps(sessions.deny)) > _SCP:
        yield f"The policy is longer than the {_SCP:,} characters of a service control policy: divide it into several."
    if sessions.not_known:
        verb = "is" if sessions.not_known == 1 else "are"
        yield f"{counted(sessions.not_known, 'more user')} {verb} not in the last reading of access."


def sessions_document(sessions: Sessions, at: datetime | None) -> dict[str, Any]:
    """The same for programs. seconds: after the revocation; until: UTC, null if it is still to come."""

    def length(lasts: timedelta) -> dict[str, Any]:
        return {"seconds": int(lasts.total_seconds()), "until": words.utc(at + lasts) if at is not None else None}

    return {
        "users": [
            {
                "user": user.user,
                "user_id": user.user_id,
                "how": user.how,
                "latest": length(user.lasts),
                "portal": length(user.portal) if user.portal is not None else None,
                "roles": [
                    {"account": role.account, "account_id": role.account_id, "permission_set": role.permission_set}
                    | length(role.lasts)
                    | {"is_renewable": role.is_renewable, "is_management": role.is_management}
                    for role in user.roles
                ],
                "applications": [{"application": one.application} | length(one.lasts) for one in user.applications],
            }
            for user in sessions.users
        ],
        "advice": list(advice(sessions, at)),
        "deny": sessions.deny,
    }
