"""What the columns of CSV files are proposed to be for: by their headers, and by what stands in them."""

from collections.abc import Mapping
from dataclasses import dataclass

from scim_bridge.model.identity import Kind
from scim_bridge.proposal.header import roles_of
from scim_bridge.proposal.profile import texts
from scim_bridge.proposal.survey import Survey

_FEW = 50
"""Per cent of managers that must be somebody's id: below, the column holds names or addresses."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Role → column, for each kind. users may lack `id` or `login`: then a person must say it.

    has_groups: a file of groups is read; then groups has `id` and `name`.
    """

    users: Mapping[str, str]
    groups: Mapping[str, str]
    has_groups: bool


def guess(survey: Survey) -> Columns:
    """What the headers say; and who has no header for it, whose sign-in name is the address, whose name the id."""
    headers = survey.types
    users, groups = roles_of(headers["user"], "user"), roles_of(headers["group"], "group")
    if "login" not in users and "mail" in users:
        users["login"] = users["mail"]
    users |= _id(survey, "user", users)
    if headers["group"]:
        groups = {"id": next(iter(headers["group"]))} | _id(survey, "group", groups) | groups
        groups.setdefault("name", groups["id"])
    return Columns(users, groups, has_groups=bool(headers["group"]))


def _id(survey: Survey, kind: Kind, roles: Mapping[str, str]) -> dict[str, str]:
    """The column called an id; else one in which everybody has another value, names and addresses before others."""
    if "id" in roles:
        return {}
    named = [roles[role] for role in ("login", "mail", "name") if role in roles]
    keys = [seen.name for seen in survey.profiles if seen.kind == kind and seen.is_key]
    chosen = next((name for name in named if name in keys), None) or next(iter([*keys, *named]), None)
    return {"id": chosen} if chosen is not None else {}


def without_foreign_managers(roles: Mapping[str, str], survey: Survey) -> tuple[Mapping[str, str], str]:
    """The roles without `manager` if that column holds something else than ids; and the sentence that says so."""
    if "manager" not in roles:
        return roles, ""
    ids = set(texts(survey.of("user"), roles["id"]))
    managers = texts(survey.of("user"), roles["manager"])
    known = sum(manager in ids for manager in managers)
    if 100 * known >= _FEW * len(managers):
        return roles, ""
    kept = {role: column for role, column in roles.items() if role != "manager"}
    return kept, (
        f"{roles['manager']} holds no ids ({known:,} of {len(managers):,} values are somebody's {roles['id']}), "
        "so there is no rule for the manager"
    )
