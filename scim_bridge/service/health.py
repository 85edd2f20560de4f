"""`/healthz`, for a container's health check."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from scim_bridge.errors import BridgeError
from scim_bridge.service.pages.frame import Framed

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz(frame: Framed) -> Response:
    """200 while the state can be read."""
    try:
        with frame.look() as reader:
            reader.check()
    except BridgeError as error:
        return JSONResponse({"status": "failing", "detail": str(error)}, status_code=503)
    return JSONResponse({"status": "ok"})
