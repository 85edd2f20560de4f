"""A mapping's own tests, run as `mapping test` and before every sync: a mapping that fails them changes nothing."""

from dataclasses import dataclass

from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import Mapping, Test
from scim_bridge.mapping.record import trace
from scim_bridge.model.identity import ACTIVE, EXTERNAL_ID, AttributeType, Kind, Record, Value


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


def require_passing(mapping: Mapping) -> None:
    """Raise Misconfigured, naming the first test that fails and listing all, unless every test passes."""
    failures = [failure for result in run_tests(mapping) for failure in result.failures]
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        way_out = f"Mend the mapping or its tests; try: scim-bridge mapping test {mapping.name}"
        raise Misconfigured(f"the mapping fails its own tests: {failures[0]}{more}", way_out, problems=tuple(failures))


def _variables(mapping: Mapping, kind: Kind) -> dict[str, AttributeType]:
    rules = mapping.users if kind == "user" else mapping.groups
    names: dict[str, AttributeType] = {rules.id: "string"}
    for test in mapping.tests:
        if test.kind == kind:
            for name, value in test.record.items():
                names[name] = "string" if isinstance(value, str) else "strings" if isinstance(value, list) else "dyn"
    return names


def _failures(test: Test, mapping: CompiledMapping) -> list[str]:
    rules = mapping.of(test.kind)
    record = Record(str(test.record.get(rules.id, "")), test.record, test.place)
    steps = {step.path: step for step in trace(record, rules, "2000-01-01")}
    found: dict[str, Value | None] = {EXTERNAL_ID: record.id}
    if test.kind == "user":
        found[ACTIVE] = True
    found |= {path: step.value for path, step in steps.items()}
    failures = []
    for path, expected in test.expect.items():
        value = found.get(path)
        shown = value[0] if isinstance(value, tuple) and value else value
        wanted = "" if expected is None else expected
        if shown != wanted:
            failed = steps[path].failure if path in steps else "there is no rule for it"
            why = f"found {shown!r}" if value is not None else failed
            failures.append(f"{test.place} ({test.name}): expected {path} {wanted!r}, {why}.")
    return failures
