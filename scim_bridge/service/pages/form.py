"""What the forms of pages have in common: their notes, and the way back to the page."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form
from fastapi.responses import RedirectResponse

_LONGEST = 2_000


Note = Annotated[str, Form(max_length=_LONGEST)]


def back_to(path: str, **said: object) -> RedirectResponse:
    """See the page again, as 303 asks a browser to. said: what the page is to say of what was done."""
    query = urlencode({name: value for name, value in said.items() if value not in ("", None)})
    return RedirectResponse(path + (f"?{query}" if query else ""), status_code=303)
