"""CEL, the mapping's expression language: the one place that compiles and evaluates (https://cel.dev).

The runtime reports a failed evaluation as a value of type ERROR whose content is a text, so a caller that forgot to
look would write the error message into someone's name. So no other code else calls `eval`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any, Literal

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_strings

from scim_bridge.mapping.complaint import Complaint, complaints, undeclared, without_codes
from scim_bridge.mapping.function import first_of, library
from scim_bridge.model.identity import AttributeType
from scim_bridge.model.text import is_blank

Result = str | bool | tuple[str, ...]

TODAY = "today"
SOURCE = "source"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPE_NAMES = {"type", "int", "uint", "double", "bool", "string", "bytes", "list", "map", "dyn", "null_type"}
"""A variable of such a name breaks every compile of its environment."""
_KEYWORDS = {
    *("as", "break", "const", "else", "for", "function", "if", "import", "in", "let", "loop", "namespace"),
    *("package", "return", "var", "void", "while", "true", "false", "null"),
}
_UNUSABLE = _TYPE_NAMES | _KEYWORDS | {TODAY, SOURCE}
_NAMED_IN_SOURCE = re.compile(rf"""\b{SOURCE}\s*(?:\.\s*(\w+)|\[\s*"([^"\\]+)"\s*\]|\[\s*'([^'\\]+)'\s*\])""")
_FIRST_OF = re.compile(r"first\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*\)")
_FIRST_OR_QUOTED = re.compile(
    r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<![\w.])first\(\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*\)"""
)
_FIRST = "first."
"""Before a name: the first text of that list, which is looked up once for a record instead of in every rule."""
_BINDS = re.compile(r"""\.\s*(map|filter|all|exists|exists_one|bind)\s*\(|[rR]["']""")
"""Where a rule may give a name a meaning of its own, or quote so that a backslash is nothing special."""
_TYPES = {"string": cel.Type.STRING, "strings": cel.Type.List(cel.Type.STRING), "dyn": cel.Type.DYN}
_EMPTY: dict[AttributeType, Any] = {"string": "", "strings": [], "dyn": None}


class BadExpression(Exception):
    """A rule that does not compile, with everything that is wrong with it."""

    def __init__(self, found: tuple[Complaint, ...]) -> None:
        super().__init__("; ".join(complaint.what for complaint in found))
        self.complaints = found


class EvaluationFailed(Exception):
    """A rule that failed on one record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One compiled rule. variable: set if the rule is nothing but the name of a text variable; first_of: if it is
    first() of one of several texts, as most rules over a directory are.

    Such a rule's value is looked up instead of evaluated (measured: a third of all the time). names: the variables it
    speaks of; reads: those that an evaluation has to be given. attributes: those of a record that it reads, by
    `source` too; None if it may read any.
    """

    text: str
    compiled: Any
    names: frozenset[str]
    reads: frozenset[str]
    attributes: frozenset[str] | None
    variable: str = ""
    first_of: str = ""

    @property
    def is_looked_up(self) -> bool:
        """Whether it need not be evaluated."""
        return bool(self.variable or self.first_of)

    @property
    def yields(self) -> Literal["text", "truth", "texts", "unknown", "other"]:
        """What the type checker says this rule gives."""
        kind = self.compiled.return_type()
        if kind == cel.Type.DYN:
            return "unknown"
        if kind == cel.Type.STRING:
            return "text"
        if kind == cel.Type.BOOL:
            return "truth"
        # The runtime itself calls every list a list of anything; what is in one is checked value by value.
        is_list = kind == cel.Type.List(cel.Type.DYN) or cel.Type.List(cel.Type.STRING).is_assignable_from(kind)
        return "texts" if is_list else "other"

    @property
    def type_name(self) -> str:
        """The type in CEL's own words, for messages."""
        return str(self.compiled.return_type())

    def evaluate(self, activation: Any) -> Result:
        """The value for one record. Raises EvaluationFailed with a text for people."""
        try:
            return _result(self.compiled.eval(activation))
        except (RuntimeError, TypeError) as error:
            raise EvaluationFailed(without_codes(str(error))) from None


def spelled(name: str) -> str:
    """How a rule speaks of an attribute: by its name, or by source["…"] if the name is none for a variable."""
    if _IDENTIFIER.fullmatch(name) and name not in _UNUSABLE:
        return name
    return f"{SOURCE}[{json.dumps(name, ensure_ascii=False)}]"


class Language:
    """The names that rules of one kind may use, with their types; what cannot be a name is reached by source["…"].

    zone: the time zone in which dates are counted.
    """

    def __init__(self, variables: Mapping[str, AttributeType], zone: tzinfo = UTC) -> None:
        self.variables = dict(variables)
        self.names = {n: t for n, t in variables.items() if _IDENTIFIER.fullmatch(n) and n not in _UNUSABLE}
        self.is_text_only = all(kind == "string" for kind in variables.values())
        declared = {name: _TYPES[kind] for name, kind in self.names.items()}
        declared |= {f"{_FIRST}{name}": cel.Type.STRING for name, kind in self.names.items() if kind == "strings"}
        declared |= {TODAY: cel.Type.STRING, SOURCE: cel.Type.Map(cel.Type.STRING, cel.Type.DYN)}
        self._environment = _environment(declared, zone)

    def compile(self, text: str) -> Expression:
        """Compile and type-check one rule. Raises BadExpression."""
        try:
            compiled = self._environment.compile(text)
        except RuntimeError as error:
            raise BadExpression(complaints(str(error), text)) from None
        name = text.strip()
        is_plain = self.names.get(name) == "string"
        first = _FIRST_OF.fullmatch(name)
        listed = first[1] if first is not None and self.names.get(first[1]) == "strings" else ""
        names = reads = names_in(text)
        firsts = self._firsts_in(text)
        if firsts:
            compiled = self._environment.compile(_put(text, {name: f"{_FIRST}{name}" for name in firsts}))
            reads = names_in(_put(text, dict.fromkeys(firsts, '""'))) | {f"{_FIRST}{name}" for name in firsts}
        attributes = attributes_in(text) if SOURCE in names else names
        return Expression(
            text=text,
            compiled=compiled,
            names=names,
            reads=reads,
            attributes=attributes,
            variable=name if is_plain else "",
            first_of=listed,
        )

    def _firsts_in(self, text: str) -> frozenset[str]:
        """The attributes of several texts of which a rule takes the first, as far as that can be seen for certain."""
        found = () if _BINDS.search(text) else _FIRST_OR_QUOTED.finditer(text)
        return frozenset(each["name"] for each in found if each["name"] and self.names.get(each["name"]) == "strings")

    def activation(self, attributes: Mapping[str, object], used: frozenset[str], today: str) -> Any:
        """One record's values for the rules that use these names. What is absent has its type's empty value."""
        values: dict[str, object] = {}
        for name in used:
            if name in self.names:
                values[name] = attributes.get(name, _EMPTY[self.names[name]])
            elif name.startswith(_FIRST):
                texts = attributes.get(name.removeprefix(_FIRST))
                values[name] = first_of(texts) if type(texts) is list else ""
        if TODAY in used:
            values[TODAY] = today
        if SOURCE in used:
            values[SOURCE] = dict(attributes)
        return self._environment.Activation(values)


def _put(text: str, instead: Mapping[str, str]) -> str:
    """A rule with something else in the place of first(x); what is quoted stays as it is."""
    return _FIRST_OR_QUOTED.sub(lambda found: instead.get(found["name"] or "", found[0]), text)


def _environment(variables: Mapping[str, Any], zone: tzinfo = UTC) -> Any:
    extensions = [ext_strings.ExtStrings(), ext_bindings.ExtBindings()]
    return cel.NewEnv(variables=dict(variables), extensions=extensions, functions=library(zone))


@lru_cache(maxsize=512)
def check(text: str) -> tuple[Complaint, ...]:
    """What is wrong with a rule whatever the source's attributes are: its syntax, its functions."""
    try:
        _environment(dict.fromkeys(names_in(text), cel.Type.DYN)).compile(text)
    except RuntimeError as error:
        return complaints(str(error), text)
    return ()


@lru_cache(maxsize=512)
def names_in(text: str) -> frozenset[str]:
    """The variables a rule uses: compiled where none is declared, the complaints name them.

    The compiler stops after some twenty complaints, so what was found is declared and the rule compiled again. Each
    rule is asked about several times on its way from the file to the first record, and each time took milliseconds.
    """
    found: frozenset[str] = frozenset()
    while True:
        try:
            _environment(dict.fromkeys(found, cel.Type.DYN)).compile(text)
        except RuntimeError as error:
            more = undeclared(str(error)) - found - _TYPE_NAMES
            if more:
                found |= more
                continue
        return found


def attributes_in(text: str) -> frozenset[str] | None:
    """The names of attributes a rule uses, as variables, `source.x` or `source["x"]`; None if it may use any."""
    names = names_in(text)
    if SOURCE not in names:
        return names - {TODAY}
    named = _NAMED_IN_SOURCE.findall(text)
    if len(named) < len(re.findall(rf"\b{SOURCE}\b", text)):
        return None
    return (names - {TODAY, SOURCE}) | {dotted or double or single for dotted, double, single in named}


_STRING, _BOOL, _NULL, _ERROR = cel.Type.STRING, cel.Type.BOOL, cel.Type.NULL, cel.Type.ERROR
_LIST = cel.Type.List(cel.Type.DYN)


def _result(value: Any) -> Result:
    """What an evaluation gave. Only a text or a truth is asked for its plain value.

    An error's plain value is its message, a text like any other. And each plain value that is or holds a null drops a
    reference to None that it does not own (cel-expr-python 0.1.3): some thousand records later the process would die.
    """
    kind = value.type()
    if kind in (_STRING, _BOOL):
        plain: str | bool = value.plain_value()
        return plain
    if kind == _NULL:
        return ""
    if kind == _LIST:
        return tuple(text for text in map(_text, value.value()) if not is_blank(text))
    if kind == _ERROR:
        raise EvaluationFailed(without_codes(str(value.plain_value())))
    raise EvaluationFailed(f"it gives {kind} where text is wanted")


def _text(item: Any) -> str:
    kind = item.type()
    if kind != _STRING:
        raise EvaluationFailed(f"it gives a list with {kind} where texts are wanted")
    text: str = item.plain_value()
    return text
