"""A mapping's own tests, run as `mapping test` and before every sync: a mapping that fails them changes nothing."""

from dataclasses import dataclass
from functools import lru_cache

from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import KEPT, Mapping, Test, wanted
from scim_bridge.mapping.expression import names_in
from scim_bridge.mapping.record import trace
from scim_bridge.model.identity import ACTIVE, EXTERNAL_ID, KINDS, AttributeType, Kind, Record, Value
from scim_bridge.model.remembered import LastApplied

TODAY = "2000-01-01"
"""The date on which a mapping's own tests run, so that they come out the same on every day."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test and what went wrong, one sentence for each expectation that was not met."""

    __test__ = False  # pytest takes every class of this name for one of its own

    name: str
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Everything expected came out."""
        return not self.failures


def run_tests(mapping: Mapping) -> tuple[TestResult, ...]:
    """Run a mapping's tests. Variables are those of all test records together.

    Raises Misconfigured if the rules do not compile against them.
    """
    if not mapping.tests:
        return ()
    compiled = compile_mapping(mapping, _variables(mapping, "user"), _variables(mapping, "group"))
    return tuple(TestResult(test.name, tuple(_failures(test, compiled))) for test in mapping.tests)


def compiled_on(mapping: Mapping, kind: Kind, record: dict[str, object]) -> CompiledMapping:
    """The mapping compiled for a record that someone typed in: what its rules and its tests name is taken to exist.

    Raises Misconfigured.
    """
    own: dict[str, AttributeType] = {name: _type_of(value) for name, value in record.items()}
    found: dict[Kind, dict[str, AttributeType]] = {}
    for of in KINDS:
        names = wanted(mapping.users if of == "user" else mapping.groups).names
        named: dict[str, AttributeType] = dict.fromkeys(names, "string")
        found[of] = named | _variables(mapping, of) | (own if of == kind else {})
    return compile_mapping(mapping, found["user"], found["group"])


@lru_cache(maxsize=KEPT)
def require_passing(mapping: Mapping) -> None:
    """Raise Misconfigured, naming the first test that fails and listing all, unless every test passes."""
    failures = [failure for result in run_tests(mapping) for failure in result.failures]
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        way_out = f"Fix the mapping or its tests; try: scim-bridge mapping test {mapping.path}"
        what = f"the mapping fails its own tests: {failures[0].removesuffix('.')}{more}"
        raise Misconfigured(what, way_out, problems=tuple(failures))


def _variables(mapping: Mapping, kind: Kind) -> dict[str, AttributeType]:
    """The attributes of a kind's test records; one that is not of one type throughout may hold anything.

    A kind without a test has no records to learn from: whatever its rules name is then taken to exist.
    """
    rules = mapping.users if kind == "user" else mapping.groups
    if all(test.kind != kind for test in mapping.tests):
        named = frozenset[str]().union(*(names_in(rule.text) for rule in (rules.scope, *rules.attributes)))
        return {name: "string" if name == rules.id else "dyn" for name in named | {rules.id}}
    types: dict[str, set[AttributeType]] = {}
    for test in mapping.tests:
        if test.kind == kind:
            for name, value in test.record.items():
                types.setdefault(name, set()).add(_type_of(value))
    names: dict[str, AttributeType] = {rules.id: "string"}
    names |= {name: next(iter(found)) if len(found) == 1 else "dyn" for name, found in types.items()}
    return names


def _type_of(value: object) -> AttributeType:
    if isinstance(value, str):
        return "string"
    is_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return "strings" if is_texts else "dyn"


def _failures(test: Test, mapping: CompiledMapping) -> list[str]:
    rules = mapping.of(test.kind)
    record = Record(str(test.record.get(rules.id, "")), test.record, test.place)
    steps = {step.path: step for step in trace(record, rules, TODAY, LastApplied())}
    scope = steps["scope"]
    if scope.value is not True and "scope" not in test.expect:
        why = scope.failure or f"it is out of scope by {scope.text}"
        return [f"{test.place} ({test.name}): expected something of this record, but {why}."]
    found: dict[str, Value | None] = {EXTERNAL_ID: record.id}
    if test.kind == "user":
        found[ACTIVE] = True
    found |= {path: step.value for path, step in steps.items()}
    failures = []
    for path, expected in test.expect.items():
        value, wanted = found.get(path), _wanted(expected)
        shown = _shown(value, wanted)
        if shown != wanted:
            failed = steps[path].failure if path in steps else "there is no rule for it"
            why = f"found {shown!r}" if value is not None else failed
            failures.append(f"{test.place} ({test.name}): expected {path} {wanted!r}, {why}.")
    return failures


def _wanted(expected: object) -> object:
    return "" if expected is None else expected


def _shown(value: Value | None, wanted: object) -> object:
    """A value as a test may expect it: of several texts all, if it expects a list, else the first."""
    if not isinstance(value, tuple):
        return value
    return list(value) if isinstance(wanted, list) else next(iter(value), "")
