"""Commands that a running service carries out: `--server URL`. No configuration is needed on this machine.

Long work is placed as an order and followed to its end, so each command ends with the same exit code as on the server.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from scim_bridge.cli.options import Output
from scim_bridge.cli.output import print_json
from scim_bridge.cli.streams import print_bytes, tell
from scim_bridge.config import form
from scim_bridge.config.secret import Secret
from scim_bridge.errors import Misconfigured, Stop
from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.wording import counted
from scim_bridge.plan.plan_file import from_bytes
from scim_bridge.view.attention import page_of

_LOOK_EVERY = 0.5
_PATIENCE = 30.0
"""Seconds without an answer after which the service counts as not there; a work that takes longer is followed."""
_WRONG = (400, 404, 405, 422)
TOKEN = "SCIM_BRIDGE_TOKEN"  # noqa: S105 - the name of a variable


class NotAnswered(Stop):
    """The service does not answer, or refuses what was asked."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running service. Raises Misconfigured for what is wrong with a request, NotAnswered for all else."""

    url: str
    client: httpx.Client = field(repr=False)

    def get(self, path: str, **asked: Any) -> Any:
        """A document."""
        return self._answer("GET", path, params=asked).json()

    def get_bytes(self, path: str) -> bytes:
        """A document as it is."""
        return self._answer("GET", path).content

    def post(self, path: str, document: Any) -> Any:
        """Ask for something, once: a request that is sent again after a lost answer has the same key."""
        key = {"Idempotency-Key": uuid4().hex}
        return self._answer("POST", path, json=document, headers=key).json()

    def connection(self, name: str | None) -> str:
        """This connection, or the only one. Raises Misconfigured if there are several."""
        if name is not None:
            return name
        names = [each["name"] for each in self.get("/connections")["items"]]
        if len(names) != 1:
            raise Misconfigured(f"{self.url} has the connections {', '.join(names)}", "Say which one.")
        return str(names[0])

    def follow(self, placed: dict[str, Any]) -> dict[str, Any]:
        """Wait for the end of an order, and say it."""
        number = placed["id"]
        tell(f"order {number} is placed: {self.url}{page_of(placed['connection'])}?order={number}")
        while placed["ended"] is None:
            time.sleep(_LOOK_EVERY)
            placed = self.get(f"/orders/{number}")
        tell(placed["sentence"])
        return placed

    def _answer(self, method: str, path: str, **asked: Any) -> httpx.Response:
        way_out = "Check the address, and that the service runs."
        for tries_left in (1, 0):
            try:
                answer = self.client.request(method, f"/api/v1{path}", **asked)
                break
            except httpx.TransportError as error:
                if not tries_left:
                    what = f"{self.url} does not answer ({type(error).__name__})"
                    raise NotAnswered(what, way_out) from None
        if answer.is_success:
            return answer
        said = _detail(answer)
        if answer.status_code in _WRONG:
            raise Misconfigured(f"{self.url}: {said.rstrip('.')}")
        raise NotAnswered(f"{self.url}: {said.rstrip('.')}", "" if answer.status_code < 500 else way_out)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"it answers with {answer.status_code}, so it may not be a service of scim-bridge"


@contextmanager
def server_at(url: str, token: str) -> Iterator[Server]:
    """The service at this URL. token: a reference to an API token. Raises Misconfigured."""
    try:
        place = form.pages_url(url)
    except ValueError as error:
        raise Misconfigured(f"--server {url}{error}") from None
    if not token.startswith(("env:", "file:")):
        raise Misconfigured("--token is a reference, never the token itself", "Write env:NAME or file:PATH.")
    bearer = {"Authorization": f"Bearer {Secret(token, Path.cwd()).read()}"}
    with httpx.Client(base_url=place, headers=bearer, timeout=_PATIENCE) as client:
        yield Server(place, client)


def place_order(server: Server, connection: str | None, kind: str, output: Output, **about: Any) -> int:
    """Place an order, follow it, and show its run."""
    asked = {"connection": server.connection(connection), "kind": kind} | about
    return _show(server, server.follow(server.post("/orders", asked)), output)


def approval(*, approve: bool, last_admin: bool) -> dict[str, Any]:
    """What an order says of `--approve`. The note that the service asks for says where it was given."""
    return {"approve": {"note": "by --approve on the command line", "last_admin": last_admin}} if approve else {}


def apply_plan(server: Server, plan: Path, output: Output, said: dict[str, Any]) -> int:
    """Apply a plan that the service keeps. plan: its number."""
    if not plan.name.isdecimal() or plan.name != str(plan):
        raise Misconfigured(
            f"with --server, a kept plan is applied by its number, and {plan} is not a number",
            f"`scim-bridge plan --server {server.url}` makes a plan and says its number.",
        )
    return _show(server, server.follow(server.post(f"/plans/{plan}/apply", said)), output)


def make_plan(server: Server, connection: str | None) -> tuple[dict[str, Any], bytes]:
    """Have a plan made and kept; the order, and the document as `plan --out` writes it. Raises NotAnswered."""
    done = server.follow(server.post("/orders", {"connection": server.connection(connection), "kind": "plan"}))
    if done["plan"] is None:
        kind = Misconfigured if done["exit_code"] == Misconfigured.exit_code else NotAnswered
        raise kind(done["sentence"].rstrip("."))
    return done, server.get_bytes(f"/plans/{done['plan']}/document")


def show_plan(server: Server, saved: bytes, number: int, output: Output) -> int:
    """Print a plan; the code of `plan --exit-code`."""
    from scim_bridge.cli.output import console
    from scim_bridge.cli.plan_output import plan_code
    from scim_bridge.view import terminal
    from scim_bridge.view.plan import plan_view

    plan, apply = from_bytes(saved, f"plan {number}"), f"scim-bridge apply {number} --server {server.url}"
    if output is Output.json:
        print_bytes(saved)
    else:
        terminal.show_plan(console(), plan_view(plan, approval=f"{apply} --approve"))
        tell(f"to apply exactly this plan: {apply}")
    return plan_code(plan)


def pause_there(server: Server, connection: str, reason: str) -> int:
    """Stop the schedule of a connection."""
    server.post(f"/connections/{quote(connection, safe='')}/pause", {"reason": reason})
    tell(f"{connection} is paused. To go on: scim-bridge resume {connection} --server {server.url}")
    return 0


def resume_there(server: Server, connection: str) -> int:
    """Let the schedule of a connection go on."""
    server.post(f"/connections/{quote(connection, safe='')}/resume", None)
    tell(f"the schedule of {connection} goes on")
    return 0


def resolve_there(server: Server, key: str, given: list[Decision], link: str | None, note: str) -> int:
    """Decide one conflict, or all of a kind."""
    if len(given) != 1:
        raise Misconfigured("a conflict needs exactly one decision", "Give one, as `scim-bridge conflicts` lists them.")
    asked = {"decision": given[0], "link": link or "", "note": note}
    count = server.post(f"/conflicts/{quote(key, safe='')}/resolve", asked)["conflicts"]
    which = key if count == 1 else f"{counted(count, 'conflict')} of kind {key}"
    tell(f"{which}: {given[0]}. The next sync uses this decision.")
    return 0


def _show(server: Server, done: dict[str, Any], output: Output) -> int:
    if output is Output.json and done["run"] is not None:
        run = server.get(f"/runs/{done['run']}")
        print_json(run | {"operations": list(_operations(server, done["run"]))})
    return int(done["exit_code"])


def _operations(server: Server, run: int) -> list[Any]:
    found: list[Any] = []
    page = server.get(f"/runs/{run}/operations", limit=500)
    while True:
        found += page["items"]
        if page["next"] is None:
            return found
        page = server.get(f"/runs/{run}/operations", limit=500, cursor=page["next"])
