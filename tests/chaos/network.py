"""The network between one worker and the database: a proxy that can be cut, as a firewall does that drops packets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

NOTICED = 15.0
"""Seconds after which a kernel gives up a connection whose packets are dropped, as state/server.py asks it to."""


class Network:
    """Passes connections on to a port, as long as it is not cut."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._is_up = threading.Event()
        self._is_up.set()
        self._is_over = False
        self._cut_at = 0.0
        self._of_workers: set[socket.socket] = set()
        self._changing = threading.Lock()

    @property
    def port(self) -> int:
        """Where the worker connects to."""
        return int(self._listening.getsockname()[1])

    def cut(self) -> None:
        """From now on nothing passes, and no one is told."""
        self._cut_at = monotonic()
        self._is_up.clear()

    def mend(self) -> None:
        """Everything passes again. What was cut for long is over: each kernel has given up."""
        if not self._is_up.is_set() and monotonic() - self._cut_at > NOTICED:
            self._end_all()
        self._is_up.set()

    def _end_all(self) -> None:
        with self._changing:
            for one in self._of_workers:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _go_on(self) -> None:
        while not self._is_over:
            with suppress(OSError):
                mine, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(mine,), daemon=True).start()

    def _notice(self) -> None:
        """The worker's kernel gives up what was cut, while the server still knows nothing of it."""
        while not self._is_over:
            if not self._is_up.is_set() and monotonic() - self._cut_at > NOTICED:
                self._end_all()
            sleep(0.5)

    def _carry(self, mine: socket.socket) -> None:
        self._is_up.wait()
        with suppress(OSError), mine, socket.create_connection(("127.0.0.1", self._to)) as other:
            with self._changing:
                self._of_workers.add(mine)
            back = threading.Thread(target=self._pump, args=(other, mine), daemon=True)
            back.start()
            self._pump(mine, other)
            back.join()
        with self._changing:
            self._of_workers.discard(mine)

    def _pump(self, source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._is_up.wait()
                to.sendall(data)
        self._is_up.wait()  # a cut network does not carry the end of a connection either
        for one in (source, to):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def network(to: int) -> Iterator[Network]:
    """The network to this port of the machine, while the block lasts."""
    made = Network(to)
    for work in (made._go_on, made._notice):
        threading.Thread(target=work, daemon=True).start()
    try:
        yield made
    finally:
        made._is_over = True
        made.mend()
        made._listening.close()
        made._end_all()
