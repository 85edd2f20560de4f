"""`/healthz` and `/readyz`, for what starts and watches the process. They name no one and need no sign-in."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from scim_bridge.errors import BridgeError
from scim_bridge.service.pages.frame import Frame, Framed

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz(frame: Framed) -> Response:
    """200 while the state can be read."""
    wrong = _wrong_with_state(frame)
    if wrong:
        return JSONResponse({"status": "failing", "detail": wrong}, status_code=503)
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
def readyz(request: Request, frame: Framed) -> Response:
    """200 while the state can be read and the schedule goes on."""
    wrong = _wrong_with_state(frame)
    if not wrong and not request.app.state.is_moving():
        wrong = "The schedule has not looked at its connections for two minutes, so no sync begins. The log says more."
    if wrong:
        return JSONResponse({"status": "not ready", "detail": wrong}, status_code=503)
    return JSONResponse({"status": "ready"})


def _wrong_with_state(frame: Frame) -> str:
    """Why the state cannot be read, "" if it can."""
    try:
        with frame.look() as reader:
            reader.check()
    except BridgeError as error:
        return str(error)
    return ""
