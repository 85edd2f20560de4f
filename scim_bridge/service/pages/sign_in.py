"""`/sign-in` and `/sign-out`: open to everyone, since they are how one gets in.

On loopback, a link that `run` and `sign-in` print signs a browser in once.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from scim_bridge.model.actor import Actor
from scim_bridge.service.auth.gate import gate_of
from scim_bridge.service.pages.frame import Framed

router = APIRouter()
_LONGEST = 2_000


@router.api_route("/sign-in", methods=["GET", "HEAD"])
def sign_in(
    request: Request,
    frame: Framed,
    code: Annotated[str, Query(max_length=_LONGEST)] = "",
    then: Annotated[str, Query(alias="next", max_length=_LONGEST)] = "/",
) -> Response:
    """With a code: the cookie, and on to the page without the code in its address. Without: how to sign in."""
    gate = gate_of(request)
    if not code or request.method == "HEAD" or not _is_opened(request):
        return frame.render(request, "sign_in.html", failed="")
    address = gate.address_of(request)
    wait = gate.attempts.wait_of(address)
    if wait:
        page = frame.render(
            request, "sign_in.html", status=429, failed=f"Too many sign-ins failed. Wait {wait} seconds."
        )
        page.headers["Retry-After"] = str(wait)
        return page
    secret = gate.sign_ins.use_link(code, address)
    if secret is None:
        gate.note_refusal(Actor("unknown", "page", address), "a link that was used before, has expired, or never was")
        return frame.render(request, "sign_in.html", status=403, failed="This link was used before, or has expired.")
    response = RedirectResponse(local_path(then), status_code=303)
    gate.cookie.put(request, response, secret)
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session, here and in the browser."""
    gate = gate_of(request)
    secret = gate.cookie.secret_of(request)
    if secret:
        gate.sign_ins.sign_out(secret, gate.address_of(request))
    response = RedirectResponse("/sign-in", status_code=303)
    gate.cookie.take_away(request, response)
    return response


def _is_opened(request: Request) -> bool:
    """Whether a person opens the page.

    A browser that loads it before anyone opens it would use up the link. A page of another site that asks for it as a
    picture or a frame, again and again, would have its user wait.
    """
    is_early = "prefetch" in request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    return not is_early and request.headers.get("sec-fetch-dest", "document") == "document"


def local_path(then: str) -> str:
    """Where to go after the sign-in: a path of these pages. "/" for all that a browser could take for another site."""
    is_path = then.startswith("/") and not then.startswith("//")
    return then if is_path and then.isprintable() and "\\" not in then else "/"
