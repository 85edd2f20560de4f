"""Which part of a reading is asked for: a user, an account, a permission set, an application. Pure.

Names are compared as everywhere (docs/design.md §2.5), and ids count as well. A name that is not there is a slip.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from scim_bridge.access.graph import access_rows, application_rows
from scim_bridge.config.yaml_file import nearest
from scim_bridge.errors import Misconfigured
from scim_bridge.model.access import AccessReading, AccessRow, ApplicationRow, Person
from scim_bridge.model.text import folded


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; None = all."""

    user: str | None = None
    account: str | None = None
    permission_set: str | None = None
    application: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows that were asked for. user: the one who was asked for, if any."""

    rows: tuple[AccessRow, ...]
    applications: tuple[ApplicationRow, ...]
    user: Person | None = None


def choose(reading: AccessReading, wanted: Wanted) -> Shown:
    """The rows of what is wanted. Raises Misconfigured, naming what is near, where there is no such thing."""
    user = user_called(reading, wanted.user) if wanted.user is not None else None
    accounts = _matching("account", wanted.account, ((a.id, a.name) for a in reading.accounts.values()))
    sets = _matching("permission set", wanted.permission_set, ((s.name, s.arn) for s in reading.sets.values()))
    applications = reading.applications.values()
    arns = _matching("application", wanted.application, ((a.arn, a.name) for a in applications))
    is_about_accounts = wanted.account is not None or wanted.permission_set is not None
    rows = (
        row
        for row in (access_rows(reading) if wanted.application is None else ())
        if (user is None or row.user_id == user.id)
        and (accounts is None or row.account_id in accounts)
        and (sets is None or row.permission_set in sets)
    )
    uses = (
        row
        for row in (application_rows(reading) if not is_about_accounts else ())
        if (user is None or row.user_id in (None, user.id)) and (arns is None or row.arn in arns)
    )
    return Shown(tuple(rows), tuple(uses), user)


def user_called(reading: AccessReading, named: str) -> Person:
    """The user of this userName, id or display name. Raises Misconfigured, naming what is near, if there is none."""
    name = folded(named)
    users = reading.people.users.values()
    found = [user for user in users if name in (folded(user.name), user.id)]
    found = found or [user for user in users if name == folded(user.display)]
    if not found:
        hint = nearest(named, [user.name for user in users])
        raise Misconfigured(f"there is no user {named!r} in Identity Center{hint}", "Name one by userName or id.")
    if len(found) > 1:
        names = ", ".join(sorted(user.name for user in found))
        raise Misconfigured(f"{len(found)} users are displayed as {named!r}: {names}", "Name one by userName.")
    return found[0]


def _matching(kind: str, named: str | None, known: Iterable[tuple[str, str]]) -> Collection[str] | None:
    """The first of each pair (an id, or what rows have) that is named by either of the two; None if none is named."""
    if named is None:
        return None
    pairs, name = list(known), folded(named)
    found = {first for first, second in pairs if name in (folded(first), folded(second))}
    if not found:
        hint = nearest(named, [each for pair in pairs for each in pair])
        raise Misconfigured(f"there is no {kind} {named!r}{hint}", f"Name the {kind} as AWS has it.")
    return found
