"""What an expression of our code can be as a text: its literals, with holes for what is filled in.

Only for sentences that are put together with f-strings, +, conditional pieces, tables and functions of the same or of
an imported module. Whatever else an expression may hold is a hole.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[2] / "scim_bridge"
LISTS = frozenset({"listed", "some", "_listed", "join"})
COUNTED = frozenset({"counted", "with_noun"})
PLACES = frozenset({"place", "places", "where", "at"})
"""What the place of a record is called: "users.csv, line 17"."""
SAID = frozenset(
    {"detail", "reason", "reasons", "remedy", "why", "sentence", "what", "way_out", "warning", "problems", "error"}
    | {"failure", "kind", "resource", "said", "told", "departure", "rest", "effect", "again", "lost", "whom", "too"}
)
"""Names whose values are sentences, or pieces of them, of ours."""
NUMBERS = frozenset({"n", "base", "line", "lineno"})
_PASSED_ON = frozenset({"get", "next", "iter", "format", "replace", "strip", "rstrip", "filter", "tuple", "sorted"})
_DEEPEST = 6
_MOST = 32
"""Templates of one expression; none of ours has more."""


class Module:
    """One file of ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.all = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)]
        self.functions = {node.name: node for node in self.all}
        self.names = _assigned(node for node in self.tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
        self.imports = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scim_bridge")
            for alias in node.names
        }

    @cached_property
    def calls(self) -> dict[str, list[tuple[ast.Call, "Place"]]]:
        """The name of a function → where this module calls it."""
        found: dict[str, list[tuple[ast.Call, Place]]] = {}
        for place in self.places():
            for node in own(place.body):
                if isinstance(node, ast.Call):
                    found.setdefault(last(node.func), []).append((node, place))
        return found

    def places(self) -> Iterator["Place"]:
        """The module itself, and each function."""
        yield Place(self, None)
        yield from (Place(self, function) for function in self.all)


@cache
def module(name: str) -> Module | None:
    """A module by its import name; None for a package."""
    file = (ROOT.parent / Path(*name.split("."))).with_suffix(".py")
    return Module(file) if file.exists() else None


@dataclass(frozen=True, eq=False)
class Place:
    """Where an expression stands: its module, and its function if it is in one."""

    module: Module
    function: ast.FunctionDef | None

    @property
    def body(self) -> Sequence[ast.stmt]:
        """What is run there."""
        return self.function.body if self.function is not None else self.module.tree.body

    @cached_property
    def assigned(self) -> dict[str, list[ast.expr]]:
        """Each name that gets a value in this function."""
        return _assigned(self.function.body) if self.function is not None else {}

    def meanings(self, name: str) -> list[tuple[ast.expr, "Place"]]:
        """What a name stands for here, as far as this and the module that it comes from say."""
        if name in self.assigned:
            return [(value, self) for value in self.assigned[name]]
        if self.function is not None and name in (names := [arg.arg for arg in _arguments(self.function)]):
            return list(self._given(name, names.index(name)))
        if name in self.module.names:
            return [(value, Place(self.module, None)) for value in self.module.names[name]]
        home, original = self._home(name)
        return [(value, Place(home, None)) for value in home.names.get(original, ())] if home is not None else []

    def function_of(self, name: str) -> "Place | None":
        """The function that is called by this name here."""
        home, original = (self.module, name) if name in self.module.functions else self._home(name)
        function = home.functions.get(original) if home is not None else None
        return Place(home, function) if home is not None and function is not None else None

    def _home(self, name: str) -> tuple[Module | None, str]:
        where, original = self.module.imports.get(name, ("", ""))
        return (module(where) if where else None), original

    def _given(self, name: str, index: int) -> Iterator[tuple[ast.expr, "Place"]]:
        for call, caller in self.module.calls.get(self.function.name if self.function else "", ()):
            if index < len(call.args):
                yield call.args[index], caller
            yield from ((keyword.value, caller) for keyword in call.keywords if keyword.arg == name)


class Literals:
    """Reads expressions. pieces: the texts that were found to fill holes: each is said by itself as well."""

    def __init__(self) -> None:
        self.pieces: set[str] = set()

    def texts(self, node: ast.expr, place: Place, depth: int = 0) -> list[str]:
        """Each text that this expression can be; none where nothing is known of it."""
        if depth > _DEEPEST:
            return []
        match node:
            case ast.Constant(value=str(text)):
                return [_typed(text)]
            case ast.JoinedStr(values=values):
                return _joined([self._part(value, place, depth) for value in values])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _joined([self._part(side, place, depth) for side in (left, right)])
            case ast.Name(id=name):
                return [t for value, there in place.meanings(name) for t in self.texts(value, there, depth + 1)]
            case ast.Call(func=func, args=args):
                return self._called(func, args, place, depth)
        return [text for value in _one_of(node) for text in self.texts(value, place, depth)]

    def _called(self, func: ast.expr, args: Sequence[ast.expr], place: Place, depth: int) -> list[str]:
        name = last(func)
        if name in LISTS and args:
            return self.texts(args[0], place, depth + 1)
        if name in _PASSED_ON:
            given = [*args, *([func.value] if isinstance(func, ast.Attribute) else [])]
            return [text for one in given for text in self.texts(one, place, depth + 1)]
        there = place.function_of(name) if name not in COUNTED else None
        if there is None:
            return []
        answers = [node.value for node in own(there.body) if isinstance(node, ast.Return | ast.Yield) and node.value]
        return [text for answer in answers for text in self.texts(answer, there, depth + 1)]

    def _part(self, node: ast.expr, place: Place, depth: int) -> list[str]:
        """A part of a longer text: its alternatives where they stand right there, else a hole."""
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                return self.texts(node, place, depth)
            case ast.IfExp(body=body, orelse=orelse):
                return [*self._part(body, place, depth), *self._part(orelse, place, depth)]
            case ast.FormattedValue(format_spec=ast.expr() as spec, value=value):
                return [_hole(value, "" if "%" in ast.unparse(spec) else "number")]
            case ast.BinOp():
                return [_hole(node, "number")]
            case ast.FormattedValue(conversion=conversion, value=value):
                return [_hole(value, "quoted")] if conversion == ord("r") else self._part(value, place, depth)
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in NUMBERS:
                return [_hole(node, "number")]
            case ast.Name(id=name) if name.strip("_").isupper() and len(found := self.texts(node, place)) == 1:
                return found
        return [_hole(node, self._kind(node, place, depth))]

    def _kind(self, node: ast.expr, place: Place, depth: int) -> str:
        """What is known of the value that fills a hole."""
        name = last(node).strip("_")
        if isinstance(node, ast.Call) and last(node.func) in COUNTED:
            noun = node.args[1] if len(node.args) > 1 else None
            return str(noun.value) if isinstance(noun, ast.Constant) else "said"
        if isinstance(node, ast.Call) and last(node.func) == "len":
            return "number"
        is_ours = self._is_ours(node, place, depth)
        if name in PLACES:
            return "place"
        if is_ours or name in SAID:
            return "said"
        values = [value for value, _ in place.meanings(name)] if isinstance(node, ast.Name) else [node]
        return "list" if any(isinstance(v, ast.Call) and last(v.func) in LISTS for v in values) else ""

    def _is_ours(self, node: ast.expr, place: Place, depth: int) -> bool:
        found = [text for text in self.texts(node, place, depth + 1) if re.search("[A-Za-z]", literal(text))]
        self.pieces.update(found)
        return bool(found)


def _one_of(node: ast.expr) -> Sequence[ast.expr]:
    """The expressions one of which this one gives."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return (body, orelse)
        case ast.BoolOp(values=values) | ast.Dict(values=values):
            return values
        case ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
            return values
        case ast.GeneratorExp(elt=value) | ast.ListComp(elt=value):
            return (value,)
        case ast.Starred(value=value) | ast.NamedExpr(value=value) | ast.Subscript(value=value):
            return (value,)
    return ()


def _joined(parts: Sequence[list[str]]) -> list[str]:
    found = ["".join(one) for one in product(*(part or ["{some}"] for part in parts))]
    return [_numbered(text) for text in found[:_MOST]]


def _numbered(text: str) -> str:
    """Two holes of one name become two names."""
    seen: dict[str, int] = {}

    def other(hole: re.Match[str]) -> str:
        name = hole[1].rstrip("0123456789_")
        seen[name] = seen.get(name, 0) + 1
        return "{" + name + (str(seen[name]) if seen[name] > 1 else "") + (hole[2] or "") + "}"

    return re.sub(r"\{(\w+)(:[^{}]*)?\}", other, text)


def _hole(node: ast.expr, kind: str) -> str:
    return "{" + (last(node) or "value").strip("_") + (f":{kind}" if kind else "") + "}"


def _typed(text: str) -> str:
    """A text that is filled in later, such as a row of a table: what is known of its holes is known by their names."""

    def typed(hole: re.Match[str]) -> str:
        kind = ":number" if hole[1] in NUMBERS else ":said" if hole[1] in SAID else ""
        return "{" + hole[1] + kind + "}"

    return re.sub(r"\{(\w+)\}", typed, text.replace(" KEY", " {key}"))


def last(node: ast.expr | None) -> str:
    """The last name in an expression: what a reader would call its value."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func, args=args):
            name = last(func)
            is_about_first = name in LISTS | COUNTED | {"len", "str", "repr", "printable", "abs"}
            return (last(args[0]) if args and is_about_first else "") or name
        case ast.BoolOp(values=[value, *_]) | ast.BinOp(left=value) | ast.Subscript(value=value):
            return last(value)
        case ast.GeneratorExp(elt=value) | ast.ListComp(elt=value) | ast.Starred(value=value):
            return last(value)
    return ""


def literal(text: str) -> str:
    """A text without its holes."""
    return re.sub(r"\{[a-zA-Z_]\w*(?::[\w ]*)?\}", "", text)


def own(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """All that stands there, without functions inside it, docstrings, and what is written to the log."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        is_said = isinstance(node, ast.Call) and last(node.func) in _NOT_KEPT
        if is_said or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            if isinstance(node, ast.ClassDef):
                waiting += [child for child in node.body if not isinstance(child, ast.FunctionDef)]
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


_NOT_KEPT = frozenset({"debug", "info", "warning", "error", "exception", "compile", "match", "search", "fullmatch"})


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    found = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return found[1:] if found and found[0].arg in ("self", "cls") else found


def _assigned(statements: "Iterator[ast.stmt] | Sequence[ast.stmt]") -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in (node for statement in statements for node in ast.walk(statement)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for target, value in zip(names, values, strict=False):
                    found.setdefault(last(target), []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found.setdefault(name, []).append(value)
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                found.setdefault(name, []).append(value)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                found.setdefault(name, []).append(value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value]):
                found.setdefault(name, []).append(value)
    return found
