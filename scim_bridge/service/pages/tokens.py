"""`/tokens`: who and what may come in. Tokens of the API are made and revoked here, and sessions are ended."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from scim_bridge.config.form import duration
from scim_bridge.model.actor import ROLES
from scim_bridge.service.auth.gate import gate_of
from scim_bridge.service.auth.principal import MAY, Approver, Principal, require_approver
from scim_bridge.service.pages.frame import Framed
from scim_bridge.view.translation import _

router = APIRouter(dependencies=[Depends(require_approver)])
LASTS = ("7d", "30d", "90d", "365d", "never")
Number = Annotated[int, Path(ge=1, le=10**15)]
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,60}")


@router.api_route("/tokens", methods=["GET", "HEAD"])
def tokens(
    request: Request, frame: Framed, approver: Approver, made: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Every token and every session, each with its button. made: the key of a token that was made just now."""
    gate = gate_of(request)
    is_asked = bool(made) and request.method == "GET"
    secret = gate.shown_once.take(made, _owner(request, approver), gate.now) if is_asked else ""
    return _page(request, frame, made=secret)


def _owner(request: Request, approver: Principal) -> tuple[int | None, str]:
    """Who alone sees a token that they have made: the session, or who calls with a token of the API."""
    session = gate_of(request).session_of(request)
    return session.id if session is not None else None, approver.actor.name


def _page(request: Request, frame: Framed, status: int = 200, **said: str) -> Response:
    gate = gate_of(request)
    return frame.render(
        request,
        "tokens.html",
        status=status,
        tokens=[(token, token.standing(gate.now())) for token in gate.tokens.all()],
        sessions=gate.sign_ins.sessions(),
        here=gate.session_of(request),
        roles=[(role, MAY[role]) for role in ROLES],
        lasts=LASTS,
        **({"made": "", "wrong": ""} | said),
    )


@router.post("/tokens")
def make_token(
    request: Request,
    frame: Framed,
    approver: Approver,
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
    lasts: Annotated[str, Form()] = "90d",
) -> Response:
    """Make a token, and go where it is shown: once, and a reload makes no other."""
    chosen = next((each for each in ROLES if each == role), None)
    if not _NAME.fullmatch(name.strip()) or chosen is None or lasts not in LASTS:
        return _page(
            request, frame, 422, wrong=_("No token was made. Give it a name of up to 60 characters and a role.")
        )
    until = duration(lasts) if lasts != "never" else None
    gate = gate_of(request)
    secret = gate.tokens.make(name.strip(), chosen, until, approver.actor)
    key = gate.shown_once.keep(secret, _owner(request, approver), gate.now)
    return RedirectResponse(f"/tokens?made={key}", status_code=303)


@router.post("/tokens/{token_id}/revoke")
def revoke_token(request: Request, approver: Approver, token_id: Number) -> Response:
    """Revoke a token. It opens nothing from now on."""
    gate_of(request).tokens.revoke(str(token_id), approver.actor)
    return RedirectResponse("/tokens", status_code=303)


@router.post("/sessions/{session_id}/end")
def end_session(request: Request, approver: Approver, session_id: Number) -> Response:
    """End the session of a browser: it has to sign in again."""
    gate_of(request).sign_ins.end(session_id, approver.actor)
    return RedirectResponse("/tokens", status_code=303)
