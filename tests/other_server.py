"""A SCIM server written by others (scim2-server), as a process of its own on loopback, ended by its own process."""

import socket
import subprocess
import sys
import time
from typing import Any

from scim_bridge.errors import EndpointDown
from scim_bridge.target.client import Request, ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience

_START = "from scim2_server.testserver.cli import main; main()"


class OtherServer:
    """Holds users and groups in memory, and cares for what RFC 7643 and 7644 say alone. For use in a `with`."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.token = "token-of-the-other-server"
        self.url = f"http://127.0.0.1:{port}/v2"
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, "--port", str(port), "--bearer-token", self.token],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.client = ScimClient(self.url, lambda: self.token, Rate(100_000), Patience(first_answer=0.1))

    def __enter__(self) -> "OtherServer":
        end = time.monotonic() + 30
        while True:
            try:
                self.client.get("ServiceProviderConfig", needs="patch")
            except EndpointDown:
                if time.monotonic() > end or self._process.poll() is not None:
                    self.__exit__()
                    raise
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(timeout=10)

    def all(self, collection: str) -> list[dict[str, Any]]:
        """Every resource of Users or Groups, as the server shows it."""
        found: list[dict[str, Any]] = self.client.get(f"{collection}?count=10000", needs="totalResults").body[
            "Resources"
        ]
        return found

    def empty(self) -> None:
        """Delete everything."""
        for collection in ("Groups", "Users"):
            for resource in self.all(collection):
                self.client.send(Request("DELETE", f"{collection}/{resource['id']}"))
