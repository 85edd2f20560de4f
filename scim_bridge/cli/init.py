"""`init`: a commented `bridge.yaml` and a mapping that fits the source, from a few answers or options."""

from typing import Annotated, Any

import typer
from typer._click import Context, HelpFormatter  # typer carries a click of its own
from typer.core import TyperCommand

from scim_bridge.cli.options import Output, OutputOption


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("init", cls=_InPanels)(init_command)


class _InPanels(TyperCommand):
    """Options stand under the title that `rich_help_panel` gives them, in the order in which the titles first come."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the groups."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            told = parameter.get_help_record(ctx)
            if told is not None:
                panels.setdefault(getattr(parameter, "rich_help_panel", None) or "Options", []).append(told)
        for title, rows in panels.items():
            with formatter.section(title):
                formatter.write_dl(rows)


def _option(panel: str, says: str, *names: str) -> Any:
    return typer.Option(*names, help=says, rich_help_panel=panel)


_CSV, _LDAP, _ENTRA = "CSV files", "LDAP (OpenLDAP, Active Directory)", "Entra ID"
_GOOGLE = "Google Workspace"
_TARGET = "Identity Center"


def init_command(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="csv, ldap, entra or google")] = None,
    mapping: Annotated[str, typer.Option(help="the mapping file to write")] = "mapping.yaml",
    name: Annotated[str | None, typer.Option(help="the connection's name")] = None,
    match: Annotated[str | None, typer.Option(help="userName, or userName,emails")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="accept all suggestions, ask nothing")] = False,
    force: Annotated[bool, typer.Option("--force", help="overwrite existing files")] = False,
    output: OutputOption = Output.text,
    url: Annotated[str | None, _option(_TARGET, "the SCIM endpoint")] = None,
    token: Annotated[str | None, _option(_TARGET, "env:NAME or file:PATH")] = None,
    users: Annotated[str | None, _option(_CSV, "the file of users")] = None,
    groups: Annotated[str | None, _option(_CSV, "the file of groups, - for none, or from-users")] = None,
    members: Annotated[str | None, _option(_CSV, "the file of memberships, a row for each; - for none")] = None,
    group_column: Annotated[str | None, _option(_CSV, "the column of that file that names the group")] = None,
    member_column: Annotated[str | None, _option(_CSV, "the column of that file that names the member")] = None,
    list_column: Annotated[
        str | None, _option(_CSV, "the column that lists groups of users, or users of groups; - for none")
    ] = None,
    separator: Annotated[str | None, _option(_CSV, "what separates two names in that list")] = None,
    encoding: Annotated[str | None, _option(_CSV, "how the files are encoded: auto, utf-8, cp932 …")] = None,
    login: Annotated[str | None, _option(_CSV, "the column of the sign-in name")] = None,
    id_: Annotated[str | None, _option(_CSV, "the column that never changes for a user", "--id")] = None,
    ldap_url: Annotated[str | None, _option(_LDAP, "ldaps://HOST; separate several with spaces")] = None,
    start_tls: Annotated[bool, _option(_LDAP, "encrypt ldap:// by StartTLS", "--start-tls")] = False,
    ca_file: Annotated[
        str | None, _option(_LDAP, "trusted certificates, - for the system's; also for --cloud-login, --google-origin")
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
    admin: Annotated[str | None, _option(_GOOGLE, "the user whose rights to read are borrowed, an address")] = None,
    key: Annotated[str | None, _option(_GOOGLE, "file:PATH or env:NAME; - for a federated identity")] = None,
    service_account: Annotated[str | None, _option(_GOOGLE, "its address, where there is no key")] = None,
    federation: Annotated[str | None, _option(_GOOGLE, "the file of the federated identity")] = None,
    customer: Annotated[str | None, _option(_GOOGLE, "the customer id")] = None,
    old_tool: Annotated[
        str | None,
        _option(_GOOGLE, "what to take over from: ssosync, ssosync-users-groups, idp-scim-sync", "--from"),
    ] = None,
    google_origin: Annotated[str | None, _option(_GOOGLE, "https://127.0.0.1:PORT of an emulator")] = None,
) -> int:
    """Write bridge.yaml and a mapping by asking a few questions, or by options. The source is read, nothing is sent."""
    from scim_bridge.cli.init_proposal import Files, initialize

    given = {"source": source, "users": users, "groups": groups, "members": members, "encoding": encoding}
    given |= {"login": login, "id": id_, "ldap-url": ldap_url, "flavor": flavor, "bind-dn": bind_dn}
    given |= {"start-tls": "yes" if start_tls else None, "password": password, "ca-file": ca_file}
    given |= {"users-base": users_base, "groups-base": groups_base, "tenant": tenant, "client": client}
    given |= {"secret": secret, "cloud": cloud, "cloud-login": cloud_login, "cloud-graph": cloud_graph}
    given |= {"group-column": group_column, "member-column": member_column}
    given |= {"list-column": list_column, "separator": separator}
    given |= {"admin": admin, "key": key, "service-account": service_account, "federation": federation}
    given |= {"customer": customer, "from": old_tool, "google-origin": google_origin}
    given |= {"url": url, "token": token, "name": name, "match": match}
    return initialize(given, Files(context.obj, mapping, force), output, takes_suggestions=yes)
