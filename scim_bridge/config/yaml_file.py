"""YAML 1.2 files that people write: read with the line of every key, so that each complaint can name its place.

Used for `bridge.yaml` here and, by the mapping and access rooms, for theirs.
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from scim_bridge.errors import Misconfigured

KeyPath = tuple[str | int, ...]
"""Where a value stands: the keys and list positions that lead to it."""


class YamlFile:
    """A parsed file. data: plain dictionaries, lists and scalars. name: as people know the file."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._root = _parse(path)
        self.data: Any = _plain(self._root)

    def line(self, where: KeyPath) -> int:
        """The line (from 1) of the key or list entry at this path, or of the nearest one above it that exists."""
        node, line = self._root, 1
        for key in where:
            try:
                if isinstance(node, CommentedMap):
                    line = node.lc.key(key)[0] + 1
                elif isinstance(node, CommentedSeq):
                    line = node.lc.item(key)[0] + 1
                node = node[key]
            except (KeyError, IndexError, TypeError):
                break
        return line

    def at(self, where: KeyPath) -> str:
        """The place in words: "bridge.yaml, line 12: policy.adopt"."""
        dotted = ".".join(str(key) for key in where)
        return f"{self.name}, line {self.line(where)}" + (f": {dotted}" if dotted else "")


def nearest(name: str, known: Iterable[str]) -> str:
    """A question after the nearest known name (" (did you mean …?)"), or nothing if none is near."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def refuse(name: str, problems: list[str]) -> None:
    """Raise Misconfigured with every problem of one file; nothing if there is none."""
    if problems:
        more = f" (and {len(problems) - 1} more, listed below)" if len(problems) > 1 else ""
        raise Misconfigured(f"{problems[0]}{more}", f"Mend {name} and try again.", problems=tuple(problems))


def _parse(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Misconfigured(f"{path} does not exist", "Name the right file, or write it first.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{path} cannot be read ({_why(error)})", "It must be a readable UTF-8 text file."
        ) from None
    try:
        root = YAML(typ="rt").load(text)
    except DuplicateKeyError as error:
        where = _place(path, error)
        key = str(error.problem).split('"')[1] if '"' in str(error.problem) else "a key"
        raise Misconfigured(f"{where}: the key {key} stands twice", "Keep one of them.") from None
    except MarkedYAMLError as error:
        raise Misconfigured(f"{_place(path, error)}: not YAML: {error.problem}", "Mend the syntax there.") from None
    except YAMLError as error:
        raise Misconfigured(f"{path.name}: not YAML: {str(error).splitlines()[0]}", "Mend the syntax.") from None
    if not isinstance(root, CommentedMap):
        raise Misconfigured(f"{path.name} holds no settings", "Write `key: value` lines.")
    return root


def _why(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"


def _place(path: Path, error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"{path.name}, line {mark.line + 1}, column {mark.column + 1}" if mark is not None else path.name


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):  # the parser's own subclasses remember how a scalar was written
        if isinstance(node, kind) and type(node) is not bool:
            return bool(node) if kind is bool else kind(node)
    return node
