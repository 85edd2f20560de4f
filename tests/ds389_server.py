"""A real 389 Directory Server on loopback, in a temporary folder, from Debian's templates; ended by its process id.

Where ns-slapd is missing the tests are skipped, saying so (make ds389-packages).
"""

import getpass
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.ldap_server import PASSWORD, SUFFIX, _answers, _free_ports, add
from tests.waiting import PATIENCE, until

MANAGER = "cn=Directory Manager"
_SERVER = shutil.which("ns-slapd", path="/usr/sbin:/usr/bin")
_SHARE = Path("/usr/share/dirsrv")
_OWN_SCHEMA = Path("/etc/dirsrv/schema")
_BACKEND = "cn=userRoot,cn=ldbm database,cn=plugins,cn=config"


def require_ds389() -> None:
    """Skip the test where there is no 389 Directory Server."""
    if _SERVER is None:
        pytest.skip("ns-slapd not installed (make ds389-packages)")


@dataclass
class Ds389:
    """One server that holds an empty suffix with units for people and groups."""

    folder: Path
    port: int = field(init=False)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Write the configuration, start it, and make the suffix."""
        (self.port,) = _free_ports(1)
        self._configure()
        command = [_SERVER or "ns-slapd", "-D", str(self.folder / "config"), "-i", str(self.folder / "pid"), "-d", "0"]
        with (self.folder / "out.txt").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        if not _answers(self.port, self._process):
            raise RuntimeError((self.folder / "log" / "errors").read_text()[-2000:])
        self._make_suffix()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=PATIENCE)
            self._process = None

    def admin(self) -> Any:
        """A connection of the test's own, that may change everything."""
        import ldap

        link = ldap.initialize(self.url)

        def is_bound() -> bool:  # it listens a moment before it answers
            try:
                link.simple_bind_s(MANAGER, PASSWORD)
            except (ldap.SERVER_DOWN, ldap.BUSY):
                return False
            return True

        until(is_bound)
        return link

    def _configure(self) -> None:
        values = {f"{name}_dir": str(self.folder / name) for name in ("lock", "tmp", "ldif", "bak", "run", "log", "db")}
        values |= {"config_dir": str(self.folder / "config"), "cert_dir": str(self.folder / "config")}
        values |= {"schema_dir": str(self.folder / "config" / "schema"), "inst_dir": str(self.folder / "inst")}
        for path in {*values.values()}:
            Path(path).mkdir(parents=True, exist_ok=True)
        values |= {"fqdn": "localhost.localdomain", "ds_port": str(self.port), "ds_user": getpass.getuser()}
        values |= {"rootdn": MANAGER, "ds_passwd": f"{{CLEAR}}{PASSWORD}", "ds_suffix": SUFFIX, "db_lib": "bdb"}
        values |= {"ldapi_enabled": "off", "ldapi": str(self.folder / "socket"), "ldapi_autobind": "off"}
        values |= {"db_home_dir": values["db_dir"]}
        template = (_SHARE / "data" / "template-dse.ldif").read_text(encoding="utf-8")
        text = re.sub(r"%([a-z_]+)%", lambda found: values[found[1]], template)
        text = text.replace("nsslapd-port:", "nsslapd-listenhost: 127.0.0.1\nnsslapd-port:", 1)
        config = self.folder / "config"
        (config / "dse.ldif").write_text(text, encoding="utf-8")
        shutil.copy(Path("/etc/dirsrv/config/slapd-collations.conf"), config)
        for schema in (*(_SHARE / "schema").glob("*.ldif"), *_OWN_SCHEMA.glob("*.ldif")):
            shutil.copy(schema, config / "schema")

    def _make_suffix(self) -> None:
        link = self.admin()
        extensible = ["top", "extensibleObject"]
        classes = {"objectClass": [*extensible, "nsBackendInstance"], "cn": ["userRoot"], "nsslapd-suffix": [SUFFIX]}
        add(link, (_BACKEND, classes))
        tree = {"objectClass": [*extensible, "nsMappingTree"], "cn": [SUFFIX], "nsslapd-state": ["backend"]}
        add(link, (f'cn="{SUFFIX}",cn=mapping tree,cn=config', {**tree, "nsslapd-backend": ["userRoot"]}))
        add(link, (SUFFIX, {"objectClass": ["top", "domain"], "dc": ["corp"]}))
        for unit in ("people", "groups"):
            add(link, (f"ou={unit},{SUFFIX}", {"objectClass": ["organizationalUnit"], "ou": [unit]}))
