"""`access export`, `access diff FILE` and `access restore`: assignments by names, in a file."""

import os
from pathlib import Path
from time import sleep

from scim_bridge.access.aws import Aws
from scim_bridge.access.backup import Backup, Restoration, backup_bytes, backup_of, restoration
from scim_bridge.access.journal import writing_journal
from scim_bridge.access.restore import Restorer
from scim_bridge.cli.access_reading import current_reading, with_access
from scim_bridge.cli.output import actor, console, print_json, progress
from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import Settings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.wording import counted
from scim_bridge.state.writer import State
from scim_bridge.view import words


def export(settings: Settings, connection: str | None, file: Path) -> None:
    """Read AWS now and write every assignment to a file, which only its owner may read."""
    reading = current_reading(settings, connection, is_full=True)
    content = backup_bytes(reading, str(words.utc(reading.as_of)))
    part = file.with_name(f".{file.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as written:
            written.write(content)
        part.replace(file)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be written ({error.strerror})", "Name another file.") from None
    saved = backup_of(file.name, content)
    tell(f"{counted(len(saved.assignments), 'assignment')} written to {file}.")
    for sentence in (*saved.not_saved, *reading.warnings):
        tell(f"not saved: {words.printable(sentence)}")


def show_file_difference(settings: Settings, connection: str | None, file: Path, *, is_json: bool) -> None:
    """Print what differs between a file and AWS now."""
    found = restoration(_load(file), current_reading(settings, connection, is_full=True))
    if is_json:
        print_json(
            {
                "missing": [str(one.saved) for one in found.missing],
                "lost": list(found.lost),
                "more": [str(one) for one in found.more],
            }
        )
        return
    _show(found)
    _list("Not in the file:", [str(one) for one in found.more])


def restore(settings: Settings, connection: str | None, file: Path, *, is_applying: bool) -> int:
    """Print what is missing of a file, and make it if that is asked for. The exit code."""
    backup, chosen = _load(file), with_access(settings, connection)
    assert chosen.access is not None  # noqa: S101 - with_access has looked
    if not is_applying:
        found = restoration(backup, current_reading(settings, connection, is_full=True))
        _show(found)
        if found.missing:
            tell("Nothing was changed. To make them: scim-bridge access restore FILE --apply")
        return 0
    aws = Aws(chosen.access.region, chosen.access.requests_per_second)
    with writing_journal(file) as journal:
        reading = current_reading(settings, connection, is_full=True)
        restorer = Restorer(aws, reading.instance, journal, sleep)
        if journal.is_begun:
            restorer.settle()
            reading = current_reading(settings, connection, is_full=True)
        found = restoration(backup, reading)
        _show(found)
        if found.missing:
            with State(settings.state) as state:
                detail = f"{counted(len(found.missing), 'assignment')} of {file.name}"
                state.note(actor(), "access restore", connection=chosen.name, detail=detail)
        with progress() as report:
            made = restorer.make_all(found.missing, report)
    aws.close()
    failed = [one for one in made if one.failure]
    _list("Failed:", [f"{one.what.saved} ({one.failure})" for one in failed])
    done = counted(len(made) - len(failed), "assignment")
    tell(f"{done} made, {len(failed)} failed, {len(found.lost)} cannot be made.")
    return 5 if failed or found.lost else 0


def _show(found: Restoration) -> None:
    console().print(f"{counted(found.there, 'assignment')} of the file exist.", highlight=False)
    _list("Missing, and can be made:", [str(one.saved) for one in found.missing])
    _list("Missing, and cannot be made:", list(found.lost))


def _list(title: str, lines: list[str]) -> None:
    if lines:
        out = console()
        out.print(title)
        for line in lines:
            out.print(f"  {words.printable(line)}", highlight=False, markup=False)


def _load(file: Path) -> Backup:
    try:
        return backup_of(file.name, file.read_bytes())
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read ({error.strerror})", "Name a file of `access export`.") from None
