"""Documents that tell a story: files are written, commands are run, and what they print stands below them.

Ids, times and names of this machine are put into a form that is the same everywhere.
"""

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path

from scim_bridge.cli.main import run
from scim_bridge.sandbox.server import Sandbox

_BLOCK = re.compile(r"```(?P<kind>file|console) ?(?P<name>\S*)\n(?P<body>.*?)```", re.DOTALL)
_SAME = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "906…"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ?\S*"), "2027-03-13 09:00:00"),
    (re.compile(r"\b\d+(\.\d+)? (s|min)\b"), "1 s"),
    (re.compile(r"process \d+ on \S+"), "process 42 on bridge-1"),
)


def told(text: str, folder: Path, sandbox: Sandbox) -> str:
    """The document as it would read if every command were run again, in this folder and against this endpoint."""

    def again(found: re.Match[str]) -> str:
        body = found["body"]
        if found["kind"] == "file":
            given = body.replace("https://scim.eu-west-1.amazonaws.com/<tenant>/scim/v2", sandbox.url)
            (folder / found["name"]).write_text(given.replace("env:SCIM_TOKEN", sandbox.token), encoding="utf-8")
            return found[0]
        command = body.splitlines()[0]
        arguments = command.removeprefix("$ scim-bridge ").split()
        printed = _printed(lambda: run(["--config", str(folder / "bridge.yaml"), *arguments]))
        return f"```console\n{command}\n{_the_same(printed)}\n```"

    return _BLOCK.sub(again, text)


def _printed(command: Callable[[], int]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        command()
    return out.getvalue()


def _the_same(text: str) -> str:
    for pattern, stands in _SAME:
        text = pattern.sub(stands, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
