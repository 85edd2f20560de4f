"""A real OpenLDAP server on loopback, in a folder of its own, for trying things out: Debian's package slapd.

Nothing of the system's own slapd is touched; no rights are needed.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
_PATIENCE = 20.0
_CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
pidfile {folder}/slapd.pid
serverID 1
database mdb
suffix "{suffix}"
rootdn "{bind_dn}"
rootpw {password}
directory {folder}/data
index objectClass,uid,member,entryUUID,entryCSN eq
overlay syncprov
syncprov-sessionlog 5000
"""


class NotInstalled(Exception):
    """There is no slapd on this machine."""


class Slapd:
    """A server with the entries of an LDIF text, for use in a `with`."""

    def __init__(self, folder: Path, suffix: str, ldif: str) -> None:
        programs = [shutil.which(name, path=_PATH) for name in ("slapd", "slapadd")]
        if None in programs:
            raise NotInstalled
        self._slapd, self._slapadd = (str(program) for program in programs)
        self._folder = folder
        self._ldif = ldif
        self.suffix, self.bind_dn, self.password = suffix, f"cn=admin,{suffix}", secrets.token_urlsafe()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"ldap://127.0.0.1:{self._port}"

    def __enter__(self) -> "Slapd":
        (self._folder / "data").mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "slapd.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            _CONFIGURATION.format(
                folder=self._folder, suffix=self.suffix, bind_dn=self.bind_dn, password=self.password
            ),
            encoding="utf-8",
        )
        command = [self._slapadd, "-q", "-f", str(configuration)]
        subprocess.run(command, input=self._ldif.encode(), check=True, capture_output=True)  # noqa: S603 - found above
        served = [self._slapd, "-d", "0", "-f", str(configuration), "-h", self.url]
        self._process = subprocess.Popen(served, stderr=subprocess.DEVNULL)  # noqa: S603
        self._wait()
        return self

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self._process.kill()
        raise OSError("slapd did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=_PATIENCE)
