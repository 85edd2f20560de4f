"""`/healthz` and `/readyz` of a worker without pages, for what starts and watches it (`work --health`).

It answers what the pages' own answer (service/health.py), without their framework: a worker has no other use for that.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from scim_bridge.errors import Misconfigured
from scim_bridge.worker.pulse import Pulse

_STILL = "The schedule has not looked around for two minutes. The log says more."


@contextmanager
def answering(address: tuple[str, int], pulse: Pulse) -> Iterator[str]:
    """Answer while the block lasts; gives the URL of /healthz. Raises Misconfigured for an address it cannot use."""
    server = _server(address, pulse)
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        yield f"http://{host}:{server.server_port}/healthz"
    finally:
        server.shutdown()
        server.server_close()


def _server(address: tuple[str, int], pulse: Pulse) -> ThreadingHTTPServer:
    class Answer(_Answer):
        of = pulse

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET

    try:
        return Server(address, Answer)
    except OSError as error:
        what = f"health cannot be answered on {address[0]}:{address[1]} ({error.strerror})"
        raise Misconfigured(what, "Choose another --health.") from None


class _Answer(BaseHTTPRequestHandler):
    """One request. It names no one, so anyone may ask."""

    of: ClassVar[Pulse]
    timeout = 5  # seconds for a client that sends nothing
    server_version, sys_version = "scim-bridge", ""

    def do_GET(self) -> None:
        """200 while the worker goes on; `/readyz` only while it can use the state, too."""
        wrong = "" if self.of.is_moving() else _STILL
        if self.path == "/readyz":
            self._say({"status": "ready"}, "not ready", wrong or self.of.trouble)
        elif self.path == "/healthz":
            # Not while the state is away: a new start would not bring it back.
            self._say({"status": "ok"}, "failing", wrong)
        else:
            self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def _say(self, good: dict[str, str], bad: str, wrong: str) -> None:
        body = json.dumps({"status": bad, "detail": wrong} if wrong else good).encode()
        self.send_response(503 if wrong else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: it is asked every few seconds."""
