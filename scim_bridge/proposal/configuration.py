"""`bridge.yaml` as text, with a comment beside what a person is likely to change."""

from collections.abc import Iterator, Mapping
from typing import Any

from scim_bridge.config.source import MY_CUSTOMER
from scim_bridge.config.source_document import FROM_USERS
from scim_bridge.proposal import yaml_text
from scim_bridge.proposal.questions import FILES, Answers

_COMMENTS_BEGIN = 56
_COMMENTS = {
    ("csv", "users"): "{date} in the paths: the newest export that has all its files",
    ("csv", "groups"): "from-users: made from what a column of users lists",
    ("csv", "members"): "a row for each; or lists in a column (docs/sources.md)",
    ("csv", "encoding"): "any codec Python knows; without it UTF-8",
    ("ldap", "urls"): "several are tried in order",
    ("ldap", "users"): 'filter: "(…)" for some of them only',
    ("ldap", "groups"): "or member: uniqueMember, memberUid; the filter follows",
    ("entra", "credential"): "or certificate and key, federated_token_file, managed_identity",
    ("google", "scope"): "or {org_units: [/Staff]}, {groups: [PATTERN]}",
    ("entra", "scope"): "or {groups: [<object id>]}, {application: <application id>}",
}
_BY_REFERENCE = "a reference: the token itself is not written here"
_ENDING = """\
      # protect: {users: ["breakglass@corp.example"], groups: ["AWSControlTower*"]}  # never touched
      # limits: {deactivate: 10%, delete: 5%, remove_members: 20%}   # a run that would take more stops
    schedule: {every: 5m, verify: auto}                 # how often to sync, and to read the whole target again
service: {listen: 127.0.0.1:8080}                       # where `run` serves its pages
"""
_ADOPT = ("      adopt: first-run", "users that exist are adopted once; or always, ask")
_TAKE_OVER = ("      adopt: takeover", "as first-run, beside the ids that the old tool has written")
_CREATE = ("      create_inactive: false", "who is suspended and not there yet is not created")


def configuration(connection: str, source: Mapping[str, Any], mapping: str, target: Mapping[str, str]) -> str:
    """The whole file. source: as source_section gives it; mapping: the file's path as seen from this one."""
    lines = [
        "# What scim-bridge syncs, from where to where. `scim-bridge schema` prints all keys; relative",
        "# paths are relative to this file. Look at it with: scim-bridge check; then: scim-bridge plan",
        _line("state: sqlite:///scim-bridge.db", "what it remembers; may be lost"),
        "connections:",
        f"  {yaml_text.value(connection)}:",
        "    source:",
        *_section(source),
        _line(f"    mapping: {yaml_text.value(mapping)}", "rules: who is provisioned, with which attributes"),
        "    target:",
        _line("      kind: identity-center", "or scim: any RFC 7644 server"),
        f"      url: {yaml_text.value(target['url'])}",
        _line(
            f"      token: {yaml_text.value(target['token'])}", _BY_REFERENCE if _is_reference(target["token"]) else ""
        ),
        _line("      # token_expires: 2027-03-01", "the console shows it; warns from 90 days ahead"),
        _line("      requests_per_second: auto", "finds what AWS permits; a number is a ceiling"),
        "    policy:",
        _line("      deprovision: {action: deactivate}", "with delete_after: 30d, deleted 30 days later"),
        _line(*(_TAKE_OVER if target.get("from") else _ADOPT)),
        *([_line(*_CREATE)] if source["kind"] == "google" else []),
    ]
    return "\n".join(lines) + "\n" + _ENDING


def _is_reference(token: str) -> bool:
    return token.startswith(("env:", "file:"))


def _section(source: Mapping[str, Any]) -> Iterator[str]:
    for key, value in source.items():
        yield _line(f"      {key}: {_flow(value)}", _COMMENTS.get((source["kind"], key), ""))


def _flow(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(it)}" for key, it in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return yaml_text.value(value)


def _line(text: str, comment: str) -> str:
    return f"{text:<{_COMMENTS_BEGIN - 1}} # {comment}" if comment else text


def source_section(kind: str, answers: Answers) -> dict[str, Any]:
    """`source` of bridge.yaml, from the answers to the questions of its kind. What was not answered is left out.

    Groups that are made from users' lists are left out too: which lists, only their columns say.
    """
    if kind == "csv":
        files = {name: answers[name] for name in FILES if answers[name] not in ("", FROM_USERS)}
        encoding = {} if answers["encoding"] == "auto" else {"encoding": answers["encoding"]}
        return {"kind": "csv", **files, **encoding}
    return {"entra": _entra, "google": _google, "ldap": _ldap}[kind](answers)


def _google(answers: Answers) -> dict[str, Any]:
    credential = {"service_account": answers["service-account"], "federation": answers["federation"]}
    if answers["key"]:
        credential = {"key": answers["key"]}
    section: dict[str, Any] = {"kind": "google", "admin": answers["admin"], "credential": credential}
    if answers["customer"] != MY_CUSTOMER:
        section["customer"] = answers["customer"]
    section["scope"] = {"all": True}
    if answers["google-origin"]:
        trust = {"ca_file": answers["ca-file"]} if answers["ca-file"] else {}
        section["endpoint"] = {"origin": answers["google-origin"]} | trust
    return section


def _entra(answers: Answers) -> dict[str, Any]:
    identity = {name: answers[name] for name in ("tenant", "client")}
    section = {"kind": "entra", **identity, "credential": {"secret": answers["secret"]}, "scope": {"all": True}}
    if answers["cloud-login"]:
        trust = {"ca_file": answers["ca-file"]} if answers["ca-file"] else {}
        return section | {"cloud": {"login": answers["cloud-login"], "graph": answers["cloud-graph"]} | trust}
    return section if answers["cloud"] == "global" else section | {"cloud": answers["cloud"]}


def _ldap(answers: Answers) -> dict[str, Any]:
    section: dict[str, Any] = {"kind": "ldap", "urls": answers["ldap-url"].split(), "flavor": answers["flavor"]}
    section["bind"] = {"method": "simple", "dn": answers["bind-dn"], "password": answers["password"]}
    start: dict[str, Any] = {"start": True} if answers["start-tls"] == "yes" else {}
    tls = start | ({"ca_file": answers["ca-file"]} if answers["ca-file"] else {})
    if tls:
        section["tls"] = tls
    section["users"] = {"base": [answers["users-base"]]}
    return section | ({"groups": {"base": [answers["groups-base"]]}} if answers["groups-base"] else {})
