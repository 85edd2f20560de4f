"""Who can enter what: by account and permission set, by user, by group; what changed between two readings; seats.

All of it from the readings that are kept. AWS is not asked when a page is opened.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from scim_bridge.errors import Misconfigured
from scim_bridge.run.access_between import TOO_LARGE, between, pair_of
from scim_bridge.run.access_question import Answers, Question, cursor_of, cursor_text, seats
from scim_bridge.service.auth.principal import Viewer
from scim_bridge.service.pages.download import attachment
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.state.access_memory import AccessMemory
from scim_bridge.view.access import (
    CHANGED,
    DIFFERENCE,
    AccessView,
    csv_text,
    json_pieces,
    table_rows,
    view_difference,
)
from scim_bridge.view.translation import _

router = APIRouter()
_PAGE = 100
_SOME = 50
"""So many users who are called alike are asked about together."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of the page, as they stand in its address."""

    connection: str = ""
    user: str = ""
    group: str = ""
    account: str = ""
    permission_set: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the connection is chosen."""
        return any((self.user, self.group, self.account, self.permission_set))


def _asked(
    connection: Annotated[str, Query(max_length=256)] = "",
    user: Annotated[str, Query(max_length=256)] = "",
    group: Annotated[str, Query(max_length=1024)] = "",
    account: Annotated[str, Query(max_length=256)] = "",
    permission_set: Annotated[str, Query(max_length=256)] = "",
) -> Asked:
    return Asked(*(text.strip() for text in (connection, user, group, account, permission_set)))


@router.api_route("/access", methods=["GET", "HEAD"])
def access(
    request: Request,
    frame: Framed,
    _viewer: Viewer,
    asked: Annotated[Asked, Depends(_asked)],
    after: Annotated[str, Query(max_length=512)] = "",
) -> Response:
    """Who can enter what, a page of it; without any filter, the first of all."""
    names = _connections(frame)
    asked = replace(asked, connection=asked.connection or next(iter(names), ""))
    with opened(frame, asked.connection) as memory:
        kept = memory.all_kept()
        if not kept:
            return frame.render(
                request, "access.html", asked=asked, connections=names, kept=(), **_missing(frame, asked)
            )
        with memory.lookup() as lookup:
            answers = Answers(lookup, question_of(frame, asked))
            found = list(islice(answers.rows(cursor_of(after)), _PAGE + 1))
            accounts, sets = answers.names()
            settings = frame.shown.settings.get(asked.connection)
            prices = settings.access.seat_prices if settings is not None and settings.access is not None else {}
            paid = seats(lookup, answers.reading, prices) if not asked.is_narrow else []
        is_outdated = memory.has_changed(kept[-1].as_of)
    rows = [row for _where, row in found[:_PAGE]]
    return frame.render(
        request,
        "access.html",
        asked=asked,
        connections=names,
        accounts=accounts,
        sets=sets,
        rows=list(zip(rows, table_rows(rows), strict=True)),
        applications=answers.applications() if asked.user else [],
        assignments=len(answers.edges),
        older=cursor_text(found[_PAGE - 1][0]) if len(found) > _PAGE else "",
        is_first=not after,
        filters=_filters(asked),
        kept=list(reversed(kept)),
        warnings=answers.reading.warnings,
        is_outdated=is_outdated,
        seats=paid,
    )


def _missing(frame: Frame, asked: Asked) -> dict[str, bool]:
    settings = frame.shown.settings.get(asked.connection)
    return {"is_configured": settings is not None and settings.access is not None}


def _connections(frame: Frame) -> list[str]:
    """Those with access first: they have something to show."""
    settings = frame.shown.settings
    having = [name for name, each in settings.items() if each.access is not None]
    return list(dict.fromkeys((*having, *frame.shown.connections)))


@contextmanager
def opened(frame: Frame, connection: str) -> Iterator[AccessMemory]:
    """The readings of a connection."""
    with frame.look() as reader:
        yield reader.access(connection)


def question_of(frame: Frame, asked: Asked) -> Question:
    """What the filters mean. The user is found by the indexes of the state."""
    users = None
    if asked.user:
        with frame.look() as reader:
            at = [place for place in reader.places() if place.connection == asked.connection]
            found = reader.people(asked.user, at, _SOME)
        users = frozenset(each.target_id for each in found if each.target_id and each.whom.kind == "user")
    return Question(account=asked.account, permission_set=asked.permission_set, group=asked.group, users=users)


def _filters(asked: Asked) -> str:
    return urlencode({name: value for name, value in asdict(asked).items() if value})


@router.api_route("/access/rows.{form}", methods=["GET", "HEAD"])
def download(
    frame: Framed, _viewer: Viewer, asked: Annotated[Asked, Depends(_asked)], form: Literal["csv", "json"]
) -> Response:
    """Every row of the filters, as CSV or JSON, a piece at a time."""
    name = asked.connection or next(iter(_connections(frame)), "")
    asked = replace(asked, connection=name)
    question = question_of(frame, asked)
    with opened(frame, name) as memory:
        if not memory.all_kept():
            raise HTTPException(404, _("AWS was not read yet, so there is nothing to download."))
    return attachment(_pieces(frame, asked, question, form), f"access.{form}")


def _pieces(frame: Frame, asked: Asked, question: Question, form: str) -> Iterator[bytes]:
    with opened(frame, asked.connection) as memory, memory.lookup() as lookup:
        answers = Answers(lookup, question)
        rows = (row for _where, row in answers.rows())
        if form == "csv":
            yield from (line.encode() for line in csv_text(rows))
            return
        view = AccessView(
            as_of=answers.reading.as_of,
            rows=rows,
            applications=answers.applications() if asked.user else [],
            orphaned=(),
            warnings=answers.reading.warnings,
        )
        yield from json_pieces(view)


@router.api_route("/access/difference", methods=["GET", "HEAD"])
def difference(
    request: Request,
    frame: Framed,
    _viewer: Viewer,
    connection: Annotated[str, Query(max_length=256)] = "",
    since: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    until: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> Response:
    """Who gained or lost what between two readings; the last two if none is named."""
    names = _connections(frame)
    chosen = connection or next(iter(names), "")
    with opened(frame, chosen) as memory:
        kept = memory.all_kept()
        values: dict[str, Any] = {"asked": Asked(chosen), "connections": names, "kept": list(reversed(kept))}
        try:
            pair = pair_of(kept, [number for number in (since, until) if number])
        except Misconfigured as nothing:
            return frame.render(request, "access_difference.html", view=None, pair=None, why=str(nothing), **values)
        if max(memory.size(each.number) for each in pair) > TOO_LARGE:
            why = _("These readings are too large to be compared here. Run: scim-bridge access diff")
            return frame.render(request, "access_difference.html", view=None, pair=pair, why=why, **values)
        _before, _after, found = between(memory, pair)
    shown = view_difference(found)
    columns: dict[str, Any] = {"columns": DIFFERENCE, "changed_columns": CHANGED}
    return frame.render(request, "access_difference.html", view=shown, pair=pair, why="", **columns, **values)
