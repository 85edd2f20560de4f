"""YAML 1.2 files that people write: read with the line of every key, so that each complaint can name its place.

Used for `bridge.yaml` here and, by the mapping and access rooms, for theirs. What a key means is not known here.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.composer import Composer
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.parser import Parser
from ruamel.yaml.scalarbool import ScalarBoolean
from ruamel.yaml.scanner import Scanner

from scim_bridge.errors import Misconfigured

KeyPath = tuple[str | int, ...]
"""Where a value stands: the keys and list positions that lead to it."""

_DEEPEST = 50
_DUPLICATE = re.compile(r'duplicate key "(.*?)" with value', re.DOTALL)
_SCALARS = ((ScalarBoolean, bool), (int, int), (float, float), (str, str))
"""The parser's own subclasses, which remember how a scalar was written → the plain value."""


class YamlFile:
    """A parsed file. data: plain dictionaries with text keys, lists and scalars. name: as people know the file.

    text: what the file will hold, for one that is not written yet. Raises Misconfigured for anything else:
    missing, not UTF-8, not YAML, empty, a key twice.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.name = path.name
        self._root = _parse(path, read_text(path) if text is None else text)
        refuse(self.name, [f"{self.at(where)}: {what}." for where, what in _unfit(self._root)])
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
        what = f"{problems[0].removesuffix('.')}{more}"
        raise Misconfigured(what, f"Fix {name} and try again.", problems=tuple(problems))


class _HoldsItselfError(MarkedYAMLError):
    """An anchor in the midst of what it names: there is no end to it."""


class _Composer(Composer):
    """Refuses an anchor that holds itself.

    YAML allows it, and the parser makes the inner one of nothing: what a person wrote would be lost and not mentioned.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node. An alias of a node that has not ended yet is inside of it."""
        event = self.parser.peek_event() if self.parser.check_event(AliasEvent) else None
        node = self.anchors.get(event.anchor) if event is not None else None
        if event is not None and node is not None and node.end_mark is None:
            raise _HoldsItselfError(problem=event.anchor, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


class _Constructor(RoundTripConstructor):
    """YAML 1.2 has no type for times: 2027-03-01 is a text, and stays as it was written."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def read_text(path: Path) -> str:
    """What a file holds. Raises Misconfigured."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        way_out = "Check the path. To create a configuration and a mapping: scim-bridge init"
        raise Misconfigured(f"{path} does not exist", way_out) from None
    except (OSError, UnicodeDecodeError) as error:
        what = f"{path} cannot be read ({_why(error)})"
        raise Misconfigured(what, "It must be a readable UTF-8 text file.") from None


def _parse(path: Path, text: str) -> CommentedMap:
    parser = YAML(typ="rt")
    parser.Composer, parser.Constructor = _Composer, _Constructor
    parser.Scanner, parser.Parser = Scanner, Parser  # those of "rt" keep the comments, and take twice as long
    try:
        root = parser.load(text)
    except DuplicateKeyError as error:
        key = _DUPLICATE.search(str(error.problem))
        what = f"{_place(path, error)}: the key {key[1] if key else ''} is there twice"
        raise Misconfigured(what, "Keep one of them.") from None
    except _HoldsItselfError as error:
        what = f"{_place(path, error)}: *{error.problem} stands inside &{error.problem}, so it holds itself without end"
        raise Misconfigured(what, "Write there what is meant.") from None
    except MarkedYAMLError as error:
        raise Misconfigured(f"{_place(path, error)}: not YAML: {error.problem}", "Fix the syntax there.") from None
    except (YAMLError, ValueError) as error:
        raise Misconfigured(f"{path.name}: not YAML: {str(error).splitlines()[0]}", "Fix the syntax.") from None
    except RecursionError:
        raise Misconfigured(f"{path.name} nests deeper than any configuration needs", "Fix the syntax.") from None
    if not isinstance(root, CommentedMap):
        raise Misconfigured(f"{path.name} holds no settings", "Write `key: value` lines.")
    return root


def _why(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"


def _place(path: Path, error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"{path.name}, line {mark.line + 1}, column {mark.column + 1}" if mark is not None else path.name


def _unfit(node: Any, where: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """What is YAML and still nothing that a settings file can hold, with its place."""
    if len(where) > _DEEPEST:
        yield where[:3], "nests deeper than any configuration needs"
    elif isinstance(node, CommentedMap):
        for key, value in node.items():
            if isinstance(key, str):
                yield from _unfit(value, (*where, key))
            else:
                yield (*where, key), "a key is text; put it in quotation marks"
    elif isinstance(node, CommentedSeq):
        for number, value in enumerate(node):
            yield from _unfit(value, (*where, number))


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    if isinstance(node, bool):
        return node
    return next((plain(node) for kind, plain in _SCALARS if isinstance(node, kind)), node)
