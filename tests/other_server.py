"""SCIM servers written by others, each a process of its own on loopback, ended by its own process.

They hold users and groups in memory, and care for what RFC 7643 and 7644 say alone.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scim_bridge.errors import EndpointDown
from scim_bridge.target.client import Request, ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.read import pages_by_index
from scim_bridge.target.retry import Patience
from tests.waiting import PATIENCE

NAMES = ("scim2-server", "scimmy")
_TOKEN = "token-of-the-other-server"
_START = "from scim2_server.testserver.cli import main; main()"
_SCIMMY = Path(sys.prefix) / "scimmy"
"""Where `make` puts tests/scimmy and what it needs."""


def started(name: str) -> "OtherServer":
    """One of NAMES; skips the test where there is no Node.js (CI has it)."""
    if name == "scim2-server":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        arguments = [sys.executable, "-c", _START, "--port", str(port), "--bearer-token", _TOKEN]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return OtherServer(f"http://127.0.0.1:{port}/v2", process)
    if not (_SCIMMY / "node_modules").is_dir() and "CI" not in os.environ:
        pytest.skip("there is no Node.js here for this server: make system-packages, then make test")
    process = subprocess.Popen(
        ["node", str(_SCIMMY / "server.mjs")],
        env=os.environ | {"SCIM_TOKEN": _TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    return OtherServer(f"http://127.0.0.1:{port}/scim/v2", process)


class OtherServer:
    """One of them. For use in a `with`."""

    def __init__(self, url: str, process: "subprocess.Popen[bytes]") -> None:
        self.url = url
        self.token = _TOKEN
        self._process = process
        self.client = ScimClient(url, lambda: _TOKEN, Rate(100_000), Patience(first_answer=0.1))

    def __enter__(self) -> "OtherServer":
        end = time.monotonic() + PATIENCE
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
        self._process.wait(timeout=PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def all(self, collection: str) -> list[dict[str, Any]]:
        """Every resource of Users or Groups, as the server shows it."""
        return [resource for page in pages_by_index(self.client, collection, size=100) for resource in page]

    def empty(self) -> None:
        """Delete everything."""
        for collection in ("Groups", "Users"):
            for resource in self.all(collection):
                self.client.send(Request("DELETE", f"{collection}/{resource['id']}"))
