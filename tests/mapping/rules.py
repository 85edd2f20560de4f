"""Short ways to say a mapping file and the records it is run over."""

from collections.abc import Mapping as Mappings
from pathlib import Path

import pytest

from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.record import map_records
from scim_bridge.model.identity import AttributeType, Desired, Directory, Record, Snapshot
from scim_bridge.model.remembered import LastApplied

TODAY = "2027-03-13"
COLUMNS = ("id", "login", "given", "family", "display", "mail", "enabled", "title")
RULES = {
    "userName": "login.lower()",
    "name.givenName": "given",
    "name.familyName": "family",
    "displayName": "display",
    "emails": "mail",
    "active": "truth(enabled)",
    "title": "title",
}
PERSON = {
    "id": "7",
    "login": "B.Sato@corp.example",
    "given": "花子",
    "family": "佐藤",
    "display": "佐藤 花子",
    "mail": "b.sato@corp.example",
    "enabled": "yes",
    "title": "Engineer",
}
GROUPS = "groups:\n  id: id\n  scope: name != 'hidden'\n  nested: {nested}\n  attributes: {{displayName: name}}\n"


def written(folder: Path, text: str) -> Path:
    """A mapping file with this text."""
    path = folder / "corp.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def text_of(scope: str = 'login != ""', nested: str = "flatten", **rules: str | None) -> str:
    """A mapping with the usual rules but for these (underscores stand for dots; None leaves a rule out)."""
    chosen = RULES | {path.replace("_", "."): rule for path, rule in rules.items()}
    lines = "".join(f"    {path}: |-\n      {rule}\n" for path, rule in chosen.items() if rule is not None)
    users = f"users:\n  id: id\n  scope: |-\n    {scope}\n  attributes:\n{lines}"
    return users + GROUPS.format(nested=nested)


def compiled(
    folder: Path, text: str, types: Mappings[str, AttributeType] | None = None, columns: tuple[str, ...] = COLUMNS
) -> CompiledMapping:
    """The mapping, compiled for these columns of text and these attributes of other types."""
    users: dict[str, AttributeType] = dict.fromkeys(columns, "string")
    mapping = load_mapping(written(folder, text))
    return compile_mapping(mapping, users | dict(types or {}), {"id": "string", "name": "string"})


def problems(folder: Path, text: str, types: Mappings[str, AttributeType] | None = None) -> list[str]:
    """What is said of a mapping that is refused, when it is read or when it is compiled."""
    with pytest.raises(Misconfigured) as refusal:
        compiled(folder, text, types)
    return list(refusal.value.problems)


def person(line: int = 2, **cells: object) -> Record:
    """A row of users.csv, as usual but for these cells."""
    attributes = {**PERSON, **cells}
    return Record(str(attributes["id"]), attributes, f"users.csv, line {line}")


def team(identifier: str, name: str = "") -> Record:
    """A row of groups.csv."""
    return Record(identifier, {"id": identifier, "name": name or identifier}, f"groups.csv, {identifier}")


def mapped(mapping: CompiledMapping, *users: Record) -> Directory:
    """These users, mapped."""
    return map_records(Snapshot(users, (), {}), mapping, TODAY, LastApplied())


def only(mapping: CompiledMapping, record: Record) -> Desired:
    """What becomes of one record that is in scope."""
    (desired,) = mapped(mapping, record).users
    return desired


def flaws(desired: Desired) -> list[tuple[str, str, bool]]:
    """What is wrong with it: kind, attribute, whether it holds the whole object."""
    return [(flaw.kind, flaw.attribute, flaw.fatal) for flaw in desired.flaws]
