"""The sentences that runs record, read off the code that makes them: the templates of view/recorded.py.

A recorded sentence is an f-string somewhere in plan/, apply/, source/ …; what it fills in becomes a hole with a name:

    f"{desired.name} was deleted on the target by someone else (was {target_id})"
    →  "{name} was deleted on the target by someone else (was {target_id})"

view/template.py says which kinds of holes there are. Conditional pieces make one template each, so that a whole
sentence is translated where that is possible.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.service.literals import ROOT, Literals, Module, Place, last, literal, own

ALL_SAID = (
    *("plan", "apply", "mapping", "errors.py", "model/limit.py", "model/run.py", "model/conflict_kind.py"),
    *("access/allowed.py", "access/difference.py", "access/impact.py", "view/mapping_comparison.py"),
    *("source/table.py", "source/stray_line.py", "source/decoding.py", "source/csv_file.py", "source/spreadsheet.py"),
    *("source/csv_changes.py", "source/membership.py", "source/references.py", "source/kept_file.py"),
    *("source/google/refusal.py", "source/google/sign_in.py", "source/entra/refusal.py", "source/entra/sign_in.py"),
)
"""Where every sentence may be recorded."""
SOME_SAID = ("source", "target", "run", "worker", "access", "model", "state", "service", "config")
"""Where those are recorded that an error, an outcome, a notice … is made of."""
SINKS = frozenset({"detail", "reason", "remedy", "why", "sentence", "what", "way_out", "warning", "warnings"})
"""What a recorded sentence is called where it is given to something."""
MAKERS = frozenset({"Notice", "Skipped", "Trip", "Outcome", "OrderEnd", "Flaw", "Conflict"})
"""What is made of sentences, beside errors."""
WORDS = frozenset(
    {"user", "group", "User", "Group", "users", "groups", "members", "member", "memberships", "protected", "email"}
    | {"name", "text", "nothing", "why", "administrator", "billing", "read-only"}
    | {"{n:user}", "{n:group}", "{n:record}", "{n:member}", "{n:membership}", "{n:operation}", "{n:more service}"}
    | {"{name}, line {line:number}", "{title:said} ({total:number})", "{names:list} and {n:number} more"}
)
"""What stands in sentences alone."""
JOINT = ": "
"""What stands between two parts of a sentence that has no word of its own."""
NOT_RECORDED = frozenset(
    {
        "{name}, line ",
        "revoke only",
        "orphan policy",
        "the group: ",
        "the user: ",
        ", line ",
        "more service",
        " and to ",
        "jwt signature",
    }
    | {"account has been deleted", "account not found", "invalid email or user id", "no valid verifier", "sub field"}
    | {"not a valid email", "quota exceeded for quota metric", "request rate higher", "request rate is higher"}
    | {"short-lived token"}
)
"""Names of actions, pieces that stand before others only, and words by which an answer of Google is told."""
_NO_SENTENCE = re.compile(r"%[sdr]|https?:|^\w+(\.\w+)*\(|^\S+:\{")
"""Texts of the log, addresses, calls of a rule's functions, keys."""


@cache
def recorded() -> frozenset[str]:
    """Every template."""
    literals, found = Literals(), set[str]()
    for path in sorted(ROOT.rglob("*.py")):
        if _is_in(path, ALL_SAID) or _is_in(path, SOME_SAID):
            for place in Module(path).places():
                for node in _made(place, is_all=_is_in(path, ALL_SAID)):
                    found.update(literals.texts(node, place))
    return frozenset(text for text in found | literals.pieces if _is_sentence(text)) | WORDS


def _is_in(path: Path, places: tuple[str, ...]) -> bool:
    return path.relative_to(ROOT).as_posix().startswith(places)


def _made(place: Place, *, is_all: bool) -> Iterator[ast.expr]:
    """The expressions that make sentences here."""
    inner = {id(child) for node in own(place.body) if _is_whole(node) for child in ast.walk(node) if child is not node}
    for node in own(place.body):
        if isinstance(node, ast.Call):
            is_made = last(node.func) in _errors() or last(node.func) in MAKERS
            yield from node.args if is_made else ()
            yield from (keyword.value for keyword in node.keywords if is_made or keyword.arg in SINKS)
        elif isinstance(node, ast.Dict):
            keys = zip(node.keys, node.values, strict=True)
            yield from (value for key, value in keys if isinstance(key, ast.Constant) and key.value in SINKS)
        if is_all and isinstance(node, ast.JoinedStr | ast.Constant | ast.BinOp) and id(node) not in inner:
            yield node


def _is_whole(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr | ast.Compare) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
    )


@cache
def _errors() -> frozenset[str]:
    """The names of all exceptions that carry a sentence."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    found = {"BridgeError"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return frozenset(found)


def _is_sentence(template: str) -> bool:
    bare = literal(template)
    if "\n" in template:
        return False
    if bare == JOINT:
        return ":said}" in template
    is_words = re.search(r"[a-z]{2,}[.,;:]? | [(a-z]{2,}|^ [a-z]+$", bare) is not None
    is_key = re.search(r": [a-z][\w.]+$", template) is not None
    return is_words and not is_key and template not in NOT_RECORDED and _NO_SENTENCE.search(bare) is None
