"""The mapping: its rules and their tests, tried on a record, and what an uploaded one would change.

Read and try only. The file stays the source of truth. Nothing that is typed in is written anywhere. A mapping that is
uploaded is a part of the order that compares it, until that has ended.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import BridgeError, Misconfigured
from scim_bridge.model.identity import Kind
from scim_bridge.model.order import PlacedOrder
from scim_bridge.run.mapping_trial import Tried, record_of, results_of, try_real, try_typed
from scim_bridge.service import orders
from scim_bridge.service.auth.principal import Operator, Principal, Viewer
from scim_bridge.service.orders import Desk, Desked
from scim_bridge.service.pages.form import back_to
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.view import person
from scim_bridge.view.kept_answer import answer_from
from scim_bridge.view.order import view_order
from scim_bridge.view.plan_report import ReportView
from scim_bridge.view.translation import _
from scim_bridge.view.words import printable, value

router = APIRouter()
LARGEST = 1_000_000
"""Bytes of a mapping that is uploaded."""
OrderNumber = Annotated[int, PathParameter(ge=1, le=1 << 53)]


@router.api_route("/mapping", methods=["GET", "HEAD"])
def mappings(request: Request, frame: Framed, _viewer: Viewer) -> Response:
    """The mapping of the only connection, or all of them to choose from."""
    names = list(frame.shown.settings)
    if len(names) == 1:
        return _page(request, frame, names[0])
    listed = [(name, printable(str(frame.shown.settings[name].mapping))) for name in names]
    return frame.render(request, "mappings.html", mappings=listed)


@router.api_route("/mapping/{connection}", methods=["GET", "HEAD"])
def mapping(request: Request, frame: Framed, _viewer: Viewer, connection: str, test: int = -1) -> Response:
    """The rules with their tests. test: the number of a test, whose record is then filled in to be tried."""
    return _page(request, frame, connection, test=test)


def _settings(frame: Frame, connection: str) -> ConnectionSettings:
    found = frame.shown.settings.get(connection)
    if found is None:
        raise HTTPException(404, _("The configuration has no connection of this name."))
    return found


def _page(
    request: Request,
    frame: Frame,
    connection: str,
    *,
    test: int = -1,
    form: Mapping[str, str] | None = None,
    tried: Tried | None = None,
    wrong: str = "",
    status: int = 200,
) -> Response:
    settings = _settings(frame, connection)
    broken, written = "", None
    results: tuple[Any, ...] = ()
    try:
        written, results = results_of(settings.mapping)
    except (BridgeError, OSError) as error:
        broken = str(error)
    filled = dict(form or {})
    if written is not None and 0 <= test < len(written.tests):
        chosen = written.tests[test]
        record = orjson.dumps(chosen.record, option=orjson.OPT_INDENT_2, default=str).decode()
        filled = {"kind": chosen.kind, "record": record}
    return frame.render(
        request,
        "mapping.html",
        status=status,
        connection=connection,
        file=printable(str(settings.mapping)),
        broken=broken,
        kinds=[("user", written.users), ("group", written.groups)] if written is not None else [],
        tests=list(zip(written.tests, results, strict=True)) if written is not None and results else [],
        failed=sum(not result.passed for result in results),
        form={"kind": "user", "record": "", "id": "", "rule": ""} | filled,
        tried=_shown(tried) if tried is not None else None,
        wrong=wrong,
    )


def _shown(tried: Tried) -> dict[str, Any]:
    def shown(rule: Any) -> tuple[str, str, str, str]:
        failure = person.shortened(printable(rule.failure))
        return rule.path, person.shortened(rule.rule), person.shortened(value(rule.value)), failure

    record = [(printable(str(name)), person.shortened(value(each))) for name, each in tried.record.items()]
    return {
        "place": printable(tried.place),
        "record": record[:200],
        "rules": [shown(rule) for rule in (tried.scope, *tried.rules)],
        "typed": shown(tried.typed) if tried.typed is not None else None,
    }


@router.post("/mapping/{connection}/try")
def try_rules(
    request: Request,
    frame: Framed,
    _operator: Operator,
    connection: str,
    kind: Annotated[Kind, Form()] = "user",
    *,
    record: Annotated[str, Form()] = "",
    source_id: Annotated[str, Form(alias="id", max_length=1_024)] = "",
    rule: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """The rules, and an expression of one's own, on a record: typed in, or asked of the source by its id."""
    settings = _settings(frame, connection)
    form = {"kind": kind, "record": record, "id": source_id, "rule": rule}
    if not source_id.strip() and not record.strip():
        return _page(request, frame, connection, form=form, wrong=_("Give an id or a record."), status=422)
    try:
        if source_id.strip() and not record.strip():
            tried = try_real(settings, frame.shown.state, kind, source_id, rule)
        else:
            tried = try_typed(results_of(settings.mapping)[0], kind, record_of(record), rule)
    except BridgeError as error:
        return _page(request, frame, connection, form=form, wrong=str(error), status=422)
    return _page(request, frame, connection, form=form, tried=tried)


@router.post("/mapping/{connection}/compare")
async def compare(request: Request, frame: Framed, desk: Desked, operator: Operator, connection: str) -> Response:
    """Order a comparison of what an uploaded mapping would do with what today's does."""
    settings = _settings(frame, connection)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST + 10_000:  # before it is taken apart: what is larger would be
        raise HTTPException(413, _("A mapping of at most 1 MB can be compared."))  # put on the disk for that
    async with request.form(max_files=1, max_part_size=LARGEST) as form:
        sent = form.get("file")
        content = await sent.read(LARGEST + 1) if isinstance(sent, UploadFile) else b""
    if len(content) > LARGEST:
        raise HTTPException(413, _("A mapping of at most 1 MB can be compared."))
    return await run_in_threadpool(partial(_answer, request, frame, desk, operator, settings=settings, content=content))


def _answer(
    request: Request, frame: Frame, desk: Desk, operator: Principal, *, settings: ConnectionSettings, content: bytes
) -> Response:
    """Where the comparison will be, or what is wrong with what was sent."""
    try:
        asked = PlacedOrder(connection=settings.name, kind="compare_mapping", question=_text_of(content))
        number = orders.place(desk, asked, operator.actor)
    except Misconfigured as error:
        return _page(request, frame, settings.name, wrong=str(error), status=422)
    return back_to(f"/mapping/{quote(settings.name, safe='')}/compared/{number}")


def _text_of(content: bytes) -> str:
    """The mapping that was sent. Raises Misconfigured."""
    if not content.strip():
        raise Misconfigured("no mapping was sent", "Choose a file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Misconfigured("the mapping is not UTF-8 text", "Save it as UTF-8.") from None


@router.api_route("/mapping/{connection}/compared/{number}", methods=["GET", "HEAD"])
def compared(request: Request, frame: Framed, _operator: Operator, connection: str, number: OrderNumber) -> Response:
    """What the uploaded mapping would change; the page comes again by itself until that is known."""
    with frame.look() as reader:
        order = reader.orders.one(number)
        report = answer_from(ReportView, reader.orders.answer(number))
    is_it = order is not None and (order.placed.kind, order.placed.connection) == ("compare_mapping", connection)
    if order is None or not is_it or (order.status == "done" and report is None):
        raise HTTPException(404, _("This comparison is not kept any more. Upload the mapping again."))
    shown = view_order(order)
    page = frame.render(request, "mapping_compared.html", connection=connection, order=shown, report=report)
    if order.is_open:
        page.headers["Refresh"] = "3"
    return page
