"""Serves the pages in a thread beside whatever else the process does."""

import socket
import threading
import time
from types import TracebackType

import uvicorn
from fastapi import FastAPI

from scim_bridge.errors import Misconfigured


class Served:
    """The running service: `with Served(app, address) as pages: … pages.url`. Port 0 = any free one."""

    def __init__(self, app: FastAPI, address: tuple[str, int]) -> None:
        host, port = address
        self._app = app
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise Misconfigured(
                f"the pages cannot be served on {host}:{port} ({error.strerror})", "Choose another service.listen."
            ) from None
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def url(self) -> str:
        """Where the pages are."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def __enter__(self) -> "Served":
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        feed = getattr(self._app.state, "feed", None)
        if feed is not None:
            feed.close()  # the server waits for streams that are open
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
