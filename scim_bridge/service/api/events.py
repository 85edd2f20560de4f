"""What happens, as it happens: server-sent events."""

from typing import cast

from fastapi import Request
from fastapi.responses import StreamingResponse

from scim_bridge.service.api.route import router
from scim_bridge.service.live import Feed

routes = router("events")
_EXAMPLE = (
    'event: run\ndata: {"id":41,"connection":"corp","phase":"apply","done":120,"total":400,"requests":131,'
    '"pace":10.0,"left":28}\n\nevent: order\ndata: {"id":12,"connection":"corp","status":"done"}\n\n'
    'event: changed\ndata: {"connection":"corp"}\n\n'
)
_STREAM = {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}


@routes.get("/events", response_class=StreamingResponse, responses={200: {"content": _STREAM}})
async def events(request: Request) -> StreamingResponse:
    """`run`: the progress of a run. `order`: the status of an order. `changed`: look at this connection again.

    A stream ends after ten minutes; a browser opens it again by itself.
    """
    feed = cast("Feed", request.app.state.feed)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(feed.stream(), media_type="text/event-stream", headers=headers)
