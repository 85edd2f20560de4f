"""How a page's form becomes an order: the desk of service/orders.py, and the way back to the page."""

from typing import Annotated, cast
from urllib.parse import urlencode

from fastapi import Depends, Form, Request
from fastapi.responses import RedirectResponse

from scim_bridge.service.orders import Desk

_LONGEST = 2_000


def _desk_of(request: Request) -> Desk:
    return cast("Desk", request.app.state.desk)


Desked = Annotated[Desk, Depends(_desk_of)]
Note = Annotated[str, Form(max_length=_LONGEST)]


def back_to(path: str, **said: object) -> RedirectResponse:
    """See the page again, as 303 asks a browser to. said: what the page is to say of what was done."""
    query = urlencode({name: value for name, value in said.items() if value not in ("", None)})
    return RedirectResponse(path + (f"?{query}" if query else ""), status_code=303)
