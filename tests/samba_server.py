"""A real Active Directory domain controller (Samba) in a network namespace of its own, reached by its sockets.

Its ports are fixed, so no one else could have one beside it otherwise. It needs root, for the namespace.
"""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.ldap_organization import Entries
from tests.ldap_server import Entry
from tests.organization import Organization, Person
from tests.waiting import PATIENCE

DOMAIN = "DC=t,DC=example"
ADMIN = "Administrator@t.example"
PASSWORD = "Passw0rd.2024"
_OPTIONS = {
    "interfaces": "lo",
    "bind interfaces only": "yes",
    "server services": "ldap kdc rpc",
    "pid directory": "{folder}/run",
    "ncalrpc dir": "{folder}/ncalrpc",
    "log file": "{folder}/log.%m",
}
_ENABLED, _DISABLED = "544", "546"
"""A normal account that needs no password, and the same disabled."""


def require_samba() -> None:
    """Skip the test where no domain controller can be made."""
    missing = [name for name in ("samba", "samba-tool", "unshare") if _found(name) is None]
    missing += [] if find_spec("ldap") else ["python-ldap"]
    missing += [] if os.geteuid() == 0 else ["root"]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (make samba-packages, then make setup)")


@dataclass
class Samba:
    """One domain controller of the domain t.example."""

    folder: Path
    _process: "subprocess.Popen[bytes] | None" = None

    def provision(self) -> None:
        """Make the domain: some seconds."""
        for name in ("run", "ncalrpc"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        options = [f"--option={name}={value.format(folder=self.folder)}" for name, value in _OPTIONS.items()]
        command = [
            *("samba-tool", "domain", "provision", "--realm=T.EXAMPLE", "--domain=T", f"--adminpass={PASSWORD}"),
            *("--server-role=dc", "--dns-backend=NONE", "--host-name=dc1", "--host-ip=127.0.0.1", "--use-rfc2307"),
            *(f"--targetdir={self.folder}/dc", *options),
        ]
        subprocess.run(_apart(command), check=True, capture_output=True)

    def start(self) -> None:
        command = [_found("samba") or "samba", "-F", "--no-process-group", "-M", "single"]
        command += ["-s", f"{self.folder}/dc/etc/smb.conf", "--option=ldap server require strong auth=no"]
        with (self.folder / "samba.log").open("ab") as log:
            self._process = subprocess.Popen(_apart(command), stdout=log, stderr=log, cwd=self.folder)
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > until:
                self.stop()
                raise RuntimeError("samba did not answer")
            time.sleep(0.2)

    def _answers(self) -> bool:
        import ldap

        try:
            return bool(self.system().search_s("", ldap.SCOPE_BASE, attrlist=["dnsHostName"]))
        except ldap.LDAPError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=PATIENCE)
            self._process = None

    @property
    def url(self) -> str:
        return f"ldapi://{quote(f'{self.folder}/dc/private/ldapi', safe='')}"

    def system(self) -> Any:
        """A connection that may do anything."""
        import ldap

        link = ldap.initialize(f"ldapi://{quote(f'{self.folder}/dc/private/ldap_priv/ldapi', safe='')}")
        link.set_option(ldap.OPT_REFERRALS, 0)
        return link


def user(login: str, unit: str = "people", **attributes: list[str | bytes]) -> Entry:
    """A user who is enabled, but for what is given."""
    usual: dict[str, list[str | bytes]] = {
        "objectClass": ["user"],
        "sAMAccountName": [login],
        "userPrincipalName": [f"{login}@t.example"],
        "sn": [login.upper()],
        "userAccountControl": [_ENABLED],
    }
    return f"CN={login},OU={unit},{DOMAIN}", usual | attributes


def group(name: str, *members: str, **attributes: list[str | bytes]) -> Entry:
    """A group with these members (DNs)."""
    usual: dict[str, list[str | bytes]] = {"objectClass": ["group"], "sAMAccountName": [name], "member": list(members)}
    return f"CN={name},OU=groups,{DOMAIN}", usual | attributes


def unit(name: str) -> Entry:
    """An organizational unit."""
    return f"OU={name},{DOMAIN}", {"objectClass": ["organizationalUnit"]}


def active_directory_entries(organization: Organization) -> Entries:
    """Key → entry. Keys are in employeeNumber and info."""
    names = {key: f"CN={person.login},OU={person.unit},{DOMAIN}" for key, person in organization.people.items()}
    names |= {key: f"CN={team.name},OU=groups,{DOMAIN}" for key, team in organization.teams.items()}
    found: Entries = {key: (names[key], _person(person, names)) for key, person in organization.people.items()}
    for key, team in organization.teams.items():
        members = sorted(names[member] for member in team.users | team.teams)
        found[key] = names[key], {"objectClass": ["group"], "sAMAccountName": [key], "info": [key], "member": members}
    return found


def _person(person: Person, names: dict[str, str]) -> dict[str, list[str]]:
    return {
        "objectClass": ["user"],
        "sAMAccountName": [person.key],
        "userPrincipalName": [f"{person.login}@t.example"],
        "sn": [person.family],
        "givenName": [person.given],
        "displayName": [person.display],
        "mail": [person.mail],
        "employeeNumber": [person.key],
        "userAccountControl": [_ENABLED if person.is_active else _DISABLED],
        "title": [person.title] if person.title else [],
        "department": [person.department] if person.department else [],
        "manager": [names[person.manager]] if person.manager else [],
    }


def _apart(command: list[str]) -> list[str]:
    """A command in a network namespace of its own, with loopback alone."""
    return ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *command]


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
