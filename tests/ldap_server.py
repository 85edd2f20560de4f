"""A real slapd on loopback, in a temporary folder, with a certificate authority of its own; ended by its process id.

Where slapd or python-ldap is missing the tests are skipped, saying so; in CI they fail.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from tests.waiting import PATIENCE

SUFFIX = "dc=corp,dc=example"
ADMIN = f"cn=admin,{SUFFIX}"
PASSWORD = "correct horse"
_SLAPD = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
{modules}
pidfile {folder}/slapd.pid
loglevel {loglevel}
serverID 1
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSVerifyClient try
authz-regexp "cn=bridge.*" "{admin}"
authz-regexp "gidNumber=.*,cn=peercred,cn=external,cn=auth" "{admin}"
{top}
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory {folder}/db
maxsize 2147483648
dbnosync
index objectClass,uid,member,memberUid,entryUUID,entryCSN eq
access to attrs=userPassword by anonymous auth by * none
{access}
{database}
"""

Entry = tuple[str, Mapping[str, Iterable[str | bytes]]]
ROOT: tuple[Entry, ...] = (
    (SUFFIX, {"objectClass": ["dcObject", "organization"], "dc": ["corp"], "o": ["Corp"]}),
    (f"ou=people,{SUFFIX}", {"objectClass": ["organizationalUnit"], "ou": ["people"]}),
    (f"ou=branch,{SUFFIX}", {"objectClass": ["organizationalUnit"], "ou": ["branch"]}),
    (f"ou=groups,{SUFFIX}", {"objectClass": ["organizationalUnit"], "ou": ["groups"]}),
)


def require_slapd() -> None:
    """Skip the test where there is no slapd or no python-ldap; fail it in CI."""
    missing = [] if _SLAPD else ["slapd"]
    try:
        import ldap  # noqa: F401
    except ImportError:
        missing.append("python-ldap")
    if missing:
        sentence = f"{' and '.join(missing)} not installed (make system-packages, then make setup)"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)


@dataclass
class Slapd:
    """One server. top, database: further lines of slapd.conf. log: whether it writes every search to log.txt."""

    folder: Path
    sessionlog: int | None = 1_000
    top: str = ""
    access: str = "access to * by * read"
    database: str = ""
    modules: tuple[str, ...] = ()
    log: bool = False
    port: int = field(init=False)
    tls_port: int = field(init=False)
    _process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "db").mkdir(exist_ok=True)
        self.port, self.tls_port = _free_ports(2)
        self._issue()
        self._configure()

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    @property
    def local_url(self) -> str:
        return f"ldapi://{quote(str(self.folder / 'socket'), safe='')}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def load(self, entries: Iterable[Entry]) -> None:
        """Put entries in while the server is down: much faster than one by one."""
        ldif = self.folder / "load.ldif"
        with ldif.open("w") as file:
            for entry in entries:
                file.write(to_ldif(entry))
        command = [_slapadd(), "-q", "-w", "-S", "1", "-f", str(self.folder / "slapd.conf"), "-l", str(ldif)]
        subprocess.run(command, check=True, capture_output=True)

    def start(self) -> None:
        """Start it, on other ports if someone else was quicker to take these."""
        for _ in range(5):
            if self._try_to_start():
                return
            self.port, self.tls_port = _free_ports(2)
        raise RuntimeError((self.folder / "log.txt").read_text(errors="replace")[-2000:] or "slapd does not start")

    def _try_to_start(self) -> bool:
        urls = f"{self.url} {self.tls_url} {self.local_url}"
        with (self.folder / "log.txt").open("ab") as log:
            debug = "stats" if self.log else "0"
            command = [_SLAPD or "slapd", "-d", debug, "-f", str(self.folder / "slapd.conf"), "-h", urls]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        return _answers(self.folder / "socket", self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=PATIENCE)
            self._process = None

    def restart(self, **changes: Any) -> None:
        """The same data under another configuration."""
        self.stop()
        for name, value in changes.items():
            setattr(self, name, value)
        self._configure()
        self.start()

    def searches(self, filter_text: str = "") -> int:
        """How many searches, or searches by just this filter, the server has been asked for so far; needs log."""
        wanted = f'filter="{filter_text}"' if filter_text else ""
        log = (self.folder / "log.txt").read_text(errors="replace")
        return sum(" SRCH base=" in line and wanted in line for line in log.splitlines())

    def sign_ins(self) -> int:
        """How many times a source has signed in so far (over TCP, unlike the test's own connections); needs log."""
        log = (self.folder / "log.txt").read_text(errors="replace")
        far = set(re.findall(r"(conn=\d+) fd=\d+ ACCEPT from IP=", log))
        return sum(conn in far for conn in re.findall(r"(conn=\d+) op=\d+ BIND dn=\"[^\"]+\" method=", log))

    def admin(self) -> Any:
        """A connection of the test's own, that may change everything."""
        import ldap

        link = ldap.initialize(self.local_url)
        link.simple_bind_s(ADMIN, PASSWORD)
        return link

    def client_certificate(self, name: str) -> tuple[Path, Path]:
        """A certificate of the same authority for someone: (certificate, key)."""
        issued = self._authority.issue_cert(f"{name}.corp.example", common_name=name)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return certificate, key

    def _issue(self) -> None:
        self._authority = trustme.CA()
        issued = self._authority.issue_cert("127.0.0.1")
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        issued.cert_chain_pems[0].write_to_path(str(self.folder / "server.pem"))
        issued.private_key_pem.write_to_path(str(self.folder / "server.key"))

    def _configure(self) -> None:
        modules = [*self.modules, *(["syncprov"] if self.sessionlog is not None else [])]
        overlay = f"overlay syncprov\nsyncprov-sessionlog {self.sessionlog}" if self.sessionlog is not None else ""
        text = _CONFIG.format(
            modules="\n".join(f"moduleload {name}" for name in modules),
            folder=self.folder,
            loglevel="stats" if self.log else "none",
            suffix=SUFFIX,
            admin=ADMIN,
            password=PASSWORD,
            top=self.top,
            access=self.access,
            database="\n".join([self.database, overlay]),
        )
        (self.folder / "slapd.conf").write_text(text)


def to_ldif(entry: Entry) -> str:
    """One entry as LDIF (RFC 2849), everything in base64."""
    from base64 import b64encode

    def line(name: str, value: str | bytes) -> str:
        data = value.encode() if isinstance(value, str) else value
        return f"{name}:: {b64encode(data).decode()}\n"

    dn, attributes = entry
    return line("dn", dn) + "".join(line(n, v) for n, values in attributes.items() for v in values) + "\n"


def add(link: Any, entry: Entry) -> None:
    """Add one entry over a connection."""
    dn, attributes = entry
    values = [(n, [v.encode() if isinstance(v, str) else v for v in vs]) for n, vs in attributes.items()]
    link.add_s(dn, [(name, encoded) for name, encoded in values if encoded])


def replace(link: Any, dn: str, **attributes: Iterable[str]) -> None:
    """Give attributes of an entry other values; none at all removes one."""
    import ldap

    link.modify_s(dn, [(ldap.MOD_REPLACE, n, [v.encode() for v in vs] or None) for n, vs in attributes.items()])


def person(login: str, unit: str = "people", **attributes: Iterable[str | bytes]) -> Entry:
    """A user with a name and nothing else, but for what is given."""
    usual: dict[str, Iterable[str | bytes]] = {
        "objectClass": ["inetOrgPerson"],
        "uid": [login],
        "cn": [login],
        "sn": [login.upper()],
    }
    return f"uid={login},ou={unit},{SUFFIX}", usual | attributes


def group(name: str, *members: str, **attributes: Iterable[str]) -> Entry:
    """A groupOfNames with these members (DNs), and the administrator so that it is never empty."""
    usual: dict[str, Iterable[str]] = {"objectClass": ["groupOfNames"], "cn": [name], "member": [ADMIN, *members]}
    return f"cn={name},ou=groups,{SUFFIX}", usual | attributes


def _slapadd() -> str:
    return shutil.which("slapadd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "slapadd"


def _free_ports(number: int) -> list[int]:
    """Ports that no one listens on at this moment, all different."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def _answers(place: int | Path, process: "subprocess.Popen[bytes]") -> bool:
    """Wait until the server listens; False if it ends instead. place: the port or socket that it listens on last."""
    is_port = isinstance(place, int)
    while process.poll() is None:
        with socket.socket(socket.AF_INET if is_port else socket.AF_UNIX) as link:
            try:
                link.connect(("127.0.0.1", place) if is_port else str(place))
            except OSError:
                time.sleep(0.02)
            else:
                return True
    return False
