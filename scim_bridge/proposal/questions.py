"""What must be known to write a configuration: the questions, and what counts as an answer.

An answer is text, "" for nothing. A check raises ValueError with the rest of a sentence that begins with the question's
name, as those of config/form.py do, or AboutFile. What an answer names is looked at when it is given: a file that is
not there is not found out five questions later.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scim_bridge.config import form
from scim_bridge.config.secret import Secret
from scim_bridge.config.source import CLOUDS, MY_CUSTOMER, CsvSettings, MemberFile
from scim_bridge.config.source_document import FROM_USERS
from scim_bridge.config.yaml_file import nearest
from scim_bridge.errors import Misconfigured, SourceUnreadable
from scim_bridge.proposal.taking_over import LEAVINGS
from scim_bridge.source.decoding import is_utf8
from scim_bridge.source.newest_export import newest
from scim_bridge.source.table import open_table

Answers = Mapping[str, str]
Check = Callable[[str, Answers], object]
FILES = ("users", "groups", "members")
NOTHING = "-"
"""What a person types where nothing is meant and something is suggested."""


class AboutFile(ValueError):
    """What is wrong stands in a file: a whole sentence that names it, and no answer of another kind would help."""


def _always(_: Answers) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
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


def _account(answer: str, answers: Answers) -> None:
    form.mailbox(answer)
    if answers.get("key"):
        raise ValueError(": this is instead of a key; leave out --key")


def _has_no_key(answers: Answers) -> bool:
    return not answers["key"]


def _left_by(answer: str, _: Answers) -> None:
    if answer not in LEAVINGS:
        raise ValueError(f": write {', '.join(LEAVINGS)}, or leave it out")


def _has_addresses(answers: Answers) -> bool:
    return bool(answers["cloud-login"])


def _members(answer: str, answers: Answers) -> None:
    if answer and not answers.get("groups"):
        raise ValueError(" needs groups; name the groups file too")


def _token(answer: str, answers: Answers) -> None:
    form.token(answer)
    if answer.partition(":")[0] not in ("env", "file") and not form.is_loopback_url(answers.get("url", "")):
        raise ValueError(": write env:NAME or file:PATH, never the token itself")


IN_THE_CONSOLE = """\
What Google needs, in this order:
  1. Google Cloud console: a project with the Admin SDK API enabled.
  2. In it a service account, without roles. Without a key: a workload identity pool whose workload may sign for it
     (roles/iam.serviceAccountTokenCreator on the account); else a key file.
  3. Admin console > Security > Access and data control > API controls > Manage domain-wide delegation: the service
     account's numeric client id with these scopes, all to read only, separated by commas:
     https://www.googleapis.com/auth/admin.directory.user.readonly,
     https://www.googleapis.com/auth/admin.directory.group.readonly,
     https://www.googleapis.com/auth/admin.directory.group.member.readonly
  4. A user whose role has the Admin API privileges Users > Read and Groups > Read, who has signed in once.
`scim-bridge check` asks for each scope alone, and names what is missing."""
"""The steps that a person takes before the first question about a Google Workspace account can be answered."""
_ENCRYPTED = "give --start-tls, or write ldaps://"
_ca_file = Question(
    name="ca-file",
    asks=f"Certificate authority's file ({NOTHING}: what the system trusts)",
    check=_may(form.text),
    default="",
)
KIND = Question(name="source", asks="Kind of source (csv, ldap, entra, google)", check=_kind, default="csv")
SOURCES: Mapping[str, tuple[Question, ...]] = {
    "csv": (
        Question(name="users", asks="File of the users", check=_must(form.text), default="users.csv"),
        Question(
            name="encoding",
            asks="Encoding (auto is UTF-8; cp932 for Japanese Excel)",
            check=_must(form.encoding),
            default="auto",
        ),
        Question(
            name="groups",
            asks=f"File of the groups ({NOTHING} for none, {FROM_USERS} for what a column of users lists)",
            check=_may(form.text),
            default="groups.csv",
            needs_file=True,
        ),
        Question(
            name="members",
            asks=f"File of the memberships, a row for each ({NOTHING} for none)",
            check=_members,
            default="members.csv",
            needs_file=True,
        ),
    ),
    "ldap": (
        Question(name="ldap-url", asks="Servers (ldaps://HOST, several with spaces between)", check=_servers),
        Question(
            name="start-tls",
            asks="StartTLS, so that ldap:// is encrypted (yes, no)",
            check=_start_tls,
            applies=lambda answers: bool(_in_the_clear(answers)),
            unanswered=f"ldap:// would send the password and all names in the clear; {_ENCRYPTED}",
        ),
        Question(name="flavor", asks="Flavor (openldap, 389-ds, active-directory)", check=_flavor, default="openldap"),
        Question(name="bind-dn", asks="Distinguished name to sign in with", check=_must(form.text)),
        Question(
            name="password",
            asks="Its password, by reference (env:NAME, file:PATH)",
            check=_must(form.reference),
            default="env:LDAP_PASSWORD",
        ),
        Question(name="users-base", asks="Where users are (ou=people,dc=…)", check=_must(form.text)),
        Question(name="groups-base", asks=f"Where groups are ({NOTHING} for none)", check=_may(form.text), default=""),
        _ca_file,
    ),
    "entra": (
        Question(name="tenant", asks="Tenant id", check=_must(form.azure_name)),
        Question(name="client", asks="Application (client) id", check=_must(form.azure_name)),
        Question(
            name="secret",
            asks="Its secret, by reference (env:NAME, file:PATH)",
            check=_must(form.reference),
            default="env:ENTRA_SECRET",
        ),
        Question(name="cloud", asks=f"Cloud ({', '.join(CLOUDS)})", check=_cloud, default="global"),
        Question(name="cloud-login", asks="Address to sign in at", check=_login, applies=lambda _: False),
        Question(name="cloud-graph", asks="Address of Graph", check=_graph, applies=_has_addresses),
        replace(_ca_file, check=_with_login, applies=_has_addresses),
    ),
    "google": (
        Question(name="admin", asks="User whose rights to read are borrowed (an address)", check=_must(form.mailbox)),
        Question(
            name="key",
            asks=f"Its service account's key, by reference (file:PATH, env:NAME; {NOTHING}: a federated identity)",
            check=_may(form.reference),
            default="",
        ),
        Question(name="service-account", asks="The service account's address", check=_account, applies=_has_no_key),
        Question(
            name="federation",
            asks="File of the federated identity (gcloud iam workload-identity-pools create-cred-config)",
            check=_must(form.text),
            applies=_has_no_key,
        ),
        Question(name="customer", asks="Customer id", check=_must(form.text), default=MY_CUSTOMER),
        Question(
            name="from",
            asks=f"What has provisioned Identity Center so far ({', '.join(LEAVINGS)}; {NOTHING} for none of these)",
            check=lambda answer, answers: _left_by(answer, answers) if answer else None,
            default="",
        ),
        Question(name="google-origin", asks="Address of an emulator", check=_may(form.origin), applies=lambda _: False),
        replace(_ca_file, applies=lambda answers: bool(answers["google-origin"])),
    ),
}
"""The questions of each kind of source, in their order."""

TARGET = (
    Question(
        name="url",
        asks="SCIM endpoint (https://scim.REGION.amazonaws.com/TENANT/scim/v2)",
        check=lambda answer, _: form.endpoint(answer),
    ),
    Question(
        name="token", asks="Access token, by reference (env:NAME, file:PATH)", check=_token, default="env:SCIM_TOKEN"
    ),
    Question(name="name", asks="Name of this connection", check=_name, default="corp"),
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


Look = Callable[[str, Answers, Path], None]
"""Answer, the answers before it, the folder paths are relative to. Raises ValueError as a question's check does."""


def looked_at(question: Question, folder: Path) -> Question:
    """The same question, whose answer is also looked at where it names a file or a secret to be read."""
    look = _LOOKS.get(question.name)
    if look is None:
        return question

    def check(answer: str, answers: Answers) -> None:
        question.check(answer, answers)
        look(answer, answers, folder)

    return replace(question, check=check)


def _look_for_users(answer: str, _: Answers, folder: Path) -> None:
    """Whether the file is there; what is in it can only be read once the encoding is known."""
    _must_be_there(_newest({"users": answer}, folder).users)


def _look_for_encoding(answer: str, answers: Answers, folder: Path) -> None:
    _open(_newest(answers, folder).users, answer)


def _look_for_groups(answer: str, answers: Answers, folder: Path) -> None:
    path = _newest({**answers, "groups": answer}, folder).groups
    if path is not None:
        _open(path, answers["encoding"])


def _look_for_members(answer: str, answers: Answers, folder: Path) -> None:
    members = _newest({**answers, "members": answer}, folder).members
    if isinstance(members, MemberFile):
        _open(members.path, answers["encoding"])


def _newest(answers: Answers, folder: Path) -> CsvSettings:
    """The files named so far, with {date} filled in."""
    users, groups, members = (
        folder / answers[name] if answers.get(name, "") not in ("", FROM_USERS) else None for name in FILES
    )
    try:
        return newest(
            CsvSettings(users=users or folder, groups=groups, members=MemberFile(path=members) if members else None)
        )
    except SourceUnreadable as trouble:
        raise ValueError(f": {trouble.what}; {trouble.way_out.rstrip('.')}") from None


def _must_be_there(path: Path) -> None:
    if not path.is_file():
        raise ValueError(f": {path.name}: there is no such file ({path}); name another file, or put the file there")


def _open(path: Path, encoding: str) -> Sequence[str]:
    """The header of a file. Some UTF-8 reads as another encoding without a fault, and makes no sense."""
    _must_be_there(path)
    table = open_table(path, encoding, "auto", ())
    if table.problems:
        raise AboutFile(table.problems[0])
    if encoding != "auto" and not encoding.casefold().startswith("utf") and is_utf8(path.read_bytes()):
        raise ValueError(f": {path.name} is valid UTF-8, so it is hardly {encoding}; write auto")
    return table.header


def _look_for_certificate_authority(answer: str, _: Answers, folder: Path) -> None:
    if answer:
        _must_be_there(folder / answer)


def _look_for_secret(answer: str, _: Answers, folder: Path) -> None:
    try:
        Secret(answer, folder, "password").read()
    except Misconfigured as wrong:
        raise ValueError(f": {wrong.what}; {wrong.way_out.rstrip('.')}") from None


def _look_for_key(answer: str, answers: Answers, folder: Path) -> None:
    if answer:
        _look_for_secret(answer, answers, folder)


def _look_for_file(answer: str, _: Answers, folder: Path) -> None:
    _must_be_there(folder / answer)


_LOOKS: Mapping[str, Look] = {
    "users": _look_for_users,
    "encoding": _look_for_encoding,
    "groups": _look_for_groups,
    "members": _look_for_members,
    "ca-file": _look_for_certificate_authority,
    "password": _look_for_secret,
    "secret": _look_for_secret,
    "key": _look_for_key,
    "federation": _look_for_file,
}
"""Question → look. The target's token is not among them: nothing is sent, and it may not be at hand yet."""


_COLUMNS = (
    ("id", "Column that never changes for a user", "an id"),
    ("login", "Column of the sign-in name", "a sign-in name"),
)
"""Role, how it is asked for, what it is called."""


def column_questions(headers: Collection[str], guessed: Mapping[str, str]) -> list[Question]:
    """Which column of the file of users is which, where nothing goes without it. guessed: role → column."""
    there = ", ".join(headers)

    def known(answer: str, _: Answers) -> None:
        if answer not in headers:
            raise ValueError(f": there is no column {answer!r}{nearest(answer, headers)}; there are: {there}")

    return [
        Question(
            name=role,
            asks=asks,
            check=known,
            default=guessed.get(role),
            unanswered=f"no column looks like {means}; there are: {there}; name it with --{role}",
        )
        for role, asks, means in _COLUMNS
    ]


def match_question(possible: Collection[str], suggested: Sequence[str]) -> Question:
    """Which attributes, of those that are possible, users who are on the target already are found by."""

    def known(answer: str, _: Answers) -> None:
        wrong = [path for path in paths_of(answer) if path not in possible]
        if wrong or not paths_of(answer):
            raise ValueError(f": users are matched by {' or '.join(possible)}, not by {', '.join(wrong) or 'nothing'}")

    return Question(name="match", asks="Match existing users by", check=known, default=",".join(suggested))


def paths_of(answer: str) -> tuple[str, ...]:
    """The attributes that an answer names, with commas between them."""
    return tuple(path.strip() for path in answer.split(",") if path.strip())
