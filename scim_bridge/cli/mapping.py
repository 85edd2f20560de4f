"""`mapping test`: does a mapping file do what its own tests say?"""

from pathlib import Path
from typing import Annotated

import typer

from scim_bridge.cli.options import Output, OutputOption
from scim_bridge.cli.streams import tell


def register(app: typer.Typer) -> None:
    """Add this command."""
    mapping = typer.Typer(help="Test mapping files.", no_args_is_help=True, rich_markup_mode=None)
    mapping.command("test")(mapping_test_command)
    app.add_typer(mapping, name="mapping")


def mapping_test_command(
    file: Annotated[Path, typer.Argument(help="a mapping file")], output: OutputOption = Output.text
) -> int:
    """Run the tests of a mapping file."""
    from scim_bridge.cli.output import console, print_json
    from scim_bridge.mapping.document import load_mapping
    from scim_bridge.mapping.selftest import run_tests
    from scim_bridge.view import terminal
    from scim_bridge.view.check import Check

    results = run_tests(load_mapping(file))
    if output is Output.json:
        print_json([{"name": r.name, "passed": r.passed, "failures": r.failures} for r in results])
    else:
        checks = [Check(r.name, ok=r.passed, detail="; ".join(r.failures) or "as expected") for r in results]
        terminal.show_checks(console(), checks)
    failed = sum(not result.passed for result in results)
    if failed:
        tell(f"scim-bridge: {failed} of {len(results)} tests of {file.name} failed.")
    elif not results:
        tell(f"{file.name} has no tests")
    return 2 if failed else 0
