"""`/sign-in` and `/sign-out`: open to everyone, since they are how one gets in.

On loopback, a link that `run` and `sign-in` print signs a browser in once. With `service.auth`, an OpenID provider says
who a user is, and the user's groups say what they may do.
"""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from scim_bridge.model.actor import Actor
from scim_bridge.service.auth.gate import Gate, gate_of
from scim_bridge.service.auth.vouched import NotVouched, Vouched
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.view.translation import _

if TYPE_CHECKING:
    from scim_bridge.service.auth.provider import Provider

router = APIRouter()
_LONGEST = 2_000
Then = Annotated[str, Query(alias="next", max_length=_LONGEST)]


@router.api_route("/sign-in", methods=["GET", "HEAD"])
def sign_in(
    request: Request, frame: Framed, code: Annotated[str, Query(max_length=_LONGEST)] = "", then: Then = "/"
) -> Response:
    """With a code: the cookie, and on to the page without the code in its address. Without: how to sign in."""
    gate = gate_of(request)
    if not code or gate.issuer or request.method == "HEAD" or not _is_opened(request):
        return _page(request, frame, then=then)
    address = gate.address_of(request)
    wait = gate.attempts.wait_of(address)
    if wait:
        page = _page(request, frame, 429, _("Too many sign-ins failed. Wait %(seconds)s seconds.", seconds=wait))
        page.headers["Retry-After"] = str(wait)
        return page
    secret = gate.sign_ins.use_link(code, address)
    if secret is None:
        gate.note_refusal(Actor("unknown", "page", address), "a link that was used before, has expired, or never was")
        return _page(request, frame, 403, _("This link was used before, or has expired."))
    return _let_in(request, gate, secret, then)


@router.api_route("/sign-in/start", methods=["GET", "HEAD"])
async def start(request: Request, then: Then = "/") -> Response:
    """On to the provider, and the page that was wanted is kept for later."""
    provider = _provider_of(request)
    there = await provider.send_there(request)
    request.session["next"] = local_path(then)
    return there


@router.api_route("/sign-in/callback", methods=["GET", "HEAD"])
async def callback(request: Request, frame: Framed) -> Response:
    """The browser comes back from the provider."""
    gate, provider = gate_of(request), _provider_of(request)
    try:
        vouched = await provider.vouched(request)
    except NotVouched as error:
        who = Actor("unknown", "page", gate.address_of(request))
        await run_in_threadpool(gate.note_refusal, who, error.reason)
        return _page(
            request, frame, 403, _("The identity provider did not sign you in. Try again; the audit says more.")
        )
    return await run_in_threadpool(_enter, request, frame, gate, vouched)


def _enter(request: Request, frame: Frame, gate: Gate, vouched: Vouched) -> Response:
    """A session with the role of the user's groups, or a page that says that none of them has one."""
    auth, who = gate.service.auth, Actor(vouched.name, "page", gate.address_of(request))
    role = auth.role_of(vouched.groups or frozenset()) if auth is not None else None
    if auth is None or role is None:
        why = "none of the user's groups has a role" if vouched.groups is not None else "the provider sent no groups"
        gate.sign_ins.note_refusal(who, why)  # however often: the provider knows who it is
        return frame.render(
            request, "no_role.html", status=403, who=vouched.name, sent=vouched.groups is not None,
            claim=auth.groups_claim if auth is not None else "",
        )  # fmt: skip
    return _let_in(request, gate, gate.sign_ins.begin(who, role, auth.issuer), request.session.pop("next", "/"))


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session, here and in the browser."""
    gate = gate_of(request)
    secret = gate.cookie.secret_of(request)
    if secret:
        gate.sign_ins.sign_out(secret, gate.address_of(request))
    response = RedirectResponse("/signed-out", status_code=303)
    gate.cookie.take_away(request, response)
    return response


@router.api_route("/signed-out", methods=["GET", "HEAD"])
def signed_out(request: Request, frame: Framed) -> Response:
    """What is left to do: the provider may still know the browser, and would sign it in again without a question."""
    return frame.render(request, "signed_out.html", issuer=gate_of(request).issuer)


@router.api_route("/sign-out/provider", methods=["GET", "HEAD"])
async def sign_out_of_provider(request: Request) -> Response:
    """On to the provider's own page for it. A link and not a form, which our policy keeps to these pages."""
    return RedirectResponse(await _provider_of(request).sign_out_url() or "/signed-out", status_code=303)


def _page(request: Request, frame: Frame, status: int = 200, failed: str = "", then: str = "/") -> Response:
    issuer = gate_of(request).issuer
    return frame.render(request, "sign_in.html", status=status, failed=failed, issuer=issuer, then=local_path(then))


def _let_in(request: Request, gate: Gate, secret: str, then: str) -> Response:
    response = RedirectResponse(local_path(then), status_code=303)
    gate.cookie.put(request, response, secret)
    return response


def _provider_of(request: Request) -> "Provider":
    provider = request.app.state.provider
    if provider is None:
        raise HTTPException(404, "There is no page here.")
    return cast("Provider", provider)


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
