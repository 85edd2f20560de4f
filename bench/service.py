"""`scim-bridge run` as a process: signed in to by its one-time link, asked over HTTP, weighed from outside."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from scim_bridge.service.auth.csrf import HEADER, token_for

_TICKS = os.sysconf("SC_CLK_TCK")
_LINK = re.compile(r"sign in.*: (?P<url>http\S+)/sign-in\?code=(?P<code>\S+)")


@dataclass(frozen=True, slots=True)
class Service:
    """The running service. client: a browser that is signed in."""

    pid: int
    client: httpx.Client

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.client.base_url.host, self.client.base_url.port or 0

    @property
    def memory(self) -> float:
        """MiB that belong to it alone, and its share of what it has in common with others (PSS)."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has taken so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def service(config: Path) -> Iterator[Service]:
    """Start it with this configuration, sign in, and end it after the block."""
    log = config.with_name("service.log")
    with log.open("w") as out:
        command = (sys.executable, "-m", "scim_bridge.cli.main", "--config", str(config), "run")
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        url, code = _link(log, process)
        with httpx.Client(base_url=url, timeout=60) as client:
            client.get("/sign-in", params={"code": code}).read()
            (secret,) = client.cookies.values()
            client.headers.update({"Origin": url, HEADER: token_for(secret)})
            yield Service(process.pid, client)
    finally:
        process.terminate()
        process.wait()


def _link(log: Path, process: "subprocess.Popen[bytes]") -> tuple[str, str]:
    while process.poll() is None:
        found = _LINK.search(log.read_text())
        if found is not None:
            return found["url"], found["code"]
        time.sleep(0.05)
    raise RuntimeError(f"the service has ended:\n{log.read_text()}")
