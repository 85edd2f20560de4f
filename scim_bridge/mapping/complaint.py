"""What the compiler of the expression language says about a rule, in words for the author of the rule."""

import re
from dataclasses import dataclass

from scim_bridge.config.yaml_file import nearest
from scim_bridge.mapping.function import USAGE

_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']+)' applied to '([^']+)'")
_NO_NAME = re.compile(r"(?:reserved identifier: |recognition error at: '(?=[^\x00-\x7f])|input '(?=in'))(\w+)")
"""A word of the language, or a letter beyond ASCII, where a name is due."""
_CODES = re.compile(r"^(?:[A-Z_]+: )+|(?: \[[A-Z_]+\])+$")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a rule. where: its place in the rule (", column 5 of the rule"), "" if it has none.

    unknown: the variable that is not declared, if that is what is wrong.
    """

    what: str
    where: str = ""
    unknown: str = ""


def complaints(message: str, text: str) -> tuple[Complaint, ...]:
    """What the compiler says about a rule, each once. text: the rule. Of syntax errors only the first is given."""
    found = _ERROR.findall(message.replace(" (in container '')", ""))
    if not found:
        return (Complaint(without_codes(message)),)
    if found[0][2].startswith("Syntax error: "):
        found = found[:1]  # the others follow from it
    told: dict[str, Complaint] = {}
    for line, column, what in found:
        complaint = _complaint(what, text, int(line), int(column))
        told.setdefault(complaint.unknown or complaint.what, complaint)
    return tuple(told.values())


def undeclared(message: str) -> frozenset[str]:
    """The names a compiler's message calls undeclared, each without the fields asked of it."""
    return frozenset(name.split(".")[0] for name in _UNDECLARED.findall(message))


def without_codes(message: str) -> str:
    """A message of the runtime without its status codes."""
    return _CODES.sub("", message).strip() or "it failed"


def _complaint(what: str, text: str, line: int, column: int) -> Complaint:
    where = _where(text, line, column)
    unknown = _UNDECLARED.search(what)
    if unknown is not None:
        name = unknown[1].split(".")[0]
        if _character(text, line, column) == "(":
            return Complaint(_call(unknown[1]), where)
        return Complaint(f"unknown name {name!r}", where, name)
    overload = _OVERLOAD.search(what)
    if overload is not None:
        return Complaint(_mistyped(overload[1], overload[2]), where)
    if "mismatched input '<EOF>'" in what:
        return Complaint("the rule breaks off in the middle", where)
    no_name = _NO_NAME.search(what)
    if no_name is not None:
        return Complaint(
            f'{no_name[1]!r} cannot be used as a name: write source["…"] with the attribute\'s name', where
        )
    return Complaint(without_codes(what).split(" expecting ")[0], where)


def _call(function: str) -> str:
    """The compiler calls a function undeclared too when it exists and is only called in another way."""
    if function in USAGE:
        return f"{function} is not called like this: write {USAGE[function]}"
    return f"there is no function {function!r}{nearest(function, USAGE)}"


def _mistyped(function: str, types: str) -> str:
    if function == "_?_:_":
        return f"the two results of ?: differ in type {types}: to leave an attribute without value write ''"
    if function in USAGE:
        return f"{function} is given {types}: write {USAGE[function]}"
    return f"{function.strip('_').replace('_', ' ')} cannot be applied to {types}"


def _where(text: str, line: int, column: int) -> str:
    if column < 1:
        return ""
    in_line = f"line {line}, " if "\n" in text.strip() else ""
    return f", {in_line}column {column} of the rule"


def _character(text: str, line: int, column: int) -> str:
    lines = text.split("\n")
    return lines[line - 1][column - 1 : column] if 0 < line <= len(lines) and column > 0 else ""
