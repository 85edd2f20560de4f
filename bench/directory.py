"""Writes a large directory as CSV files: users.csv, groups.csv, members.csv. The same seed gives the same files."""

import csv
from pathlib import Path
from random import Random

HEADER = ("id", "login", "given", "family", "display", "mail", "enabled", "title", "dept", "manager")


def write(folder: Path, users: int, groups: int, memberships: int, seed: int = 1) -> None:
    """A directory of this size in this folder; memberships are spread evenly over the groups."""
    random = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"u{number:06d}" for number in range(users)]
    _write(folder / "users.csv", HEADER, (_user(number, ids) for number in range(users)))
    _write(folder / "groups.csv", ("id", "name"), ((f"g{n:05d}", f"グループ {n}") for n in range(groups)))
    pairs = (
        (f"g{group:05d}", user, "user") for group in range(groups) for user in random.sample(ids, memberships // groups)
    )
    _write(folder / "members.csv", ("group_id", "member_id", "member_type"), pairs)


def _user(number: int, ids: list[str]) -> tuple[str, ...]:
    login = f"user.{number}@corp.example"
    manager = ids[number // 10] if number else ""
    names = (f"Given{number}", f"家族{number}", f"Given{number} 家族{number}")
    return (ids[number], login, *names, login, "true", "Engineer", f"Dept {number % 50}", manager)


def _write(path: Path, header: tuple[str, ...], rows: object) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)  # type: ignore[arg-type]  # any iterable of rows
