"""A TCP proxy on loopback that cuts connections, or lets something happen in between, where a test wants it."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType


class CuttingProxy:
    """Passes bytes on to a port; after `limit` bytes from there it cuts the connection. None = never.

    passed: how many bytes went through, in both directions. before: told of each piece of a request before it goes on.
    """

    def __init__(self, port: int, limit: int | None = None, before: Callable[[bytes], None] | None = None) -> None:
        self._target = port
        self.limit = limit
        self.before = before
        self.passed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._near: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "CuttingProxy":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            self._near.append(near)
            threading.Thread(target=self._pass, args=(near, far, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, self.limit), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while (left is None or left > 0) and (data := source.recv(4096 if left is None else min(4096, left))):
                if self.before is not None and source in self._near:
                    self.before(data)
                sink.sendall(data)
                self.passed += len(data)
                left = left - len(data) if left is not None else None
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
