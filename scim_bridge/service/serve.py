"""Serves the pages in a thread beside whatever else the process does."""

import socket
import ssl
import threading
import time
from types import TracebackType

import uvicorn
from fastapi import FastAPI

from scim_bridge.config.service import TlsFiles
from scim_bridge.errors import Misconfigured


class Served:
    """The running service: `with Served(app, address) as pages: … pages.url`. Port 0 = any free one.

    tls: certificate and key, None for plain HTTP. Raises Misconfigured for an address or files that cannot be used.
    """

    def __init__(self, app: FastAPI, address: tuple[str, int], tls: TlsFiles | None = None) -> None:
        if tls is not None:
            require_usable(tls)
        self._scheme = "https" if tls is not None else "http"
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
        # proxy_headers: on by default, and then any program of this machine could make up its address. What a proxy has
        # added is read in auth/gate.py, where the settings say that there is one.
        config = uvicorn.Config(
            app,
            log_level="warning",
            log_config=None,  # its lines go where all others go, in the same form
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            ssl_certfile=tls.cert_file if tls is not None else None,
            ssl_keyfile=tls.key_file if tls is not None else None,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def url(self) -> str:
        """Where the pages are, as this machine reaches them."""
        host, port = self.address
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

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


def require_usable(tls: TlsFiles) -> None:
    """Raise Misconfigured if these files are not a certificate and its key."""
    for file in (tls.cert_file, tls.key_file):
        try:
            file.read_bytes()
        except OSError as error:
            raise Misconfigured(f"the TLS file {file} cannot be read ({error.strerror})", "Fix service.tls.") from None
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            tls.cert_file, tls.key_file, password=lambda: ""
        )
    except ssl.SSLError as error:
        raise Misconfigured(
            f"{tls.cert_file} and {tls.key_file} are not a certificate and its key ({error.reason or 'not PEM'})",
            "Name the PEM files of service.tls: the certificate with its chain, and the key without a password.",
        ) from None
