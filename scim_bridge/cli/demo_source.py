"""The demo's directories: the sample organization as CSV files, in an emulated Entra ID, in a real OpenLDAP."""

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.ready import ready_mapping
from scim_bridge.sample.organization import FOLDER, SUFFIX, as_graph, as_ldif


@dataclass(frozen=True, slots=True)
class Laid:
    """A directory that is ready: its `source` section (YAML in one line), its mapping, and how people may change it."""

    source: str
    mapping: str
    advice: str


def lay_csv(folder: Path, stack: ExitStack) -> Laid:  # noqa: ARG001 - files need nothing that has to be ended
    """As the files they are."""
    for name in ("users.csv", "groups.csv", "members.csv"):
        shutil.copy2(FOLDER / name, folder)
    source = "{kind: csv, users: users.csv, groups: groups.csv, members: members.csv}"
    return Laid(source, _mapping("csv.yaml", folder), f"Edit the directory in {folder}")


def lay_entra(folder: Path, stack: ExitStack) -> Laid:
    """In an emulated tenant, over HTTPS with a certificate authority of its own."""
    from scim_bridge.sandbox.entra.server import EntraSandbox

    entra = stack.enter_context(EntraSandbox())
    entra.directory.seed(as_graph())
    _write_secret(folder / "secret", entra.secret)
    cloud = f"{{login: {entra.login!r}, graph: {entra.graph!r}, ca_file: {str(entra.ca_file)!r}}}"
    source = (
        f"{{kind: entra, tenant: {entra.tenant}, client: {entra.client}, credential: {{secret: file:secret}}, "
        f"cloud: {cloud}}}"
    )
    return Laid(source, _mapping("entra-id.yaml", folder), f"The emulated Graph is {entra.graph}/v1.0. Run `plan`")


def lay_ldap(folder: Path, stack: ExitStack) -> Laid:
    """In a slapd of its own. Raises Misconfigured if there is none on this machine."""
    from scim_bridge.sandbox.slapd import NotInstalled, Slapd

    try:
        slapd = stack.enter_context(Slapd(folder / "slapd", SUFFIX, as_ldif()))
    except NotInstalled:
        raise Misconfigured(
            "there is no slapd on this machine, which this demo needs", "On Debian: apt-get install slapd ldap-utils."
        ) from None
    _write_secret(folder / "password", slapd.password)
    bind = f'{{method: simple, dn: "{slapd.bind_dn}", password: file:password}}'
    people, teams = (f'{{base: ["ou={unit},{SUFFIX}"]}}' for unit in ("people", "groups"))
    source = f'{{kind: ldap, urls: ["{slapd.url}"], bind: {bind}, users: {people}, groups: {teams}}}'
    change = f"ldapmodify -x -H {slapd.url} -D {slapd.bind_dn} -y {folder / 'password'}"
    return Laid(source, _mapping("openldap.yaml", folder), f"Change the directory by `{change}`")


def _mapping(name: str, folder: Path) -> str:
    shutil.copy2(ready_mapping(name), folder)
    return name


def _write_secret(path: Path, secret: str) -> None:
    """Without a line's end, since ldapmodify -y takes all of it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(secret)
