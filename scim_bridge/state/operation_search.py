"""Operations of a run that a person looks for: by kind, by outcome, and by whom they are about, a page at a time.

A run may have 100,000 operations and the state a million, so the database looks for them, and a page begins after the
last one of the page before instead of counting from the first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, or_, select
from sqlmodel import col

from scim_bridge.model.run import OperationRecord
from scim_bridge.model.text import folded
from scim_bridge.state.record import operation_record
from scim_bridge.state.table import OperationRow
from scim_bridge.state.transaction import reading

_BATCH = 1_000
_OF_MEMBERS = ("add_members", "remove_members")
_RENAMING = ("update_user", "update_group", "adopt_user", "adopt_group", "reactivate_user")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationQuery:
    """What is looked for. after: the id of the last operation of the page before. text: a part of a name, or an id.

    person: any user; group: any group; both by a part of the name, or by an id. "" asks for nothing.
    """

    after: str = ""
    kind: str = ""
    outcome: str = ""
    text: str = ""
    person: str = ""
    group: str = ""


def find_operations(engine: Engine | None, run_id: int, asked: OperationQuery, limit: int) -> list[OperationRecord]:
    """At most so many, in the order of the plan."""
    found: list[OperationRecord] = []
    for record in _candidates(engine, run_id, asked, limit):
        if _fits(record, asked):
            found.append(record)
            if len(found) == limit:
                break
    return found


def _candidates(engine: Engine | None, run_id: int, asked: OperationQuery, limit: int) -> Iterator[OperationRecord]:
    if engine is None:
        return
    query = select(OperationRow.__table__)  # type: ignore[attr-defined]  # SQLModel has it
    query = query.where(col(OperationRow.run_id) == run_id, col(OperationRow.operation_id) > asked.after)
    if asked.kind:
        query = query.where(col(OperationRow.kind) == asked.kind)
    if asked.outcome:
        query = query.where(col(OperationRow.status) == asked.outcome)
    for text in filter(None, (asked.text, asked.person, asked.group)):
        query = query.where(_may_hold(text, engine.dialect.name))
    query = query.order_by(col(OperationRow.operation_id))
    with reading(engine) as database:
        for row in database.execute(query).yield_per(min(_BATCH, limit)):
            yield operation_record(row)


def _may_hold(text: str, dialect: str) -> ColumnElement[bool]:
    """Finds all that have the text and a few that have not; these are left out then.

    SQLite knows upper and lower case of ASCII alone, so other letters are looked for in the usual ways to write.
    """
    forms = {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
    # LIKE of SQLite looks at no case by itself. By the general way, each document would be copied in lower case first.
    like = "LIKE" if dialect == "sqlite" else "ILIKE"

    def has(column: Any, pattern: str) -> ColumnElement[bool]:
        found: ColumnElement[bool] = col(column).op(like, is_comparison=True)(pattern)
        return found

    return or_(*(_holds(_escaped(form), has) for form in sorted(forms)))


def _holds(form: str, has: Callable[[Any, str], ColumnElement[bool]]) -> ColumnElement[bool]:
    """First, by two looks, anywhere at all, which leaves few operations; then where a name or an id stands.

    By the first alone, what 100,000 operations have in common would be found.
    """
    anywhere = or_(has(OperationRow.document, f"%{form}%"), has(OperationRow.target_id, f"%{form}%"))
    return and_(anywhere, or_(*_places(form, has)))


def _places(form: str, has: Callable[[Any, str], ColumnElement[bool]]) -> Iterator[ColumnElement[bool]]:
    yield has(OperationRow.subject, f"%{form}%")
    yield has(OperationRow.target_id, f"%{form}%")
    yield has(OperationRow.document, f'%"source_id":"{form}%')
    renaming = col(OperationRow.kind).in_(_RENAMING)
    yield and_(renaming, has(OperationRow.document, f'%"renamed_to":"%{form}%'))
    yield and_(col(OperationRow.kind).in_(_OF_MEMBERS), has(OperationRow.document, f"%{form}%"))


def _escaped(text: str) -> str:
    """As it stands in a JSON text, for LIKE. What means any character to LIKE may mean it: what is found is checked."""
    return text.replace("\\", "%").replace('"', "%")


def _fits(record: OperationRecord, asked: OperationQuery) -> bool:
    users, groups = _named(record)
    return (
        (not asked.text or _is_among(asked.text, users | groups))
        and (not asked.person or _is_among(asked.person, users))
        and (not asked.group or _is_among(asked.group, groups))
    )


def _named(record: OperationRecord) -> tuple[set[str], set[str]]:
    """Names and ids of the users, and of the groups, that an operation is about."""
    document = record.document
    own = {str(document.get(key) or "") for key in ("subject", "renamed_to", "source_id", "target_id")}
    own.add(record.target_id or "")
    is_group = record.kind.endswith(("_group", "_members"))
    members = {
        str(member.get(key) or "")
        for member in document.get("members", ())
        for key in ("name", "source_id", "target_id")
    }
    return (members, own) if is_group else (own, members)


def _is_among(text: str, names: Any) -> bool:
    wanted = folded(text)
    return any(wanted in folded(name) for name in names)
