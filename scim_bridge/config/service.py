"""Where the pages and the API are served, and who may use them: what the section `service` means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from scim_bridge.config import form, service_document
from scim_bridge.config.secret import Secret
from scim_bridge.model.actor import ROLES, Role


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate with its chain and its key, both PEM."""

    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """The OpenID provider that says who a user is. roles: the groups whose members have each role.

    separation: the user who started a plan may not approve it.
    """

    issuer: str
    client: str
    secret: Secret
    groups_claim: str = "groups"
    roles: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    separation: bool = False

    def role_of(self, groups: frozenset[str]) -> Role | None:
        """The highest role that these groups give, None if they give none."""
        given = [role for role in ROLES if groups & set(self.roles.get(role, ()))]
        return given[-1] if given else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """listen: host and port. public_url: scheme, host and port as browsers know them, "" where that is `listen`.

    auth: None on loopback, where a link signs in. Beyond loopback there is auth, and TLS or a proxy in front.
    """

    listen: tuple[str, int] = ("127.0.0.1", 8080)
    public_url: str = ""
    tls: TlsFiles | None = None
    behind_proxy: bool = False
    auth: AuthSettings | None = None

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by HTTPS."""
        return self.tls is not None or self.public_url.startswith("https://")

    @property
    def public_host(self) -> str | None:
        """The name in public_url, None if there is none."""
        return urlsplit(self.public_url).hostname

    def url(self, bound: tuple[str, int] | None = None) -> str:
        """Where people find the pages. bound: the address that is listened on, if it is known already."""
        host, port = bound or self.listen
        scheme = "https" if self.tls is not None else "http"
        return self.public_url or f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def service_settings(read: service_document.Service, folder: Path) -> ServiceSettings:
    """What the section means. folder: what relative paths are relative to."""
    tls = TlsFiles(folder / read.tls.cert_file, folder / read.tls.key_file) if read.tls is not None else None
    return ServiceSettings(
        listen=form.address(read.listen),
        public_url=form.public_url(read.public_url) if read.public_url else "",
        tls=tls,
        behind_proxy=read.behind_proxy,
        auth=_auth(read.auth, folder) if read.auth is not None else None,
    )


def _auth(read: service_document.Auth, folder: Path) -> AuthSettings:
    return AuthSettings(
        issuer=read.issuer,
        client=read.client,
        secret=Secret(read.secret, folder, "secret"),
        groups_claim=read.groups_claim,
        roles={role: tuple(getattr(read.roles, role)) for role in ROLES},
        separation=read.separation,
    )
