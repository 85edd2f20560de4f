"""The rules for users of a CSV file, from what its columns are for: as in the ready mapping, with the file's own names.

A role without a column has no rule, unless every target wants the attribute: then another column stands in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scim_bridge.mapping.expression import spelled
from scim_bridge.proposal.day_form import PLAIN, DayForm
from scim_bridge.proposal.header import plain
from scim_bridge.proposal.standing import Standing


@dataclass(frozen=True, slots=True)
class RuleText:
    """One line under `attributes`. comment: what a person should know of it, "" if nothing."""

    path: str
    text: str
    comment: str = ""


Roles = Mapping[str, str]
"""What a column is for (header.ROLES) → its header. `id` and `login` are always there."""


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


def user_rules(roles: Roles, cells: Cells) -> tuple[RuleText, ...]:
    """Every rule for users, in the order of the ready mapping."""
    login = login_of(roles, cells)
    rules = [
        RuleText("userName", f"{login}.lower()", "must equal what the identity provider asserts at sign-in"),
        _name(roles, "given", cells),
        _name(roles, "family", cells),
        RuleText("displayName", display_rule(roles)),
        *_plain("emails", "mail", roles),
        *_active(cells.standing),
        *_plain("title", "title", roles),
        *_plain("enterprise.department", "dept", roles),
        *_plain("enterprise.manager", "manager", roles, "the manager's id"),
    ]
    return tuple(rules)


GUEST = "#EXT#"
"""What Entra ID puts into the user principal name of a guest, which is nothing to sign in with."""


def login_of(roles: Roles, cells: Cells) -> str:
    """The expression of the name to sign in with; a guest's is the home address, as in the ready mapping."""
    login = spelled(roles["login"])
    if not cells.guests or roles.get("mail", roles["login"]) == roles["login"]:
        return login
    return f'({login}.contains("{GUEST}") ? {spelled(roles["mail"])} : {login})'


def scope_rule(value: str) -> str:
    """Anyone for whom this expression yields something is provisioned."""
    return f'{value} != ""'


def ahead_of_first_day(roles: Roles, cells: Cells) -> str:
    """The scope by which no one is provisioned earlier than two weeks before the first day, "" without such a day."""
    if "starts" not in roles or cells.starts is None:
        return ""
    first_day = cells.starts.rule(spelled(roles["starts"]))
    return f"{scope_rule(login_of(roles, cells))} && !isAfter({first_day}, addDays(today, 14))"


_EAST_ASIAN = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FAMILY_FIRST = ("nomprenom", "nometprenom", "nachnamevorname", "namevorname", "lastnamefirstname")


def is_east_asian(header: str) -> bool:
    """Whether a header is in a language that puts the family name first in whatever it writes."""
    return _EAST_ASIAN.search(header) is not None


def has_family_first(header: str) -> bool:
    """Whether a column of this header writes whole names with the family name first."""
    return is_east_asian(header) or plain(header) in _FAMILY_FIRST


def display_rule(roles: Roles) -> str:
    """The display name: as it stands, else put together from the others."""
    choices = [spelled(roles["display"])] if "display" in roles else []
    if "given" in roles and "family" in roles:
        order = ("family", "given") if is_east_asian(roles["family"]) else ("given", "family")
        first, second = (spelled(roles[role]) for role in order)
        choices.append(f'({first} + " " + {second}).trim()')
    choices.append(spelled(roles["login"]))
    return f"firstNonEmpty({', '.join(choices)})" if len(choices) > 1 else choices[0]


def _name(roles: Roles, part: Literal["given", "family"], cells: Cells) -> RuleText:
    path = f"name.{part}Name"
    if part in roles:
        return RuleText(path, spelled(roles[part]))
    if "display" not in roles:
        return RuleText(path, spelled(roles["login"]), "no column has it, and every target wants it")
    return RuleText(path, _part_of_whole(roles["display"], part, cells), "a part of the whole name")


_CUT = {
    ("family", True): r"\s.*$",
    ("given", True): r"^\S+\s+",
    ("family", False): r"^.*\s",
    ("given", False): r"\s+\S+$",
}
"""What is cut off a whole name to get one part: the family name is one word, first or last. One word alone is both."""
_CUT_AT_COMMA = {"family": r"\s*,.*$", "given": r"^.*,\s*"}


def _part_of_whole(header: str, part: Literal["given", "family"], cells: Cells) -> str:
    cut = _CUT_AT_COMMA[part] if cells.has_commas else _CUT[part, has_family_first(header)]
    return f'{spelled(header)}.trim().regexReplace(r"{cut}", "")'


def _plain(path: str, role: str, roles: Roles, comment: str = "") -> list[RuleText]:
    return [RuleText(path, spelled(roles[role]), comment)] if role in roles else []


def _active(standing: Standing) -> list[RuleText]:
    """Who may sign in: by a status, a flag, a last day; by several only if all say so."""
    rules = [signal.rule for signal in standing.signals]
    comment = standing.signals[0].comment if len(rules) == 1 else "active only if each of these is true"
    return [RuleText("active", " && ".join(rules), comment)] if rules else []
