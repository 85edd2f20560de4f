"""Dated exports: `{date}` in the paths of a CSV source stands for the newest export that has all its files.

`exports/{date}/users.csv` are directories, `users-{date}.csv` are files of dated names. A date begins with a digit, and
the newest is the one that comes last as text, as those of ISO 8601 do.
"""

import hashlib
import re
from pathlib import Path

from scim_bridge.config.source import CsvSettings
from scim_bridge.errors import SourceUnreadable

DATE = "{date}"
_A_DATE = r"[0-9][0-9A-Za-z:._+-]*"


def newest(files: CsvSettings) -> CsvSettings:
    """The same with the files of the newest complete export. Raises SourceUnreadable if there is none."""
    dated = [path for path in files.paths if DATE in str(path)]
    if not dated:
        return files
    complete = set.intersection(*map(_dates, dated))
    if not complete:
        raise SourceUnreadable(
            f"there is no complete export: no date has all of {', '.join(map(str, dated))}",
            "Look whether the export ran, and where it writes.",
        )
    date = max(complete)
    return files.each(lambda path: Path(str(path).replace(DATE, date)))


def fingerprint(files: CsvSettings) -> str:
    """A hash of what the files hold, of whatever age they are; "" if they cannot be read now."""
    digest = hashlib.sha256()
    try:
        for path in newest(files).paths:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    except (OSError, SourceUnreadable):
        return ""
    return digest.hexdigest()


def _dates(pattern: Path) -> set[str]:
    """Every date for which this file is there. The part of the path with the date is looked for, no other."""
    parts = pattern.parts
    at = next(number for number, part in enumerate(parts) if DATE in part)
    folder, rest = Path(*parts[:at]), parts[at + 1 :]
    before, after = parts[at].split(DATE, 1)
    named = re.compile(f"{re.escape(before)}({_A_DATE}){re.escape(after)}")
    try:
        found = [(named.fullmatch(entry.name), entry) for entry in folder.iterdir()]
    except OSError:
        return set()
    return {
        match[1]
        for match, entry in found
        if match is not None and entry.joinpath(*(part.replace(DATE, match[1]) for part in rest)).is_file()
    }
