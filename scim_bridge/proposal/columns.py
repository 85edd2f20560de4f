"""What the columns of CSV files are proposed to be for: by their headers, and by what stands in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scim_bridge.model.identity import Kind, Record
from scim_bridge.proposal.cell_values import PLAIN, DayForm, day_form
from scim_bridge.proposal.headers import headers_for, is_english, roles_of
from scim_bridge.proposal.standing import Standing, standing
from scim_bridge.proposal.survey import Profile, Survey, texts

_FEW = 50
"""Per cent of managers that must be someone's id: below, the column holds names or addresses."""
_MOST = 90
"""Per cent of records that must have an id of their own, for a column to be taken for one."""
_SAID_BY_CELLS = ("status", "enabled", "disabled", "leaves", "starts")
"""Roles of columns that may be empty today and filled tomorrow. All others are given to columns with something in."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Role → column, for each kind. users may lack `id` or `login`: then a person must say it.

    has_groups: a file of groups is read, or groups are made; then groups has `id` and `name`. notes: what was found on
    the way that a person should know, a sentence each.
    """

    users: Mapping[str, str]
    groups: Mapping[str, str]
    has_groups: bool
    notes: tuple[str, ...] = ()


Roles = Mapping[str, str]
"""What a column is for (headers.ROLES) → its header. `id` and `login` are always there."""


GUEST = "#EXT#"
"""What Entra ID puts into the user principal name of a guest, which is nothing to sign in with."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What the cells say beyond the headers. standing: who may sign in. starts: how first days are written.

    has_commas: whole names are written `Sato, Hanako`. guests: the number of users whose sign-in name is only this
    tenant's label (`…#EXT#@…`) for a guest of another organization.
    """

    standing: Standing
    starts: DayForm | None = PLAIN
    has_commas: bool = False
    guests: int = 0


def guess(survey: Survey) -> Columns:
    """What the headers say; and who has no header for it, whose sign-in name is the address, whose name the id."""
    headers = survey.types
    users, groups = _roles(survey, "user"), _roles(survey, "group")
    if "mail" in users and _is_number(users.get("login", ""), survey):
        users.setdefault("id", users.pop("login"))  # no one signs in by a number where there is an address
        users.pop("login", None)
    if "login" not in users and "mail" in users:
        users["login"] = users["mail"]
    users |= _id(survey, "user", users)
    if headers["group"]:
        groups = {"id": next(iter(headers["group"]))} | _id(survey, "group", groups) | groups
        groups.setdefault("name", groups["id"])
    users = _without_reversed_names(_with_family_name(users, survey), survey)
    return Columns(users, groups, has_groups=bool(headers["group"]))


def cells(users: Mapping[str, str], survey: Survey) -> Cells:
    """What stands in the columns: who may sign in, how days and whole names are written."""
    records = survey.of("user")
    found = {column: _cells(records, column) for column in survey.types["user"]}
    starts = [cell for cell in found.get(users.get("starts", ""), ()) if cell]
    return Cells(
        standing(users, found),
        day_form(starts, is_english=is_english(users.get("starts", ""))),
        has_commas=_has_commas(found.get(users.get("display", ""), ())),
        guests=sum(GUEST in login for login in found.get(users.get("login", ""), ())),
    )


def _cells(records: Iterable[Record], column: str) -> list[str]:
    return [str(record.attributes.get(column, "")) for record in records]


def _roles(survey: Survey, kind: Kind) -> dict[str, str]:
    """Roles by headers, those of columns in which no one has anything only where that may change."""
    filled = {seen.name for seen in survey.profiles if seen.kind == kind and seen.filled}
    headers = survey.types[kind]
    sure = roles_of([header for header in headers if header in filled], kind)
    others = roles_of([header for header in headers if header not in filled], kind)
    roles = {role: header for role, header in others.items() if role in _SAID_BY_CELLS} | sure
    if "id" in roles:
        roles["id"] = _surest_id(survey, kind, roles["id"])
    return roles


def _surest_id(survey: Survey, kind: Kind, first: str) -> str:
    """Of the columns called an id, the first in which everyone has another value, else in which most have."""
    named = headers_for(survey.types[kind], kind, "id")
    return next((name for name in named if _is_id(survey.profile(kind, name))), first)


def _is_number(column: str, survey: Survey) -> bool:
    found = texts(survey.of("user"), column)
    return bool(found) and all(map(str.isdigit, found))


def _is_id(seen: Profile | None) -> bool:
    return seen is not None and seen.is_key


def _id(survey: Survey, kind: Kind, roles: Mapping[str, str]) -> dict[str, str]:
    """The column called an id; else one in which everyone has another value, names and addresses before others."""
    if "id" in roles and _has_most(survey.profile(kind, roles["id"])):
        return {}
    named = [roles[role] for role in ("login", "mail", "name") if role in roles]
    keys = [seen.name for seen in survey.profiles if seen.kind == kind and seen.is_key]
    chosen = next((name for name in named if name in keys), None)
    if "id" in roles:
        return {"id": chosen} if chosen is not None else {}
    chosen = chosen or next(iter([*keys, *named]), None)
    return {"id": chosen} if chosen is not None else {}


def _has_most(seen: Profile | None) -> bool:
    return seen is not None and seen.rate >= _MOST


def _with_family_name(users: dict[str, str], survey: Survey) -> dict[str, str]:
    """`Name` beside `Vorname` is the family name: a whole name would hold the given one."""
    if "given" not in users or "family" in users or "display" not in users:
        return users
    rows = [(_text(record, users["given"]), _text(record, users["display"])) for record in survey.of("user")]
    apart = sum(bool(given and name) and given not in name for given, name in rows)
    if 2 * apart <= sum(bool(given and name) for given, name in rows):
        return users
    return {role: column for role, column in users.items() if role != "display"} | {"family": users["display"]}


def _without_reversed_names(users: dict[str, str], survey: Survey) -> dict[str, str]:
    """`Lee, Ann` is how a list is sorted, and is not shown where both parts of the name have columns."""
    if not {"given", "family", "display"} <= set(users):
        return users
    if not _has_commas(_cells(survey.of("user"), users["display"])):
        return users
    return {role: column for role, column in users.items() if role != "display"}


def _has_commas(cells: Iterable[str]) -> bool:
    names = [cell for cell in cells if cell]
    return bool(names) and 2 * sum("," in name for name in names) > len(names)


def _text(record: Record, column: str) -> str:
    return str(record.attributes.get(column, ""))


def with_known_managers(roles: Mapping[str, str], survey: Survey) -> tuple[Mapping[str, str], str]:
    """The roles with the first column of managers that holds ids, without `manager` if none does, and why not."""
    if "manager" not in roles:
        return roles, ""
    ids = set(texts(survey.of("user"), roles["id"]))
    named = dict.fromkeys([*headers_for(survey.types["user"], "user", "manager"), roles["manager"]])
    for column in named:
        managers = texts(survey.of("user"), column)
        if managers and _are_ids(managers, ids):
            return {**roles, "manager": column}, ""
    managers = texts(survey.of("user"), roles["manager"])
    if _are_ids(managers, ids):
        return roles, ""
    kept = {role: column for role, column in roles.items() if role != "manager"}
    known = sum(manager in ids for manager in managers)
    return kept, (
        f"{roles['manager']} holds no ids ({known:,} of {len(managers):,} values belong to a user {roles['id']}), "
        "so there is no rule for the manager"
    )


def _are_ids(managers: Sequence[str], ids: set[str]) -> bool:
    return 100 * sum(manager in ids for manager in managers) >= _FEW * len(managers)
