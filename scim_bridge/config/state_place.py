"""Where the state is and which connections there are: all of `bridge.yaml` that a look at the past needs.

The rest of the file is not checked here. What has happened can then be read even while a key is wrong, and such a
command does not wait for the checks of a whole configuration, which cost as much as everything else it does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scim_bridge.config import form
from scim_bridge.config.secret import Secret
from scim_bridge.config.yaml_file import YamlFile, nearest
from scim_bridge.errors import Misconfigured
from scim_bridge.model.state_address import ServerAddress, StateAddress


@dataclass(frozen=True, slots=True)
class StatePlace:
    """state: the SQLite file, or the database. connections: their names, in the order of the file `path`."""

    path: Path
    state: StateAddress
    connections: tuple[str, ...]

    def connection(self, name: str | None) -> str:
        """This name, or the only one's. Raises Misconfigured, naming those there are."""
        return one_of(self.connections, name, self.path)


def find_state(path: Path) -> StatePlace:
    """Read as much of `bridge.yaml` as tells where the state is. Raises Misconfigured if that part is wrong."""
    file = YamlFile(path)
    written = file.data.get("state", form.DEFAULT_STATE)
    try:
        # As the file was named: a mounted configuration is a link into a folder that is replaced.
        state = address_of(str(written), path.absolute().parent)
    except ValueError as error:
        raise Misconfigured(f"{file.at(('state',))}{error}", f"Fix {file.name} and try again.") from None
    connections = file.data.get("connections")
    return StatePlace(path.absolute(), state, tuple(connections) if isinstance(connections, dict) else ())


def address_of(written: str, folder: Path) -> StateAddress:
    """What `state` means. folder: what relative paths are relative to. Raises ValueError as form.py does."""
    value = form.state(written)
    if value.startswith("sqlite:///"):
        return folder / value.removeprefix("sqlite:///")
    if value.startswith("postgresql"):
        return ServerAddress(value)
    return ServerAddress(value, Secret(value, folder, "URL"))


def one_of(names: Iterable[str], name: str | None, path: Path) -> str:
    """The connection of this name, or the only one. Raises Misconfigured, naming those that the file has."""
    there = tuple(names)
    if not there:
        raise Misconfigured(f"{path.name} has no connections", "Write one under `connections:`.")
    listed = ", ".join(there)
    if name is None and len(there) == 1:
        return there[0]
    if name is None:
        raise Misconfigured(f"{path.name} has several connections: {listed}", "Say which one.")
    if name not in there:
        hint = nearest(name, there)
        raise Misconfigured(f"{path.name} has no connection {name!r}{hint}; it has: {listed}", "Name one of them.")
    return name
