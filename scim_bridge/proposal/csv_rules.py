"""The rules for users of a CSV file, from what its columns are for: as in the ready mapping, with the file's own names.

A role without a column has no rule, unless every target wants the attribute: then another column stands in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scim_bridge.mapping.expression import spelled


@dataclass(frozen=True, slots=True)
class RuleText:
    """One line under `attributes`. comment: what a person should know of it, "" if nothing."""

    path: str
    text: str
    comment: str = ""


Roles = Mapping[str, str]
"""What a column is for (header.ROLES) → its header. `id` and `login` are always there."""


def user_rules(roles: Roles) -> tuple[RuleText, ...]:
    """Every rule for users, in the order of the ready mapping."""
    login = spelled(roles["login"])
    rules = [
        RuleText("userName", f"{login}.lower()", "must equal what the identity provider asserts at sign-in"),
        _name(roles, "given"),
        _name(roles, "family"),
        RuleText("displayName", display_rule(roles)),
        *_plain("emails", "mail", roles),
        *_active(roles),
        *_plain("title", "title", roles),
        *_plain("enterprise.department", "dept", roles),
        *_plain("enterprise.manager", "manager", roles, "the manager's id"),
    ]
    return tuple(rules)


def scope_rule(column: str) -> str:
    """Whoever has something in this column is provisioned."""
    return f'{spelled(column)} != ""'


def ahead_of_first_day(roles: Roles) -> str:
    """The scope by which nobody is provisioned earlier than two weeks before the first day, "" without such a day."""
    if "starts" not in roles:
        return ""
    return f"{scope_rule(roles['login'])} && !isAfter({spelled(roles['starts'])}, addDays(today, 14))"


def has_family_first(header: str) -> bool:
    """Whether a column of this header writes names as in East Asia, family name first."""
    return not header.isascii()


def display_rule(roles: Roles) -> str:
    """The display name: as it stands, else put together from the others."""
    choices = [spelled(roles["display"])] if "display" in roles else []
    if "given" in roles and "family" in roles:
        order = ("family", "given") if has_family_first(roles["family"]) else ("given", "family")
        first, second = (spelled(roles[role]) for role in order)
        choices.append(f'({first} + " " + {second}).trim()')
    choices.append(spelled(roles["login"]))
    return f"firstNonEmpty({', '.join(choices)})" if len(choices) > 1 else choices[0]


def _name(roles: Roles, part: Literal["given", "family"]) -> RuleText:
    path = f"name.{part}Name"
    if part in roles:
        return RuleText(path, spelled(roles[part]))
    if "display" not in roles:
        return RuleText(path, spelled(roles["login"]), "no column has it, and every target wants it")
    return RuleText(path, _part_of_whole(roles["display"], part), "a part of the whole name")


_CUT = {
    ("family", True): r"\s.*$",
    ("given", True): r"^\S+\s+",
    ("family", False): r"^.*\s",
    ("given", False): r"\s+\S+$",
}
"""What is cut off a whole name to get one part: the family name is one word, first or last. One word alone is both."""


def _part_of_whole(header: str, part: Literal["given", "family"]) -> str:
    return f'{spelled(header)}.trim().regexReplace(r"{_CUT[part, has_family_first(header)]}", "")'


def _plain(path: str, role: str, roles: Roles, comment: str = "") -> list[RuleText]:
    return [RuleText(path, spelled(roles[role]), comment)] if role in roles else []


def _active(roles: Roles) -> list[RuleText]:
    """Who may sign in: by a flag, by the contrary of one, by a last day; by several only if all say so."""
    says = []
    if "enabled" in roles:
        says.append(f"truth({spelled(roles['enabled'])})")
    if "disabled" in roles:
        says.append(f"!truth({spelled(roles['disabled'])})")
    if "leaves" in roles:
        says.append(f"!isBefore({spelled(roles['leaves'])}, today)")
    is_by_day = len(says) == 1 and "leaves" in roles
    comment = (
        "shut from the day after the last one"
        if is_by_day
        else "yes/no, true/false, 1/0, 有効/無効; else the person waits"
    )
    return [RuleText("active", " && ".join(says), comment)] if says else []
