"""What `check` looks at of the pages: the TLS files, and what the OpenID provider says of itself."""

from collections.abc import Callable, Iterator

from scim_bridge.config.service import AuthSettings, ServiceSettings, TlsFiles


def looks_at(service: ServiceSettings) -> Iterator[tuple[str, Callable[[], str]]]:
    """Name and look of each thing that is configured. A look gives what it found, or raises a BridgeError."""
    tls, auth = service.tls, service.auth
    if tls is not None:
        yield "pages: TLS", lambda: _tls(tls)
    if auth is not None:
        yield "pages: sign-in", lambda: _provider(auth, service.url())


def _tls(tls: TlsFiles) -> str:
    from scim_bridge.service.serve import require_usable

    require_usable(tls)
    return f"{tls.cert_file.name} and {tls.key_file.name} are a certificate and its key"


def _provider(auth: AuthSettings, url: str) -> str:
    from scim_bridge.service.auth.provider import Provider

    return Provider(auth, url).look()
