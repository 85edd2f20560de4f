"""`init`: a commented `bridge.yaml` and a mapping that fits the source, from a few answers or options."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from scim_bridge.cli.asking import Asking, somebody_is_there
from scim_bridge.cli.asking_memberships import with_memberships
from scim_bridge.cli.output import Output, OutputOption, console, print_json, tell
from scim_bridge.cli.panel import InPanels
from scim_bridge.config.settings import load
from scim_bridge.config.source import CsvSettings, SourceSettings
from scim_bridge.config.yaml_file import nearest
from scim_bridge.errors import BridgeError, Misconfigured
from scim_bridge.mapping.attribute import MATCHABLE
from scim_bridge.proposal import question
from scim_bridge.proposal.columns import Columns, guess
from scim_bridge.proposal.configuration import configuration
from scim_bridge.proposal.look import looked_at
from scim_bridge.proposal.proposal import Proposal, propose_for_directory, propose_for_files, suggested_match
from scim_bridge.proposal.ready import ready_name
from scim_bridge.proposal.survey import Survey, survey
from scim_bridge.view import terminal

_SHOWN = ("of", "attribute", "filled", "distinct", "used for")


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("init", cls=InPanels)(init_command)


@dataclass(frozen=True, slots=True)
class _Files:
    """The two files to write. force: over those that are there."""

    configuration: Path
    mapping: Path
    force: bool

    def refuse_existing(self) -> None:
        """Raise Misconfigured if a file is there, before anyone is asked anything."""
        if self.configuration.absolute() == self.mapping:
            raise Misconfigured("the mapping cannot be the configuration", "Name another file (--mapping).")
        for path, instead in ((self.configuration, "--config"), (self.mapping, "--mapping")):
            if path.exists() and not self.force:
                raise Misconfigured(f"{path.name} already exists", f"Name another file ({instead}), or give --force.")

    def write(self, configuration: str, mapping: str) -> None:
        """Write both. Raises Misconfigured if one cannot be."""
        for path, text in ((self.mapping, mapping), (self.configuration, configuration)):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w" if self.force else "x", encoding="utf-8") as file:
                    file.write(text)
            except OSError as error:
                raise Misconfigured(f"{path} cannot be written ({error.strerror})", "Name another file.") from None


def _option(panel: str, says: str, *names: str) -> Any:
    return typer.Option(*names, help=says, rich_help_panel=panel)


_CSV, _LDAP, _ENTRA = "CSV files", "LDAP (OpenLDAP, Active Directory)", "Entra ID"
_TARGET = "Identity Center"


def init_command(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="csv, ldap or entra")] = None,
    mapping: Annotated[str, typer.Option(help="the mapping file to write")] = "mapping.yaml",
    name: Annotated[str | None, typer.Option(help="of the connection")] = None,
    match: Annotated[str | None, typer.Option(help="userName, or userName,emails")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="accept all suggestions, ask nothing")] = False,
    force: Annotated[bool, typer.Option("--force", help="overwrite existing files")] = False,
    output: OutputOption = Output.text,
    url: Annotated[str | None, _option(_TARGET, "the SCIM endpoint")] = None,
    token: Annotated[str | None, _option(_TARGET, "env:NAME or file:PATH")] = None,
    users: Annotated[str | None, _option(_CSV, "the file of users")] = None,
    groups: Annotated[str | None, _option(_CSV, "the file of groups, - for none, or from-users")] = None,
    members: Annotated[str | None, _option(_CSV, "the file of memberships, a row for each; - for none")] = None,
    group_column: Annotated[str | None, _option(_CSV, "its column that names the group")] = None,
    member_column: Annotated[str | None, _option(_CSV, "its column that names the member")] = None,
    list_column: Annotated[str | None, _option(_CSV, "lists groups of users, or users of groups; - for none")] = None,
    separator: Annotated[str | None, _option(_CSV, "what separates two names in that list")] = None,
    encoding: Annotated[str | None, _option(_CSV, "auto, cp932 …")] = None,
    login: Annotated[str | None, _option(_CSV, "the column of the sign-in name")] = None,
    id_: Annotated[str | None, _option(_CSV, "the column that never changes for a user", "--id")] = None,
    ldap_url: Annotated[str | None, _option(_LDAP, "ldaps://HOST, several with spaces between")] = None,
    start_tls: Annotated[bool, _option(_LDAP, "encrypt ldap:// by StartTLS", "--start-tls")] = False,
    ca_file: Annotated[
        str | None, _option(_LDAP, "trusted certificates, - for the system's; also of --cloud-login")
    ] = None,
    flavor: Annotated[str | None, _option(_LDAP, "openldap, 389-ds or active-directory")] = None,
    bind_dn: Annotated[str | None, _option(_LDAP, "the name to sign in with")] = None,
    password: Annotated[str | None, _option(_LDAP, "env:NAME or file:PATH")] = None,
    users_base: Annotated[str | None, _option(_LDAP, "where users are")] = None,
    groups_base: Annotated[str | None, _option(_LDAP, "where groups are, - for none")] = None,
    tenant: Annotated[str | None, _option(_ENTRA, "the tenant's id")] = None,
    client: Annotated[str | None, _option(_ENTRA, "the application's id")] = None,
    secret: Annotated[str | None, _option(_ENTRA, "env:NAME or file:PATH")] = None,
    cloud: Annotated[str | None, _option(_ENTRA, "global, us-gov, us-gov-dod, china")] = None,
    cloud_login: Annotated[str | None, _option(_ENTRA, "https://HOST to sign in at, instead of --cloud")] = None,
    cloud_graph: Annotated[str | None, _option(_ENTRA, "https://HOST of Graph, with --cloud-login")] = None,
) -> int:
    """Write bridge.yaml and a mapping by asking a few questions, or by options. The source is read, nothing is sent."""
    given = {"source": source, "users": users, "groups": groups, "members": members, "encoding": encoding}
    given |= {"login": login, "id": id_, "ldap-url": ldap_url, "flavor": flavor, "bind-dn": bind_dn}
    given |= {"start-tls": "yes" if start_tls else None, "password": password, "ca-file": ca_file}
    given |= {"users-base": users_base, "groups-base": groups_base, "tenant": tenant, "client": client}
    given |= {"secret": secret, "cloud": cloud, "cloud-login": cloud_login, "cloud-graph": cloud_graph}
    given |= {"group-column": group_column, "member-column": member_column}
    given |= {"list-column": list_column, "separator": separator}
    given |= {"url": url, "token": token, "name": name, "match": match}
    folder = context.obj.absolute().parent
    files = _Files(context.obj, folder / mapping, force)
    files.refuse_existing()
    asking = Asking(given, somebody_is_there() and not yes, folder)
    answers: dict[str, str] = {}
    try:
        settings = _configure(asking, files.configuration, mapping, answers)
        text, proposal = _propose(asking, answers, settings, (files.configuration, mapping))
    except BridgeError:
        if asking.is_on and answers:
            tell(f"To go on from your answers: scim-bridge init {shlex.join(question.as_options(answers))}")
        raise
    if output is Output.text:
        _show(proposal, in_full=not asking.is_on)
    if asking.is_on and not _is_wanted(files):
        tell("scim-bridge: nothing was written.")
        return 1
    files.write(text, proposal.mapping)
    _tell_what_is_next(files, proposal, output)
    return 0


def _configure(asking: Asking, path: Path, mapping: str, answers: dict[str, str]) -> SourceSettings:
    """The source; what is wrong with the configuration is said before anything is read.

    answers: begun empty, filled on the way, so that they outlive a refusal.
    """
    asking.answer(question.KIND, answers)
    kind = answers["source"]
    for each in (*question.SOURCES[kind], *question.TARGET):
        asking.answer(looked_at(each, asking.folder), answers)
    return _written((path, mapping), answers, question.source_section(kind, answers))[1]


def _written(
    files: tuple[Path, str], answers: question.Answers, section: Mapping[str, Any]
) -> tuple[str, SourceSettings]:
    """The configuration as text, and its source. files: the configuration, and the mapping as it is named there."""
    text = configuration(answers["name"], section, files[1], answers)
    try:
        return text, load(files[0], text).connection(None).source
    except Misconfigured as wrong:
        raise Misconfigured(wrong.what, "Change an answer; nothing was written.", problems=wrong.problems) from None


def _propose(
    asking: Asking, answers: question.Answers, settings: SourceSettings, files: tuple[Path, str]
) -> tuple[str, Proposal]:
    """The configuration as text, and what is proposed for the mapping."""
    today, file = f"{datetime.now(UTC):%Y-%m-%d}", Path(files[1])
    section = question.source_section(answers["source"], answers)
    seen = survey(replace(settings, members=None) if isinstance(settings, CsvSettings) else settings, today)
    if asking.is_on:
        _show_filling(seen)
    if not isinstance(settings, CsvSettings):
        login = "mail" if ready_name(settings) in ("openldap.yaml", "389-ds.yaml") else "userPrincipalName"
        match = _match(asking, seen, "mail", login)
        text = _written(files, answers, section)[0]
        return text, propose_for_directory(file, settings, seen, match, today)
    columns = _columns(asking, seen)
    laid_out, columns = with_memberships(asking, answers, settings, seen, columns)
    text, whole = _written(files, answers, _in_order({**section, **laid_out}))
    seen = survey(whole, today, {"user": columns.users["id"], "group": columns.groups.get("id", "")})
    match = _match(asking, seen, columns.users.get("mail", ""), columns.users["login"])
    return text, propose_for_files(file, seen, columns, match, today)


def _in_order(section: Mapping[str, Any]) -> dict[str, Any]:
    """The encoding last, as people write it."""
    return {key: section[key] for key in ("kind", *question.FILES, "encoding") if key in section}


_COLUMNS = (
    ("id", "Column that never changes for a user", "an id"),
    ("login", "Column of the sign-in name", "a sign-in name"),
)
"""Role, how it is asked for, what it is called."""


def _columns(asking: Asking, seen: Survey) -> Columns:
    """The guess, with the two columns without which nothing goes as a person wants them."""
    guessed = guess(seen)
    headers = seen.types["user"]

    def known(answer: str, _: question.Answers) -> None:
        if answer not in headers:
            raise ValueError(
                f": there is no column {answer!r}{nearest(answer, headers)}; there are: {', '.join(headers)}"
            )

    there = ", ".join(headers)
    chosen = {
        role: asking.choose(
            question.Question(
                role,
                asks,
                known,
                guessed.users.get(role),
                unanswered=f"no column looks like {means}; there are: {there}; name it with --{role}",
            )
        )
        for role, asks, means in _COLUMNS
    }
    return replace(guessed, users={**guessed.users, **chosen})


def _match(asking: Asking, seen: Survey, mail: str, login: str) -> tuple[str, ...]:
    possible = MATCHABLE["user"]

    def known(answer: str, _: question.Answers) -> None:
        wrong = [path for path in _paths(answer) if path not in possible]
        if wrong or not _paths(answer):
            raise ValueError(f": users are matched by {' or '.join(possible)}, not by {', '.join(wrong) or 'nothing'}")

    suggested = ",".join(suggested_match(seen, mail, login))
    asks = "Match existing users by"
    return _paths(asking.choose(question.Question("match", asks, known, suggested)))


def _paths(answer: str) -> tuple[str, ...]:
    return tuple(path.strip() for path in answer.split(",") if path.strip())


def _show_filling(seen: Survey) -> None:
    """What was seen, before a person is asked what it means."""
    rows = [(found.kind, found.name, f"{found.rate} %", f"{found.distinct:,}") for found in seen.profiles]
    terminal.show_rows(console(), _SHOWN[:-1], rows)


def _show(proposal: Proposal, *, in_full: bool) -> None:
    """What attributes are used for, and what a person should know. in_full: with those that nothing is made of."""
    out = console()
    rows = [row for row in proposal.attributes if in_full or row.used_for]
    shown = [(row.kind, row.attribute, f"{row.filled} %", f"{row.distinct:,}", row.used_for) for row in rows]
    terminal.show_rows(out, _SHOWN, shown)
    for note in proposal.notes:
        out.print(f"- {note}.", highlight=False, markup=False, soft_wrap=True)


def _is_wanted(files: _Files) -> bool:
    return typer.confirm(f"Write {files.configuration} and {files.mapping.name}?", default=True, err=True)


def _tell_what_is_next(files: _Files, proposal: Proposal, output: Output) -> None:
    if output is Output.json:
        written = [str(files.configuration), str(files.mapping)]
        attributes = [asdict(row) for row in proposal.attributes]
        print_json({"attributes": attributes, "notes": proposal.notes, "files": written})
    command = (
        "scim-bridge" if str(files.configuration) == "bridge.yaml" else f"scim-bridge --config {files.configuration}"
    )
    tell(f"Written: {files.configuration} and {files.mapping.name}. Read them; then: {command} check; {command} plan")
