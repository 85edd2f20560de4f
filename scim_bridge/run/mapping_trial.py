"""Trying a mapping: its rules on one record, typed in or as the source has it now. Nothing is written anywhere."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.config.source import GoogleSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.compiled import CompiledMapping
from scim_bridge.mapping.document import Mapping as MappingFile
from scim_bridge.mapping.document import Rule, Rules
from scim_bridge.mapping.record import trace
from scim_bridge.mapping.selftest import TestResult, compiled_on, run_tests
from scim_bridge.model.identity import Kind, Record, SourceKey
from scim_bridge.model.remembered import LastApplied
from scim_bridge.model.source import SourceReading
from scim_bridge.model.state_address import StateAddress
from scim_bridge.model.text import normal
from scim_bridge.run.bridge import open_near_end
from scim_bridge.run.desired_changes import by_key
from scim_bridge.run.portrait import mapping_of
from scim_bridge.state.reader import open_reader
from scim_bridge.view import explain

TYPED_IN = "typed in"


@dataclass(frozen=True, slots=True)
class Tried:
    """What the rules made of a record. typed: of an expression that someone typed in, None if no one did."""

    record: Mapping[str, object]
    place: str
    scope: explain.Rule
    rules: tuple[explain.Rule, ...]
    typed: explain.Rule | None = None


def record_of(text: str) -> dict[str, Any]:
    """A record that someone typed in: a JSON object of attributes. Raises Misconfigured."""
    way_out = 'Write a JSON object, such as {"id": "7", "mail": "a@corp.example"}.'
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Misconfigured(f"the record is not valid JSON ({error})", way_out) from None
    if not isinstance(record, dict) or not record:
        raise Misconfigured("the record has no attributes", way_out)
    return record


def try_typed(mapping: MappingFile, kind: Kind, record: dict[str, Any], expression: str = "") -> Tried:
    """The rules on a record that was typed in. Raises Misconfigured for rules that do not fit it."""
    return _tried(mapping, compiled_on(mapping, kind, record), kind, [_as_record(mapping, kind, record)], expression)


def _as_record(mapping: MappingFile, kind: Kind, record: dict[str, Any]) -> Record:
    rules = mapping.users if kind == "user" else mapping.groups
    return Record(str(record.get(rules.id, "")), record, TYPED_IN)


def try_real(
    settings: ConnectionSettings, state: StateAddress, kind: Kind, source_id: str, expression: str = ""
) -> Tried:
    """The rules on a record as the source has it now: it is asked for this one alone.

    Raises Misconfigured if the source shows no such record, or can only be read whole; SourceUnreadable.
    """
    if isinstance(settings.source, GoogleSettings):
        raise Misconfigured("Google Workspace can only be read whole, so no single record is asked for",
                            "Type the record in.")  # fmt: skip
    written = mapping_of(settings.mapping)
    key = SourceKey(kind, normal(source_id))
    with closing(open_reader(state)) as reader:
        source, compiled = open_near_end(settings, written, None, reader)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        memory = reader.source_memory(settings.name, source.key, datetime.min.replace(tzinfo=UTC))
        read = source.ask(today, memory, [key])
    records = by_key(read.snapshot) if isinstance(read, SourceReading) else read.records
    found = records.get(key, ())
    if not found:
        raise Misconfigured(f"the source shows no {kind} with the id {source_id!r}", "Give the id of a record.")
    return _tried(written, compiled, kind, list(found), expression)


def _tried(
    mapping: MappingFile, compiled: CompiledMapping, kind: Kind, records: list[Record], expression: str
) -> Tried:
    record = records[0]
    today = f"{datetime.now(UTC).astimezone(mapping.timezone):%Y-%m-%d}"
    scope, *rules = (
        explain.Rule(step.path, step.text, step.place, step.value, step.failure)
        for step in trace(record, compiled.of(kind), today, LastApplied())
    )
    typed = _try_expression(mapping, kind, record, today, expression) if expression.strip() else None
    return Tried(record.attributes, record.place, scope, tuple(rules), typed)


def _try_expression(mapping: MappingFile, kind: Kind, record: Record, today: str, expression: str) -> explain.Rule:
    """An expression as a rule of its own: for a text where it gives one, else as a scope, which is true or false."""
    problem = ""
    for path in ("title", "scope"):
        rule = Rule(path, expression, 1, TYPED_IN)
        rules = mapping.users if kind == "user" else mapping.groups
        alone = replace(rules, attributes=(), scope=rule) if path == "scope" else _with(rules, rule)
        tried = replace(mapping, users=alone) if kind == "user" else replace(mapping, groups=alone)
        try:
            compiled = compiled_on(replace(tried, tests=()), kind, dict(record.attributes))
        except Misconfigured as wrong:
            problem = problem or str(wrong)
            continue
        step = next(s for s in trace(record, compiled.of(kind), today, LastApplied()) if s.path == path)
        return explain.Rule("", expression, TYPED_IN, step.value, step.failure)
    return explain.Rule("", expression, TYPED_IN, None, problem)


def _with(rules: Rules, rule: Rule) -> Rules:
    return replace(rules, attributes=(rule,), scope=Rule("scope", "true", 1, TYPED_IN))


def results_of(path: Path) -> tuple[MappingFile, tuple[TestResult, ...]]:
    """The mapping as its file has it now, with the results of its own tests. Raises Misconfigured."""
    about = path.stat()
    return mapping_of(path), _results(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=64)
def _results(path: Path, _changed: int, _size: int) -> tuple[TestResult, ...]:
    return run_tests(mapping_of(path))
