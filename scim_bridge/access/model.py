"""Who may enter which account with which permission set, and what that allows. Pure once the data file is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scim_bridge.config.yaml_file import YamlFile, nearest, refuse


@dataclass(frozen=True, slots=True)
class Assignment:
    """A group may enter these accounts with this permission set."""

    group: str
    accounts: tuple[str, ...]
    permission_set: str


@dataclass(frozen=True, slots=True)
class AccessModel:
    """Accounts by id → name, permission sets by name → what they allow, and assignments."""

    accounts: Mapping[str, str]
    permission_sets: Mapping[str, tuple[str, ...]]
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One way in: a user, through a group, into an account, with a permission set that allows something."""

    user: str
    group: str
    account: str
    permission_set: str
    allows: str


def load_access(path: Path) -> AccessModel:
    """Read an access file. Raises Misconfigured with every problem."""
    file = YamlFile(path)
    problems = [
        f"{file.at((key,))}: there is no such key{nearest(key, _KEYS)}." for key in file.data if key not in _KEYS
    ]
    accounts = {str(number): str(name) for number, name in _section(file, "accounts", problems).items()}
    sets = {name: tuple(map(str, allows)) for name, allows in _section(file, "permission_sets", problems).items()}
    assignments = []
    for number, entry in enumerate(file.data.get("assignments") or ()):
        place = file.at(("assignments", number))
        try:
            given = Assignment(str(entry["group"]), tuple(map(str, entry["accounts"])), str(entry["permission_set"]))
        except (KeyError, TypeError):
            problems.append(f"{place}: an assignment has a group, accounts and a permission_set.")
            continue
        names = accounts.values()
        problems += [
            f"{place}: there is no account {a!r}{nearest(a, names)}." for a in given.accounts if a not in names
        ]
        if given.permission_set not in sets:
            hint = nearest(given.permission_set, sets)
            problems.append(f"{place}: there is no permission set {given.permission_set!r}{hint}.")
        assignments.append(given)
    refuse(file.name, problems)
    return AccessModel(accounts, sets, tuple(assignments))


_KEYS = ("accounts", "permission_sets", "assignments")


def _section(file: YamlFile, key: str, problems: list[str]) -> Mapping[str, Any]:
    section = file.data.get(key)
    if not isinstance(section, dict):
        problems.append(f"{file.at((key,))}: write {key} as `name: …` lines.")
        return {}
    return section


def access_rows(model: AccessModel, members: Mapping[str, Iterable[str]]) -> tuple[AccessRow, ...]:
    """One row for each user, group, account and permission set. members: group name → names of its *active* users."""
    rows = [
        AccessRow(user, assignment.group, account, assignment.permission_set, "; ".join(allows))
        for assignment in model.assignments
        for allows in [model.permission_sets[assignment.permission_set]]
        for user in members.get(assignment.group, ())
        for account in assignment.accounts
    ]
    return tuple(sorted(rows, key=lambda r: (r.user, r.group, r.account, r.permission_set)))
