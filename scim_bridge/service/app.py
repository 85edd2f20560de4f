"""The pages operators look at: overview, runs, one run, conflicts, and `/healthz`. Over the state alone.

They are for those who are signed in (auth/), and answer on loopback names only: a foreign Host header (DNS rebinding)
is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from jinja2 import StrictUndefined
from starlette.exceptions import HTTPException as RoutingError
from starlette.middleware.trustedhost import TrustedHostMiddleware

from scim_bridge.errors import BridgeError
from scim_bridge.model.run import RunRecord
from scim_bridge.model.wording import counted
from scim_bridge.run.revocation import sessions_of_run
from scim_bridge.service.auth.csrf import CsrfMiddleware, csrf_token
from scim_bridge.service.auth.gate import Gate
from scim_bridge.service.auth.header import HEADERS, HeaderMiddleware
from scim_bridge.service.auth.principal import NotAllowed, NotSignedIn, require_viewer
from scim_bridge.service.auth.refusal import Refuse, page_or_problem, sign_in_first
from scim_bridge.service.auth.sign_in import sign_in_router
from scim_bridge.state.liveness import as_it_is
from scim_bridge.state.reader import StateReader, open_reader
from scim_bridge.state.sign_in import SignIns
from scim_bridge.view import words
from scim_bridge.view.conflict import still_open, view_conflicts
from scim_bridge.view.connection import Situation, by_urgency, view_connection
from scim_bridge.view.impact import COLUMNS
from scim_bridge.view.operation import of_record
from scim_bridge.view.run import view_run, view_runs
from scim_bridge.view.session import in_full
from scim_bridge.view.shadow import PERIOD, period_of, view_shadow

_HERE = Path(__file__).parent
_LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
_PAGE = 100
_RUN_DIGITS = 15
"""Longer than any run's number, and well within what SQLite holds as an integer."""
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the pages are about: the state's file, and the configured connections with their rhythm.

    portal_sessions: how long a session of the access portal lasts, for the connections of which someone said it.
    """

    state: Path
    connections: Mapping[str, timedelta | None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    portal_sessions: Mapping[str, timedelta | None] = field(default_factory=dict)


def create_app(shown: Shown) -> FastAPI:
    """The application. The state is opened again for each request, so that it may come, go and grow."""
    app = FastAPI(title="scim-bridge", docs_url=None, redoc_url=None, openapi_url=None)
    gate = app.state.gate = Gate(SignIns(shown.state), shown.now)
    pages = _Pages(shown)
    refuse = page_or_problem(pages.sorry)
    app.add_middleware(CsrfMiddleware, secret_of=gate.cookie.secret_of, origin_of=gate.origin_of, refuse=refuse)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_LOOPBACK)
    app.add_middleware(HeaderMiddleware)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.include_router(_pages_router(pages), dependencies=[Depends(require_viewer)])
    app.add_api_route("/healthz", pages.healthz, methods=["GET", "HEAD"])
    app.include_router(sign_in_router(pages.render))
    _answer_failures(app, refuse)
    return app


def _pages_router(pages: "_Pages") -> APIRouter:
    router = APIRouter()
    router.add_api_route("/", pages.overview, methods=["GET", "HEAD"])
    router.add_api_route("/runs", pages.runs, methods=["GET", "HEAD"])
    router.add_api_route("/runs/{run_id}", pages.run, methods=["GET", "HEAD"])
    router.add_api_route("/conflicts", pages.conflicts, methods=["GET", "HEAD"])
    return router


def _answer_failures(app: FastAPI, refuse: Refuse) -> None:
    """One calm answer for each kind of failure, whatever route it comes from."""

    @app.exception_handler(NotSignedIn)
    async def ask_to_sign_in(request: Request, _: NotSignedIn) -> Response:
        return sign_in_first(request)

    @app.exception_handler(NotAllowed)
    async def say_who_may(request: Request, error: NotAllowed) -> Response:
        return refuse(request, 403, str(error))

    @app.exception_handler(RoutingError)
    async def say_what_is_missing(request: Request, error: RoutingError) -> Response:
        return refuse(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def say_there_is_no_such_page(request: Request, _: RequestValidationError) -> Response:
        return refuse(request, 404, "There is no page with this number.")

    @app.exception_handler(BridgeError)
    async def say_what_is_wrong(request: Request, error: BridgeError) -> Response:
        return refuse(request, 503, str(error))

    @app.exception_handler(Exception)
    async def say_refuse(request: Request, error: Exception) -> Response:
        response = refuse(request, 500, f"This page could not be made ({type(error).__name__}); the log says more.")
        response.headers.update(HEADERS)  # what is unforeseen is answered outside every middleware
        return response


class _Pages:
    """One method a page: look, make view values, render."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._templates = Jinja2Templates(directory=_HERE / "templates")
        # A name that a view does not have would be shown as nothing: a page that hides a guard stop looks healthy.
        self._templates.env.undefined = StrictUndefined
        self._templates.env.globals.update(
            local=words.local, utc=words.utc, ago=words.ago, counted=counted, csrf_token=csrf_token
        )

    def overview(self, request: Request) -> Response:
        """Every connection, the most urgent first: is it well, what changed, what waits."""
        with self._look() as reader:
            names = dict.fromkeys((*self._shown.connections, *reader.connections()))
            connections = by_urgency(view_connection(self._situation(reader, name)) for name in names)
            recent = view_runs(self._runs(reader, limit=8))
            undecided = [c for c in reader.conflicts() if not c.resolution]
        needy = sum(connection.needs_you for connection in connections)
        return self.render(
            request,
            "overview.html",
            first=still_open(record.conflict for record in undecided),
            connections=connections,
            needy=needy,
            runs=recent,
            conflicts=view_conflicts(undecided)[:5],
        )

    def _situation(self, reader: StateReader, name: str) -> Situation:
        last = next(iter(self._runs(reader, name, limit=1)), None)
        outcomes = reader.operation_counts(last.id) if last is not None else {}
        now, is_shadow = self._shown.now(), last is not None and last.status == "shadow"
        return Situation(
            name=name,
            last=last,
            conflicts=sum(not conflict.resolution for conflict in reader.conflicts(name)),
            every=self._shown.connections.get(name),
            now=now,
            unsuccessful=sum(outcomes.get(status, 0) for status in ("sent", "failed", "not_sent")),
            pause=reader.pause(name),
            quarantine=reader.quarantine(name),
            shadow=view_shadow(name, reader.shadow(name, period_of(PERIOD, now)), PERIOD, now) if is_shadow else None,
        )

    def runs(self, request: Request) -> Response:
        """The last runs."""
        with self._look() as reader:
            return self.render(request, "runs.html", runs=view_runs(self._runs(reader, limit=_PAGE)))

    def _runs(self, reader: StateReader, name: str | None = None, *, limit: int) -> list[RunRecord]:
        """The last runs; one whose process is gone is not running any more."""
        return as_it_is(reader, self._shown.state, reader.runs(name, limit))

    def run(self, request: Request, run_id: str, page: PageNumber = 1) -> Response:
        """One run with its operations."""
        is_number = run_id.isascii() and run_id.isdigit() and len(run_id) <= _RUN_DIGITS
        with self._look() as reader:
            found = reader.run(int(run_id)) if is_number else None
            if found is None:
                raise HTTPException(404, f"There is no run {run_id}.")
            record = as_it_is(reader, self._shown.state, [found])[0]
            outcomes = [of_record(o) for o in reader.operations(record.id, _PAGE, (page - 1) * _PAGE)]
            total = sum(reader.operation_counts(record.id).values())
            portal = self._shown.portal_sessions.get(record.connection)
            sessions = sessions_of_run(reader, self._shown.state, record, lambda: portal)
        pages = max(1, -(-total // _PAGE))
        shown: dict[str, Any] = {"outcomes": outcomes, "total": total, "page": page, "pages": pages}
        shown["sessions"] = in_full(sessions, record.ended) if sessions is not None else ()
        return self.render(request, "run.html", run=view_run(record), access_columns=COLUMNS, **shown)

    def conflicts(self, request: Request) -> Response:
        """What waits for a decision, with what to do about each; then what was decided."""
        with self._look() as reader:
            records = reader.conflicts()
        found, undecided = view_conflicts(records), [c for c in records if not c.resolution]
        waiting, decided = [c for c in found if not c.decision], [c for c in found if c.decision]
        first = still_open(record.conflict for record in undecided)
        return self.render(request, "conflicts.html", first=first, waiting=waiting, decided=decided)

    def healthz(self) -> Response:
        """200 while the state can be read; for the container's health check."""
        try:
            with self._look() as reader:
                reader.check()
        except BridgeError as error:
            return JSONResponse({"status": "failing", "detail": str(error)}, status_code=503)
        return JSONResponse({"status": "ok"})

    def sorry(self, request: Request, status: int, sentence: str) -> Response:
        """A page for what went wrong; no traceback ever."""
        return self.render(request, "sorry.html", status=status, sentence=sentence)

    @contextmanager
    def _look(self) -> Iterator[StateReader]:
        reader = open_reader(self._shown.state)
        try:
            yield reader
        finally:
            reader.close()

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page of this template. Every template is given the time, the path, and who is signed in."""
        values |= {"principal": getattr(request.state, "principal", None)}
        values |= {"now": self._shown.now(), "path": request.url.path, "status": status}
        return self._templates.TemplateResponse(request, template, values, status_code=status)
