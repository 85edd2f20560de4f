"""What must be known to write a configuration: the questions, what counts as an answer, and what a source section is.

An answer is text, "" for nothing. A check raises ValueError with the rest of a sentence that begins with the question's
name, as those of config/form.py do, or AboutFile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scim_bridge.config import form
from scim_bridge.config.source import CLOUDS
from scim_bridge.config.source_document import FROM_USERS

Answers = Mapping[str, str]
Check = Callable[[str, Answers], object]
FILES = ("users", "groups", "members")
NOTHING = "-"
"""What a person types where nothing is meant and something is suggested."""


class AboutFile(ValueError):
    """What is wrong stands in a file: a whole sentence that names it, and no answer of another kind would help."""


def _always(_: Answers) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask. default: what is suggested, None if there is nothing to suggest and an answer is needed.

    name: the option of the command line, without its dashes. needs_file: suggested only where such a file is there.
    applies: whether it is asked at all, by the answers before it; else the answer is nothing, but for a given option.
    unanswered: why an answer is needed, and the way out, "; " between them.
    """

    name: str
    asks: str
    check: Check
    default: str | None = None
    needs_file: bool = False
    applies: Callable[[Answers], bool] = _always
    unanswered: str = ""


def _must(read: Callable[[str], object]) -> Check:
    return lambda answer, _: read(answer)


def _may(read: Callable[[str], object]) -> Check:
    return lambda answer, _: read(answer) if answer else None


def _name(answer: str, _: Answers) -> None:
    try:
        form.connection_name(answer)
    except ValueError as error:
        raise ValueError(f": {answer!r}{error}") from None


def _servers(answer: str, _: Answers) -> None:
    for url in answer.split() or [""]:
        form.ldap_url(url)


def _in_the_clear(answers: Answers) -> str:
    """The first server that would be sent the password as it is, "" if there is none."""
    return next((url for url in answers["ldap-url"].split() if not form.is_private_ldap_url(url)), "")


def _start_tls(answer: str, answers: Answers) -> None:
    if answer not in ("yes", "no", ""):
        raise ValueError(": write yes or no")
    if answer != "yes" and _in_the_clear(answers):
        raise ValueError(f": {_in_the_clear(answers)} would send the password and all names in the clear; {_ENCRYPTED}")


def _flavor(answer: str, _: Answers) -> None:
    if answer not in ("openldap", "389-ds", "active-directory"):
        raise ValueError(": write openldap, 389-ds (FreeIPA too) or active-directory")


def _kind(answer: str, _: Answers) -> None:
    if answer not in SOURCES:
        raise ValueError(f": write {', '.join(SOURCES)}")


def _cloud(answer: str, _: Answers) -> None:
    if answer not in CLOUDS:
        raise ValueError(f": write {', '.join(CLOUDS)}")


def _login(answer: str, answers: Answers) -> None:
    form.origin(answer)
    if answers["cloud"] != "global":
        raise ValueError(": this is instead of a cloud by its name; leave out --cloud")


def _graph(answer: str, answers: Answers) -> None:
    form.origin(answer)
    _with_login(answer, answers)


def _with_login(answer: str, answers: Answers) -> None:
    if answer and not answers["cloud-login"]:
        raise ValueError(": this goes with a cloud of its own addresses; give --cloud-login too")


def _has_addresses(answers: Answers) -> bool:
    return bool(answers["cloud-login"])


def _members(answer: str, answers: Answers) -> None:
    if answer and not answers.get("groups"):
        raise ValueError(" needs groups; name the groups file too")


def _token(answer: str, answers: Answers) -> None:
    form.token(answer)
    if answer.partition(":")[0] not in ("env", "file") and not form.is_loopback_url(answers.get("url", "")):
        raise ValueError(": write env:NAME or file:PATH, never the token itself")


_ENCRYPTED = "give --start-tls, or write ldaps://"
_ca_file = Question("ca-file", f"Certificate authority's file ({NOTHING}: what the system trusts)", _may(form.text), "")
KIND = Question("source", "Kind of source (csv, ldap, entra)", _kind, "csv")
SOURCES: Mapping[str, tuple[Question, ...]] = {
    "csv": (
        Question("users", "File of the users", _must(form.text), "users.csv"),
        Question("encoding", "Encoding (auto is UTF-8; cp932 for Japanese Excel)", _must(form.encoding), "auto"),
        Question(
            "groups",
            f"File of the groups ({NOTHING} for none, {FROM_USERS} for what a column of users lists)",
            _may(form.text),
            "groups.csv",
            needs_file=True,
        ),
        Question(
            "members",
            f"File of the memberships, a row for each ({NOTHING} for none)",
            _members,
            "members.csv",
            needs_file=True,
        ),
    ),
    "ldap": (
        Question("ldap-url", "Servers (ldaps://HOST, several with spaces between)", _servers),
        Question(
            "start-tls",
            "StartTLS, so that ldap:// is encrypted (yes, no)",
            _start_tls,
            applies=lambda answers: bool(_in_the_clear(answers)),
            unanswered=f"ldap:// would send the password and all names in the clear; {_ENCRYPTED}",
        ),
        Question("flavor", "Flavor (openldap, 389-ds, active-directory)", _flavor, "openldap"),
        Question("bind-dn", "Distinguished name to sign in with", _must(form.text)),
        Question(
            "password", "Its password, by reference (env:NAME, file:PATH)", _must(form.reference), "env:LDAP_PASSWORD"
        ),
        Question("users-base", "Where users are (ou=people,dc=…)", _must(form.text)),
        Question("groups-base", f"Where groups are ({NOTHING} for none)", _may(form.text), ""),
        _ca_file,
    ),
    "entra": (
        Question("tenant", "Tenant id", _must(form.azure_name)),
        Question("client", "Application (client) id", _must(form.azure_name)),
        Question("secret", "Its secret, by reference (env:NAME, file:PATH)", _must(form.reference), "env:ENTRA_SECRET"),
        Question("cloud", f"Cloud ({', '.join(CLOUDS)})", _cloud, "global"),
        Question("cloud-login", "Address to sign in at", _login, applies=lambda _: False),
        Question("cloud-graph", "Address of Graph", _graph, applies=_has_addresses),
        replace(_ca_file, check=_with_login, applies=_has_addresses),
    ),
}
"""The questions of each kind of source, in their order."""

TARGET = (
    Question(
        "url",
        "SCIM endpoint (https://scim.REGION.amazonaws.com/TENANT/scim/v2)",
        lambda answer, _: form.endpoint(answer),
    ),
    Question("token", "Access token, by reference (env:NAME, file:PATH)", _token, "env:SCIM_TOKEN"),
    Question("name", "Name of this connection", _name, "corp"),
)


def as_options(answers: Answers) -> list[str]:
    """The same answers as options of the command line. A token that is not a reference is left out."""
    told: list[str] = []
    for each in (KIND, *SOURCES[answers["source"]], *TARGET):
        answer = answers.get(each.name, "")
        is_secret = each.name == "token" and answer.partition(":")[0] not in ("env", "file")
        if each.name == "start-tls":
            told += ["--start-tls"] if answer == "yes" else []
        elif (answer or each.default is not None) and not is_secret:
            told += [f"--{each.name}", answer or NOTHING]
    return told


def source_section(kind: str, answers: Answers) -> dict[str, Any]:
    """`source` of bridge.yaml, from the answers to the questions of its kind. What was not answered is left out.

    Groups that are made from users' lists are left out too: which lists, only their columns say.
    """
    if kind == "csv":
        files = {name: answers[name] for name in FILES if answers[name] not in ("", FROM_USERS)}
        encoding = {} if answers["encoding"] == "auto" else {"encoding": answers["encoding"]}
        return {"kind": "csv", **files, **encoding}
    return _entra(answers) if kind == "entra" else _ldap(answers)


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
