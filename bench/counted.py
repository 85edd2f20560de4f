"""A command of the program, and what only its process knows of it: `python -m bench.counted REPORT ARGUMENT…`.

The report (JSON) has its statements to the database, its peak memory (MiB) and the modules that it had imported.
`python -m bench.counted REPORT --import FILE` imports the modules of another report and prints the version: the
start-up of that command. With `--unpaced` before the arguments Google is asked without waiting.

Peak memory is asked for inside, since what Linux tells a parent includes the parent's own.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, event

from scim_bridge.cli.main import run


def peak() -> float:
    """MiB that this process held at most."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main(report: Path, arguments: list[str]) -> int:
    """Run it, write the report, give the exit code."""
    statements = 0

    def count(*_: Any) -> None:
        nonlocal statements
        statements += 1

    event.listen(Engine, "before_cursor_execute", count)
    if arguments[0] == "--unpaced":
        arguments = arguments[1:]
        # Waiting for a turn costs no CPU, and 6,000 requests at Google's pace take minutes.
        import_module("scim_bridge.source.google.api")._Pace.wait = lambda _: None  # noqa: SLF001 - a bench's
    if arguments[0] == "--import":
        for name in orjson.loads(Path(arguments[1]).read_bytes())["modules"]:
            import_module(name)
        arguments = ["--version"]
    code = run(arguments)
    modules = [name for name, module in sys.modules.items() if getattr(module, "__file__", None) and _is_read(name)]
    report.write_bytes(orjson.dumps({"statements": statements, "memory": peak(), "modules": modules}))
    return code


def _is_read(name: str) -> bool:
    """Not what was run, nor what a module put into the table under a name that cannot be imported."""
    spec = getattr(sys.modules[name], "__spec__", None)
    return name != "__main__" and spec is not None and spec.name == name


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
