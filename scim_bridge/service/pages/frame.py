"""What every page has in common: the state, opened for one look, and the frame around what it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import StrictUndefined

from scim_bridge.model.run import RunRecord
from scim_bridge.model.wording import counted
from scim_bridge.service.auth.csrf import csrf_token
from scim_bridge.service.shown import Shown
from scim_bridge.state.liveness import as_it_is
from scim_bridge.state.reader import StateReader, open_reader
from scim_bridge.view import words

_TEMPLATES = Path(__file__).parents[1] / "templates"
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]


class Frame:
    """Looks at the state and renders pages; one for the application, under `app.state.frame`."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self._templates = Jinja2Templates(directory=_TEMPLATES)
        # A name that a view does not have would be shown as nothing: a page that hides a guard stop looks healthy.
        self._templates.env.undefined = StrictUndefined
        said = {"local": words.local, "utc": words.utc, "ago": words.ago, "counted": counted}
        self._templates.env.globals.update(said, csrf_token=csrf_token)

    @contextmanager
    def look(self) -> Iterator[StateReader]:
        """The state, opened again for each request, so that it may come, go and grow. Raises StateUnusable."""
        reader = open_reader(self.shown.state)
        try:
            yield reader
        finally:
            reader.close()

    def runs(self, reader: StateReader, name: str | None = None, *, limit: int) -> list[RunRecord]:
        """The last runs; one whose process is gone is not running any more."""
        return as_it_is(reader, self.shown.state, reader.runs(name, limit))

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page. values: what the template shows, beside what every page has."""
        values |= {"principal": getattr(request.state, "principal", None)}  # of a route that asks who is signed in
        values |= {"now": self.shown.now(), "path": request.url.path, "status": status}
        return self._templates.TemplateResponse(request, template, values, status_code=status)

    def sorry(self, request: Request, status: int, sentence: str) -> HTMLResponse:
        """A page for what went wrong; no traceback ever."""
        return self.render(request, "sorry.html", status=status, sentence=sentence)


def frame_of(request: Request) -> Frame:
    """The application's frame."""
    return cast("Frame", request.app.state.frame)


Framed = Annotated[Frame, Depends(frame_of)]
