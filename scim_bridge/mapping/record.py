"""Records become the desired state: scope, each attribute's rule, memberships. Pure; `today` is an argument."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from scim_bridge.mapping.compiled import CompiledMapping, CompiledRule, CompiledRules
from scim_bridge.mapping.expression import EvaluationFailed
from scim_bridge.mapping.membership import memberships
from scim_bridge.mapping.row import Ambiguous, Row, Several, Unusable, is_clean, result_of, row_of, value_of
from scim_bridge.model.conflict_kind import remedy
from scim_bridge.model.identity import (
    ACTIVE,
    DISPLAY_NAME,
    EXTERNAL_ID,
    MANAGER,
    NAMES,
    Desired,
    Directory,
    Flaw,
    Kind,
    Notice,
    OutOfScope,
    Record,
    Snapshot,
    Value,
    is_rounded,
)
from scim_bridge.model.remembered import LastApplied
from scim_bridge.model.wording import counted


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule made of one record, for `explain`. value is None where the rule failed, and failure says why."""

    path: str
    text: str
    place: str
    value: Value | None
    failure: str = ""


def map_records(snapshot: Snapshot, mapping: CompiledMapping, today: str, last: LastApplied) -> Directory:
    """Every record in scope as the target should hold it, but not yet fitted to the target. today: YYYY-MM-DD.

    last: what earlier runs applied, by which a rule keeps to one of several values.
    """
    choices = _Choices()
    users, users_out = _map_kind(snapshot.users, mapping.users, today, last, choices)
    groups, groups_out = _map_kind(snapshot.groups, mapping.groups, today, last, choices)
    ids = {user.source_id for user in users}, {group.source_id for group in groups}
    found = memberships(snapshot, mapping.nested, *ids, group_names(groups, groups_out))
    out, warnings = (*users_out, *groups_out), (*snapshot.warnings, *found.notices, *choices.notices())
    return Directory(
        users=users,
        groups=groups,
        members=found.members,
        counts=snapshot.counts,
        out_of_scope=out,
        warnings=warnings,
        undecided=found.undecided,
        ambiguous=found.ambiguous,
    )


def group_names(groups: Iterable[Desired], outside: Iterable[OutOfScope]) -> dict[str, str]:
    """Group id → what people call it, whether in scope or not."""
    return {each.source_id: each.subject for each in outside if each.kind == "group"} | {
        group.source_id: group.name for group in groups
    }


class _Choices:
    """Counts the rules that had several values to choose from: a notice for each rule, and not for each record."""

    def __init__(self) -> None:
        self._found: dict[tuple[Kind, str], list[str]] = {}

    def note(self, rules: CompiledRules, rule: CompiledRule, record: Record) -> None:
        """This rule took one of several values of this record, and nothing that was applied told which."""
        self._found.setdefault((rules.kind, rule.rule.path), []).append(record.place)

    def notices(self) -> list[Notice]:
        return [
            Notice(
                "several_values",
                path,
                f"the rule for {path} has several values to choose from in "
                f"{counted(len(places), f'{kind} record')}, for example {places[0]}: the first in alphabetical order "
                "was taken. To take another one, say in the rule which",
            )
            for (kind, path), places in sorted(self._found.items())
        ]


def trace(record: Record, rules: CompiledRules, today: str, last: LastApplied) -> tuple[Step, ...]:
    """Every rule of one record, scope first, with its value or why it failed. last: as for map_records."""
    row = row_of(record, rules, today, last)
    return tuple(_step(rule, row) for rule in (rules.scope, *rules.attributes))


def _step(rule: CompiledRule, row: Row) -> Step:
    try:
        value = result_of(rule, row).value
    except EvaluationFailed as failure:
        return Step(rule.rule.path, rule.rule.text, rule.rule.place, None, str(failure))
    return Step(rule.rule.path, rule.rule.text, rule.rule.place, value)


def _map_kind(
    records: Iterable[Record], rules: CompiledRules, today: str, last: LastApplied, choices: _Choices
) -> tuple[tuple[Desired, ...], list[OutOfScope]]:
    records = tuple(records)
    rows_of_id = Counter(record.id for record in records)
    mapped: list[Desired] = []
    out: list[OutOfScope] = []
    rule = rules.scope.rule.place.rpartition(": ")[0]
    shared: dict[str, list[tuple[bool, Desired]]] = {}
    for record in records:
        row = row_of(record, rules, today, last)
        is_in_scope, flaws = _scope(row, rules, choices)
        if record.id and rows_of_id[record.id] > 1 and not is_rounded(record.id):
            shared.setdefault(record.id, []).append((is_in_scope, _map_one(row, rules, flaws, choices)))
        elif is_in_scope:
            mapped.append(_map_one(row, rules, flaws, choices))
        else:
            out.append(OutOfScope(rules.kind, record.id, record.place, rule, _called(row, rules)))
    for source_id, rows in shared.items():
        if any(is_in_scope for is_in_scope, _ in rows):
            mapped.append(_merge(rows))
        else:
            shown = rows[0][1].attributes
            name = str(shown.get(NAMES[rules.kind]) or shown.get(DISPLAY_NAME, ""))
            out.append(OutOfScope(rules.kind, source_id, rows[0][1].places[0], rule, name))
    return tuple(mapped), out


def _scope(row: Row, rules: CompiledRules, choices: _Choices) -> tuple[bool, list[Flaw]]:
    """Whether a record is in scope. One whose rule fails is held: it is not taken for gone."""
    try:
        return _value(rules.scope, row, choices) is True, []
    except EvaluationFailed as failure:
        return True, [_failed("scope", failure, is_fatal=True)]


def _called(row: Row, rules: CompiledRules) -> str:
    """What a record that is out of scope would be called, by the first rule for a name that gives one."""
    by_path = {rule.rule.path: rule for rule in rules.attributes}
    for rule in (by_path[path] for path in (NAMES[rules.kind], DISPLAY_NAME) if path in by_path):
        with suppress(EvaluationFailed):
            if name := value_of(rule, row):
                return str(name)
    return ""


def _value(rule: CompiledRule, row: Row, choices: _Choices) -> Value:
    if not row.sets:  # nothing to choose among, as in every record of text alone: a million times in a large directory
        return value_of(rule, row)
    result = result_of(rule, row)
    if result.is_chosen:
        choices.note(row.rules, rule, row.record)
    return result.value


def _map_one(row: Row, rules: CompiledRules, flaws: list[Flaw], choices: _Choices) -> Desired:
    """One record by its rules, whatever is wrong with it: a held record's name and its `active` still count."""
    record = row.record
    source_id = "" if is_rounded(record.id) else record.id
    attributes: dict[str, Value] = {EXTERNAL_ID: source_id}
    may_be: tuple[str, ...] = ()
    if record.id and not source_id:
        detail = (
            f"the id ({rules.id}) is {record.id!r}, a number that a spreadsheet has rounded, so it is not a valid id"
        )
        flaws.append(Flaw("rounded_id", EXTERNAL_ID, detail, remedy("rounded_id"), fatal=True))
    elif not record.id:
        detail = f"the id ({rules.id}) is empty"
        flaws.append(Flaw("missing_id", EXTERNAL_ID, detail, remedy("missing_id"), fatal=True))
    elif not is_clean(record.id):
        flaws.append(_failed(EXTERNAL_ID, Unusable(rules.id), is_fatal=True))
    if rules.kind == "user" and not rules.has_active:
        attributes[ACTIVE] = True
    for rule in rules.attributes:
        try:
            attributes[rule.rule.path] = _value(rule, row, choices)
        except EvaluationFailed as failure:
            # Who may sign in is not known, so nothing is granted meanwhile, and no one is created open.
            flaws.append(_failed(rule.rule.path, failure, is_fatal=_holds(rule, failure)))
            if isinstance(failure, Several):
                attributes[rule.rule.path] = failure.value  # to call it by, and so that no one else takes it
                may_be = failure.fits
    return Desired(
        kind=rules.kind,
        source_id=source_id,
        attributes=attributes,
        places=(record.place,),
        flaws=tuple(flaws),
        may_be=may_be,
    )


def _holds(rule: CompiledRule, failure: EvaluationFailed) -> bool:
    """Whether the whole record waits: it is not known who may sign in, or who this is."""
    return rule.rule.path == ACTIVE or isinstance(failure, Several)


def _failed(path: str, why: EvaluationFailed, *, is_fatal: bool) -> Flaw:
    if isinstance(why, Unusable):
        return Flaw("unusable_character", path, str(why), remedy("unusable_character"), is_fatal)
    if isinstance(why, Ambiguous):
        kind = "ambiguous_manager" if path == MANAGER else "ambiguous_reference"
        return Flaw(kind, path, str(why), remedy(kind), is_fatal)
    if isinstance(why, Several):
        detail = f"{path} may be several values, and {why}"
        return Flaw("several_held", path, detail, remedy("several_held"), is_fatal)
    return Flaw("rule_failed", path, f"the rule for {path} failed: {why}", remedy("rule_failed"), is_fatal)


def _merge(rows: list[tuple[bool, Desired]]) -> Desired:
    """Rows that share an id are one held record, as the first in scope has it, but active if any row is."""
    first = next(desired for is_in_scope, desired in rows if is_in_scope)
    detail = f"id {first.source_id!r} is in several rows"
    duplicate = Flaw("duplicate_id", EXTERNAL_ID, detail, remedy("duplicate_id"), fatal=True)
    flaws = {(f.kind, f.attribute): f for is_in_scope, desired in rows if is_in_scope for f in desired.flaws}
    attributes = dict(first.attributes)
    if any(ACTIVE in desired.attributes for _, desired in rows):
        attributes[ACTIVE] = any(desired.attributes.get(ACTIVE) is not False for _, desired in rows)
    places = tuple(place for _, desired in rows for place in desired.places)
    may_be = tuple(dict.fromkeys(target_id for _, desired in rows for target_id in desired.may_be))
    return Desired(
        kind=first.kind,
        source_id=first.source_id,
        attributes=attributes,
        places=places,
        flaws=(*flaws.values(), duplicate),
        may_be=may_be,
    )
