"""Who may enter which account with which permission set, and what that allows. Pure once the data file is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scim_bridge.config.yaml_file import KeyPath, YamlFile, nearest, refuse


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
    """Read an access file: accounts (id: name), permission_sets (name: [what it allows]) and assignments.

    Raises Misconfigured with every problem, each with its line.
    """
    file = YamlFile(path)
    reading = _Reading(file)
    reading.problems += [
        f"{file.at((key,))}: there is no such key{nearest(key, _KEYS)}." for key in file.data if key not in _KEYS
    ]
    accounts = {number: str(name) for number, name in reading.section("accounts").items()}
    given = reading.section("permission_sets").items()
    sets = {name: reading.texts(("permission_sets", name), allows) for name, allows in given}
    model = AccessModel(accounts, sets, reading.assignments())
    reading.check_names(model)
    refuse(file.name, reading.problems)
    return model


_KEYS = ("accounts", "permission_sets", "assignments")


class _Reading:
    """One file on its way to a model, with the problems found so far."""

    def __init__(self, file: YamlFile) -> None:
        self.file = file
        self.problems: list[str] = []

    def section(self, key: str) -> Mapping[str, Any]:
        """A part that maps names to something."""
        section = self.file.data.get(key)
        if isinstance(section, dict):
            return section
        self.problems.append(f"{self.file.at((key,))}: write {key} as `name: …` lines.")
        return {}

    def texts(self, where: KeyPath, given: object) -> tuple[str, ...]:
        """A list of texts."""
        if isinstance(given, list) and given:
            return tuple(map(str, given))
        self.problems.append(f"{self.file.at(where)}: write a list, such as [S3, Lambda].")
        return ()

    def assignments(self) -> tuple[Assignment, ...]:
        """Every assignment that is written as one."""
        given = self.file.data.get("assignments")
        if not isinstance(given, list):
            self.problems.append(f"{self.file.at(('assignments',))}: write assignments as a list.")
            return ()
        made = []
        for number, entry in enumerate(given):
            where: KeyPath = ("assignments", number)
            if not isinstance(entry, dict) or set(entry) != {"group", "accounts", "permission_set"}:
                self.problems.append(
                    f"{self.file.at(where)}: an assignment has a group, accounts and a permission_set."
                )
                continue
            accounts = self.texts((*where, "accounts"), entry["accounts"])
            made.append(Assignment(str(entry["group"]), accounts, str(entry["permission_set"])))
        return tuple(made)

    def check_names(self, model: AccessModel) -> None:
        """Every account and permission set that an assignment names has to be there."""
        for number, assignment in enumerate(model.assignments):
            place = self.file.at(("assignments", number))
            known = model.accounts.values()
            self.problems += [
                f"{place}: there is no account {name!r}{nearest(name, known)}."
                for name in assignment.accounts
                if name not in known
            ]
            if assignment.permission_set not in model.permission_sets:
                hint = nearest(assignment.permission_set, model.permission_sets)
                self.problems.append(f"{place}: there is no permission set {assignment.permission_set!r}{hint}.")


def access_rows(model: AccessModel, members: Mapping[str, Iterable[str]]) -> tuple[AccessRow, ...]:
    """One row for each user, group, account and permission set. members: group name → names of its *active* users."""
    rows = {
        AccessRow(user, assignment.group, account, assignment.permission_set, "; ".join(allows))
        for assignment in model.assignments
        for allows in [model.permission_sets[assignment.permission_set]]
        for user in members.get(assignment.group, ())
        for account in assignment.accounts
    }
    return tuple(sorted(rows, key=lambda r: (r.user, r.group, r.account, r.permission_set)))
