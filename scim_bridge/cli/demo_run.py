"""What `demo` does: lays out the sample organization, starts the emulator, syncs, shows who may enter what.

The organization stands in CSV files, in an emulated Entra ID or Google Workspace, or in a real OpenLDAP.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from scim_bridge.access.aws import Aws
from scim_bridge.access.graph import access_rows
from scim_bridge.access.reading import read_access
from scim_bridge.cli.options import Output
from scim_bridge.cli.output import console, print_json, progress
from scim_bridge.cli.run import run_until
from scim_bridge.cli.signals import heeding_signals
from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import load
from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.ready import ready_mapping
from scim_bridge.model.protocol import silent
from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.sync import sync
from scim_bridge.sample.organization import FOLDER, SUFFIX, as_google, as_graph, as_ldif
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.state.writer import State
from scim_bridge.view import terminal
from scim_bridge.view.plan import plan_view


@dataclass(frozen=True, slots=True)
class _Laid:
    """A directory that is ready: its `source` section (YAML in one line), its mapping, and how people may change it."""

    source: str
    mapping: str
    advice: str


def _lay_csv(folder: Path, stack: ExitStack) -> _Laid:  # noqa: ARG001 - files need nothing that has to be ended
    """As the files they are."""
    for name in ("users.csv", "groups.csv", "members.csv"):
        shutil.copy2(FOLDER / name, folder)
    source = "{kind: csv, users: users.csv, groups: groups.csv, members: members.csv}"
    return _Laid(source, _mapping("csv.yaml", folder), f"Edit the directory in {folder}")


def _lay_entra(folder: Path, stack: ExitStack) -> _Laid:
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
    return _Laid(source, _mapping("entra-id.yaml", folder), f"The emulated Graph is {entra.graph}/v1.0. Run `plan`")


def _lay_google(folder: Path, stack: ExitStack) -> _Laid:
    """In an emulated account, over HTTPS with a certificate authority of its own."""
    from scim_bridge.sandbox.google.server import GoogleSandbox

    google = stack.enter_context(GoogleSandbox())
    google.directory.seed(as_google())
    _write_secret(folder / "key.json", google.key_file.read_text(encoding="utf-8"))
    source = (
        f"{{kind: google, admin: {google.admin}, credential: {{key: file:key.json}}, scope: {{org_units: [/Staff]}}, "
        f"endpoint: {{origin: {google.origin!r}, ca_file: {str(google.ca_file)!r}}}}}"
    )
    mapping = _mapping("google-workspace.yaml", folder)
    return _Laid(source, mapping, f"Change the emulated account by {google.control}/change (docs/operations.md)")


def _lay_ldap(folder: Path, stack: ExitStack) -> _Laid:
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
    return _Laid(source, _mapping("openldap.yaml", folder), f"Change the directory by `{change}`")


def _mapping(name: str, folder: Path) -> str:
    shutil.copy2(ready_mapping(name), folder)
    return name


def _write_secret(path: Path, secret: str) -> None:
    """Without a line's end, since ldapmodify -y takes all of it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(secret)


_FAST = 1000.0
"""Requests a second: the emulator has no quota here."""
_KEYS = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_COLUMNS = ("user", "group", "account", "permission set", "allows")
_CONFIGURATION = """\
# The demo's configuration: the sample organization goes into the emulator of Identity Center.
state: sqlite:///scim-bridge.db
connections:
  demo:
    source: {source}
    mapping: {mapping}
    target: {{kind: identity-center, url: {url}, token: {token}, requests_per_second: 1000}}
    access: {{region: ap-northeast-1, requests_per_second: 1000}}
    schedule: {{every: 30s}}
service: {{listen: "127.0.0.1:{port}"}}
"""
_LAY = {"csv": _lay_csv, "entra": _lay_entra, "google": _lay_google, "ldap": _lay_ldap}


def run_demo(source: str, port: int, output: Output, *, is_once: bool) -> None:
    """Sync once, or go on as `run` does until a signal comes; then everything that was made is gone.

    source: csv, entra, google or ldap. port: of the pages, 0 for any free one.
    """
    if not is_once:
        _require_free(port)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scim-bridge-demo-")))
        laid = _LAY[source](folder, stack)
        sandbox = stack.enter_context(Sandbox())
        sandbox.seed(orjson.loads((FOLDER / "target.json").read_bytes()))
        sandbox.seed(orjson.loads((FOLDER / "access.json").read_bytes()))
        configuration = _configure(folder, laid, sandbox.url, sandbox.token, port)
        stack.enter_context(_asking_only(sandbox))
        if is_once:
            _sync_once(configuration, output)
        else:
            _serve(configuration, laid.advice)
        rows = _access_rows() if is_once else []
    if is_once and output is Output.json:
        print_json(rows)
    elif is_once:
        _print_access(rows)


def _require_free(port: int) -> None:
    """Raise Misconfigured if the pages cannot have this port, before an address is printed."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Misconfigured(
                f"the demo's pages cannot be served on port {port} ({error.strerror})",
                "Choose another one with --port; --port 0 takes any that is free.",
            ) from None


def _configure(folder: Path, laid: _Laid, url: str, token: str, port: int) -> Path:
    configuration = folder / "bridge.yaml"
    text = _CONFIGURATION.format(source=laid.source, mapping=laid.mapping, url=url, token=token, port=port)
    configuration.write_text(text, encoding="utf-8")
    return configuration


def _sync_once(configuration: Path, output: Output) -> None:
    settings = load(configuration)
    with open_bridge(settings.connection(None)) as bridge, State(settings.state) as state, progress() as report:
        result = sync(bridge, state, Order(progress=report))
    if output is Output.text:
        terminal.show_plan(console(), plan_view(result.plan))


def _serve(configuration: Path, advice: str) -> None:
    """As `run` does, so that what people see here is the real thing."""
    tell(f"{advice} and watch the next sync; or look from another terminal:")
    tell("  export " + " ".join(f"{name}={os.environ[name]}" for name in _KEYS))
    tell(f"  scim-bridge --config {configuration} plan")
    tell("Stop it with Ctrl-C; the folder goes with it.")
    with heeding_signals() as asked:
        run_until(load(configuration), asked)


def _access_rows() -> list[dict[str, str]]:
    """Who may enter what after the sync, read from the emulator as it would be read from AWS."""
    aws = Aws("ap-northeast-1", _FAST)
    reading = read_access(aws, datetime.now(UTC), silent)
    aws.close()
    rows = (
        {
            "user": row.display,
            "group": row.via or "",
            "account": row.account,
            "permission_set": row.permission_set,
            "allows": "; ".join(row.allows),
        }
        for row in access_rows(reading)
    )
    return sorted(rows, key=lambda row: tuple(row.values()))


@contextmanager
def _asking_only(sandbox: Sandbox) -> Iterator[None]:
    """This process asks the emulator for everything of AWS, with keys that fit nothing else, until the block ends."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": sandbox.aws_url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _print_access(rows: list[dict[str, str]]) -> None:
    out = console()
    out.print()
    out.print("Access to accounts now:")
    terminal.show_rows(out, _COLUMNS, [tuple(row.values()) for row in rows])
