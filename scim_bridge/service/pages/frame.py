"""What every page has in common: the state, opened for one look, and the frame around what it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import StrictUndefined

from scim_bridge.model.actor import Role
from scim_bridge.model.run import RunRecord
from scim_bridge.service.auth.csrf import csrf_token
from scim_bridge.service.auth.principal import Principal
from scim_bridge.service.catalog import LANGUAGES
from scim_bridge.service.outline import Outlines
from scim_bridge.service.refusal import NoSuchThing
from scim_bridge.service.shown import Shown
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.liveness import as_it_is
from scim_bridge.state.reader import StateReader
from scim_bridge.view import translation, words
from scim_bridge.view.attention import page_of

_TEMPLATES = Path(__file__).parents[1] / "templates"
_UNSAID = {"language": "en", "theme": "auto"}
"""What a page is like if no one has said what they prefer (preference.py)."""
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu. icon: its name in parts.html. role: the least that may open it."""

    path: str
    title: str
    icon: str
    role: Role = "viewer"

    def is_current(self, path: str) -> bool:
        """Whether the page at this path belongs to it."""
        if self.path == "/":
            return path == "/" or path.startswith("/connections/")
        return f"{path}/".startswith((f"{self.path}/", "/plans/" if self.path == "/runs" else f"{self.path}/"))


MENU = (
    Entry("/", "Overview", "overview"),
    Entry("/runs", "Runs", "runs"),
    Entry("/conflicts", "Conflicts", "conflicts"),
    Entry("/people", "People", "people"),
    Entry("/access", "Access", "access"),
    Entry("/switch", "Switch", "switch"),
    Entry("/mapping", "Mapping", "mapping"),
    Entry("/audit", "Audit", "audit"),
    Entry("/tokens", "Tokens", "tokens", "approver"),
)
"""All groups of pages."""
EVENTS = "/api/v1/events"
"""The stream that tells an open page what has changed."""


class Frame:
    """Looks at the state and renders pages; one for the application, under `app.state.frame`."""

    def __init__(self, shown: Shown, kept: KeptOpen) -> None:
        self.shown = shown
        self._kept = kept
        self.outlines = Outlines()
        self._templates = Jinja2Templates(directory=_TEMPLATES)
        # A name that a view does not have would be shown as nothing: a page that hides a guard stop looks healthy.
        self._templates.env.undefined = StrictUndefined
        self._templates.env.add_extension("jinja2.ext.i18n")
        said: Any = self._templates.env
        said.install_gettext_callables(translation.gettext, translation.ngettext, newstyle=True)
        self._templates.env.filters["printable"] = words.printable
        shown_times = {"utc": words.utc, "in_utc": words.in_utc, "ago": words.ago, "until": words.until}
        self._templates.env.globals.update(shown_times, languages=LANGUAGES, csrf_token=csrf_token)
        self._templates.env.globals.update(connection_page=page_of, query=_query, pieces=translation.pieces)

    @contextmanager
    def look(self) -> Iterator[StateReader]:
        """The state that is there now; none is made by looking. Raises StateUnusable."""
        yield self._kept.reader()

    def require_connection(self, reader: StateReader, name: str) -> None:
        """Raise NoSuchThing for a name that neither the configuration nor any run has."""
        if name not in self.shown.connections and name not in reader.connections():
            raise NoSuchThing(f"there is no connection {name}")

    def runs(self, reader: StateReader, name: str | None = None, *, limit: int) -> list[RunRecord]:
        """The last runs; one whose process is gone is not running any more."""
        return as_it_is(reader, self.shown.state, reader.runs(name, limit))

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page. values: what the template shows, beside what every page has."""
        principal = getattr(request.state, "principal", None)  # of a route that asks who is signed in
        values |= {"principal": principal}
        values |= {"events": EVENTS if principal is not None else ""}
        values |= {"now": self.shown.now(), "path": request.url.path, "status": status}
        values |= {"navigation": _menu(principal), "switched": partial(_switched, request)}
        values |= {name: getattr(request.state, name, _UNSAID[name]) for name in _UNSAID}
        return self._templates.TemplateResponse(request, template, values, status_code=status)

    def sorry(self, request: Request, status: int, sentence: str) -> HTMLResponse:
        """A page for what went wrong; no traceback ever."""
        return self.render(request, "sorry.html", status=status, sentence=sentence)


def _menu(principal: Principal | None) -> list[Entry]:
    return [entry for entry in MENU if principal is None or principal.may(entry.role)]


def _switched(request: Request, **preference: str) -> str:
    """The address of this page with another language or theme (preference.py)."""
    return "?" + urlencode([*parse_qsl(request.url.query, keep_blank_values=True), *preference.items()])


def _query(**asked: object) -> str:
    """The address of the same list, asked for something else; what is empty is left out."""
    return "?" + urlencode({name: value for name, value in asked.items() if value not in ("", None)})


def frame_of(request: Request) -> Frame:
    """The application's frame."""
    return cast("Frame", request.app.state.frame)


Framed = Annotated[Frame, Depends(frame_of)]
