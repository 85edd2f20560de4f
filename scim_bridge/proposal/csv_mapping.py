"""A mapping file for CSV files, as text: rules in the files' own names, and tests of invented people.

The rules are those of the ready mapping. A role without a column has no rule, unless every target wants the attribute:
then another column stands in.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from scim_bridge.mapping.expression import spelled
from scim_bridge.proposal import yaml_text
from scim_bridge.proposal.columns import GUEST, Cells, Roles
from scim_bridge.proposal.headers import has_family_first, is_east_asian
from scim_bridge.proposal.standing import Signal, Standing

_COMMENTS_BEGIN = 48
_WIDEST = 118
_FIRST_DAY = date(1999, 4, 1)
_HEAD = """\
# Rules for users and groups from CSV files. Each line under `attributes` is an expression (CEL, https://cel.dev) over
# the columns of the file; a column whose name is not an identifier is written source["…"]. The manual, docs/mapping.md,
# lists the functions. Try a change with:
#   scim-bridge mapping test {name}
"""
_EVERYBODY = "    # active: there is no rule, so every user in the file is active (see the first lines of this file)\n"


@dataclass(frozen=True, slots=True)
class RuleText:
    """One line under `attributes`. comment: what a person should know of it, "" if nothing."""

    path: str
    text: str
    comment: str = ""


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


def csv_mapping(name: str, users: Roles, groups: Roles | None, match: tuple[str, ...], cells: Cells) -> str:
    """The whole file. name: how the command line calls it; groups: None if there is no file of groups."""
    rules = user_rules(users, cells)
    parts = [
        _first_of_all(cells.standing.alarm),
        _HEAD.format(name=name),
        "\nusers:\n",
        _line(f"  id: {yaml_text.value(users['id'])}", "never changes for a user; becomes externalId"),
        _line(f"  match: [{', '.join(match)}]", "how users that are already in Identity Center are found"),
        _line(f"  scope: {yaml_text.rule(scope_rule(login_of(users, cells)))}", "who is provisioned at all"),
        _ahead(users, cells),
        "  attributes:\n",
        *map(_rule, rules),
        "" if any(rule.path == "active" for rule in rules) else _EVERYBODY,
        *(_groups(groups) if groups is not None else ()),
        "\ntests:\n",
        *_user_tests(users, rules, cells),
        *(_group_tests(groups) if groups is not None else ()),
    ]
    return "".join(parts)


def _rule(rule: RuleText) -> str:
    """One rule on one line; if it is too long and made of several, each of them on its own."""
    line = f"    {rule.path}: {yaml_text.rule(rule.text)}"
    if len(line) <= _WIDEST or " && " not in rule.text:
        return _line(line, rule.comment)
    parts = rule.text.replace(" && ", " &&\n      ")
    return f"{_line(f'    {rule.path}: >-', '')}      {parts}\n"


def _line(text: str, comment: str) -> str:
    """A line with its comment beside it, or above it where there is no room."""
    if not comment:
        return f"{text}\n"
    if len(text) > _COMMENTS_BEGIN:
        return f"{' ' * (len(text) - len(text.lstrip()))}# {comment[0].upper()}{comment[1:]}.\n{text}\n"
    return f"{text:<{_COMMENTS_BEGIN}}  # {comment}\n"


def _first_of_all(alarm: str) -> str:
    """What no one may overlook: if it is not said who has left, everyone is let in."""
    if not alarm:
        return ""
    told = textwrap.wrap(f"WARNING: {alarm}. Add a rule for `active`, or a column that says it.", 116)
    return "".join(f"# {line}\n" for line in told) + "#\n"


def _ahead(users: Roles, cells: Cells) -> str:
    """Another scope, as a comment: whether people are provisioned before they come is for a person to say."""
    rule = ahead_of_first_day(users, cells)
    if not rule:
        return ""
    return f"  # or, no user earlier than two weeks before the first day:\n  # scope: {yaml_text.rule(rule)}\n"


def _groups(roles: Roles) -> Iterator[str]:
    yield f"\ngroups:\n  id: {yaml_text.value(roles['id'])}\n  match: [displayName]\n"
    yield f"  scope: {yaml_text.rule(scope_rule(spelled(roles['name'])))}\n"
    yield _line("  nested: flatten", "Identity Center has no groups in groups")
    yield f"  attributes:\n    displayName: {yaml_text.rule(_group_name(roles))}\n"


def _group_name(roles: Roles) -> str:
    """The column of the name; of a distinguished name, its first part."""
    name = spelled(roles["name"])
    return name if "dn" not in roles else rf'{name}.regexReplace(r"(?i)^cn=([^,]+),.*$", r"\1")'


def _user_tests(roles: Roles, rules: tuple[RuleText, ...], cells: Cells) -> Iterator[str]:
    paths = {rule.path for rule in rules}
    signals = cells.standing.signals
    record, expected = _somebody(roles, cells)
    yield _test("a user is provisioned, with the sign-in name in lower case", "user", record, _only(expected, paths))
    for name, gone in _departures(signals):
        yield _test(name, "user", record | gone, {"active": False})
    if login_of(roles, cells) != spelled(roles["login"]):
        guest = record | {roles["login"]: f"b.sato_partner.example{GUEST}@corp.example"}
        yield _test("a guest has the home address to sign in with", "user", guest, _only(expected, {"userName"}))
    nobody = record | {roles["login"]: ""}
    yield _test("a user without a sign-in name is not provisioned", "user", nobody, {"scope": False})


def _departures(signals: Sequence[Signal]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each way to be inactive, as a test's name and what stands in which column."""
    for signal in signals:
        for value in signal.left:
            said = f"{value!r}" if value else "nothing"
            yield f"a user with {said} in {signal.column} is inactive", {signal.column: value}


def _only(expected: dict[str, str | bool], paths: set[str]) -> dict[str, str | bool]:
    return {path: value for path, value in expected.items() if path in paths | {"externalId"}}


def _somebody(roles: Roles, cells: Cells) -> tuple[dict[str, str], dict[str, str | bool]]:
    """An invented person in the file's own columns, and the outcome."""
    samples = _sample(roles, cells)
    record = {roles[role]: text for role, text in samples.items() if role in roles}
    record |= {signal.column: signal.active for signal in cells.standing.signals}
    login, whole = samples["login"], samples["display"]
    has_both = {"given", "family"} <= set(roles)
    return record, {
        "externalId": record[roles["id"]],
        "userName": login.lower(),
        "name.givenName": samples["given"] if {"given", "display"} & set(roles) else login,
        "name.familyName": samples["family"] if {"family", "display"} & set(roles) else login,
        "displayName": whole if has_both or "display" in roles else login,
        "emails": samples["mail"],
        "active": True,
        "title": samples["title"],
        "enterprise.department": samples["dept"],
        "enterprise.manager": samples["manager"],
    }


def _sample(roles: Roles, cells: Cells) -> dict[str, str]:
    """What the invented person has for each role. Address and sign-in name may be one column, so they are the same."""
    named = next((roles[role] for role in ("display", "family", "given") if role in roles), "")
    given, family = ("花子", "佐藤") if is_east_asian(named) else ("Hanako", "Sato")
    whole = f"{family} {given}" if has_family_first(named) else f"{given} {family}"
    if cells.has_commas and "display" in roles:
        whole = f"{family}, {given}"
    names = {"given": given, "family": family, "display": whole}
    return {
        "id": "7",
        **names,
        "title": "Engineer",
        "dept": "Sales",
        "manager": "3",
        "starts": cells.starts.write(_FIRST_DAY) if cells.starts is not None else "",
    } | dict.fromkeys(("mail", "login"), "B.Sato@corp.example")


def _group_tests(roles: Roles) -> Iterator[str]:
    record = {roles["id"]: "g7"} | {roles["name"]: "開発者グループ"}
    expected: dict[str, str | bool] = {"externalId": record[roles["id"]], "displayName": "開発者グループ"}
    yield _test("groups keep their name", "group", record, expected)


def _test(name: str, kind: str, record: dict[str, str], expected: dict[str, str | bool]) -> str:
    return f"""\
  - name: {yaml_text.sentence(name)}
    {kind}: {yaml_text.inline(dict(record))}
    expect: {yaml_text.inline(expected)}
"""
