"""A mapping file for CSV files, as text: rules in the files' own names, and tests of invented people."""

from collections.abc import Iterator

from scim_bridge.mapping.expression import spelled
from scim_bridge.proposal import yaml_text
from scim_bridge.proposal.csv_rules import (
    Roles,
    RuleText,
    ahead_of_first_day,
    has_family_first,
    scope_rule,
    user_rules,
)

_COMMENTS_BEGIN = 48
_HEAD = """\
# Rules for users and groups from CSV files. Each line under `attributes` is an expression (CEL, https://cel.dev) over
# the columns of the file; a column whose name is no identifier is written source["…"]. The manual, docs/mapping.md,
# lists the functions. Try a change with:
#   scim-bridge mapping test {name}
"""
_EVERYBODY = (
    "    # active: no column was found that says who has left: without a rule, whoever is in the file may sign in\n"
)


def csv_mapping(name: str, users: Roles, groups: Roles | None, match: tuple[str, ...]) -> str:
    """The whole file. name: how the command line calls it; groups: None if there is no file of groups."""
    rules = user_rules(users)
    parts = [
        _HEAD.format(name=name),
        "\nusers:\n",
        _line(f"  id: {yaml_text.value(users['id'])}", "never changes for a person; becomes externalId"),
        _line(f"  match: [{', '.join(match)}]", "how people who are in Identity Center already are found"),
        _line(f"  scope: {yaml_text.rule(scope_rule(users['login']))}", "who is provisioned at all"),
        _ahead(users),
        "  attributes:\n",
        *(_line(f"    {rule.path}: {yaml_text.rule(rule.text)}", rule.comment) for rule in rules),
        "" if any(rule.path == "active" for rule in rules) else _EVERYBODY,
        *(_groups(groups) if groups is not None else ()),
        "\ntests:\n",
        *_user_tests(users, rules),
        *(_group_tests(groups) if groups is not None else ()),
    ]
    return "".join(parts)


def _line(text: str, comment: str) -> str:
    """A line with its comment beside it, or above it where there is no room."""
    if not comment:
        return f"{text}\n"
    if len(text) > _COMMENTS_BEGIN:
        return f"{' ' * (len(text) - len(text.lstrip()))}# {comment[0].upper()}{comment[1:]}.\n{text}\n"
    return f"{text:<{_COMMENTS_BEGIN}}  # {comment}\n"


def _ahead(users: Roles) -> str:
    """Another scope, as a comment: whether people are provisioned before they come is for a person to say."""
    rule = ahead_of_first_day(users)
    if not rule:
        return ""
    return f"  # or, nobody earlier than two weeks before the first day:\n  # scope: {yaml_text.rule(rule)}\n"


def _groups(roles: Roles) -> Iterator[str]:
    yield f"\ngroups:\n  id: {yaml_text.value(roles['id'])}\n  match: [displayName]\n"
    yield f"  scope: {yaml_text.rule(scope_rule(roles['name']))}\n"
    yield _line("  nested: flatten", "Identity Center has no groups in groups")
    yield f"  attributes:\n    displayName: {yaml_text.rule(spelled(roles['name']))}\n"


def _user_tests(roles: Roles, rules: tuple[RuleText, ...]) -> Iterator[str]:
    paths = {rule.path for rule in rules}
    record, expected = _somebody(roles)
    yield _test("a person comes through, the sign-in name in lower case", "user", record, _only(expected, paths))
    if "active" in paths:
        gone = record | _state(roles, is_active=False)
        yield _test("who has left becomes inactive", "user", gone, {"active": False})
    nobody = record | {roles["login"]: ""}
    yield _test("who has no sign-in name is not provisioned", "user", nobody, {"scope": False})


def _only(expected: dict[str, str | bool], paths: set[str]) -> dict[str, str | bool]:
    return {path: value for path, value in expected.items() if path in paths | {"externalId"}}


def _somebody(roles: Roles) -> tuple[dict[str, str], dict[str, str | bool]]:
    """An invented person in the file's own columns, and what becomes of the person."""
    samples = _sample(roles)
    record = {roles[role]: text for role, text in samples.items() if role in roles} | _state(roles, is_active=True)
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


def _sample(roles: Roles) -> dict[str, str]:
    """What the invented person has for each role. Address and sign-in name may be one column, so they are the same."""
    named = next((roles[role] for role in ("display", "family", "given") if role in roles), "")
    is_family_first = has_family_first(named)
    given, family = ("花子", "佐藤") if is_family_first else ("Hanako", "Sato")
    whole = f"{family} {given}" if is_family_first else f"{given} {family}"
    names = {"given": given, "family": family, "display": whole}
    return {
        "id": "7",
        **names,
        "title": "Engineer",
        "dept": "Sales",
        "manager": "3",
        "starts": "1999-04-01",
    } | dict.fromkeys(("mail", "login"), "B.Sato@corp.example")


def _state(roles: Roles, *, is_active: bool) -> dict[str, str]:
    """The columns that say whether somebody may sign in, for who may and for who has left."""
    yes, no = ("true", "false") if is_active else ("false", "true")
    samples = {"enabled": yes, "disabled": no, "leaves": "" if is_active else "1999-12-31"}
    return {roles[role]: text for role, text in samples.items() if role in roles}


def _group_tests(roles: Roles) -> Iterator[str]:
    record = {roles["id"]: "g7"} | {roles["name"]: "開発者グループ"}
    expected: dict[str, str | bool] = {"externalId": record[roles["id"]], "displayName": "開発者グループ"}
    yield _test("groups keep their name", "group", record, expected)


def _test(name: str, kind: str, record: dict[str, str], expected: dict[str, str | bool]) -> str:
    return f"""\
  - name: {name}
    {kind}: {yaml_text.inline(dict(record))}
    expect: {yaml_text.inline(expected)}
"""
