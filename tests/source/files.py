"""An organization as CSV files, and a CSV source over them."""

import csv
import tempfile
from pathlib import Path
from typing import Any

from scim_bridge.config.source import CsvSettings, MemberFile
from scim_bridge.model.identity import Snapshot
from scim_bridge.source.csv_file import CsvSource
from tests.organization import Organization

HEADER = ("id", "login", "given", "family", "display", "mail", "enabled", "title", "dept", "manager")


def put(there: Organization, folder: Path) -> None:
    """Write users.csv, groups.csv and members.csv."""
    users = (
        (
            p.key,
            p.mail,
            p.given,
            p.family,
            p.display,
            p.mail,
            str(p.is_active).lower(),
            p.title,
            p.department,
            p.manager,
        )
        for p in there.people.values()
    )
    members = [(t.key, u, "user") for t in there.teams.values() for u in sorted(t.users)]
    members += [(t.key, g, "group") for t in there.teams.values() for g in sorted(t.teams)]
    _write(folder / "users.csv", HEADER, users)
    _write(folder / "groups.csv", ("id", "name"), ((t.key, t.name) for t in there.teams.values()))
    _write(folder / "members.csv", ("group_id", "member_id", "member_type"), members)


def source(folder: Path) -> CsvSource:
    """A source over the files in this folder."""
    files = CsvSettings(
        users=folder / "users.csv", groups=folder / "groups.csv", members=MemberFile(path=folder / "members.csv")
    )
    return CsvSource(files, "id", "id", still_for=0)


def snapshot_of(there: Organization) -> Snapshot:
    """What a CSV source shows of an organization."""
    with tempfile.TemporaryDirectory() as folder:
        put(there, Path(folder))
        return source(Path(folder)).read("2027-03-13").snapshot


def _write(path: Path, header: tuple[str, ...], rows: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
