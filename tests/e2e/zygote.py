"""Starts commands quickly: everything is imported once, and each command is a fork, a process of its own to be killed.

One command a line on stdin, as JSON; the answer is its process id. The next line, whatever it says, waits for its end;
the answer is its exit status.
"""

import json
import os
import sys
from importlib import import_module

from scim_bridge.cli.main import run


def main() -> None:
    """Fork for each line until stdin ends."""
    for name in ("outcome", "plan_output", "output"):  # a command imports these when it is called; here, before that
        import_module(f"scim_bridge.cli.{name}")
    for line in sys.stdin:
        arguments = json.loads(line)
        child = os.fork()
        if child == 0:
            devnull = os.open(os.devnull, os.O_RDWR)
            os.dup2(devnull, 0)
            os.dup2(devnull, 1)
            os._exit(run(arguments))
        _tell(child)
        sys.stdin.readline()
        _, status = os.waitpid(child, 0)
        _tell(os.waitstatus_to_exitcode(status))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
