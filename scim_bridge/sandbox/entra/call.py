"""One Graph request on its way to its answer: what every call needs, whatever it reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scim_bridge.sandbox.entra import permission
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.link import Sealer
from scim_bridge.sandbox.entra.listing import Listed, Paging, page
from scim_bridge.sandbox.entra.membership import Memberships
from scim_bridge.sandbox.entra.query import Given, Schema, page_size, require_eventual, wants_count
from scim_bridge.sandbox.entra.refusal import GraphRefusal, not_found
from scim_bridge.sandbox.entra.schema import Kind
from scim_bridge.sandbox.entra.shown import Row
from scim_bridge.sandbox.entra.store import Entry, Store


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """One request below /v1.0/. headers: names in lower case; roles: those of its token; body: JSON, None if none."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    roles: frozenset[str] = frozenset()
    body: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request with all that answering it needs. service: the URL of the API, with a slash at its end."""

    request: GraphRequest
    given: Given
    service: str
    store: Store
    memberships: Memberships
    schema: Schema
    knobs: EntraKnobs
    sealer: Sealer

    @property
    def url(self) -> str:
        """The absolute URL, without its query."""
        return f"{self.service}{self.request.path}"

    def require(self, what: str) -> None:
        """Raises a 403 unless the token's roles open this call."""
        permission.require(what, self.request.roles)

    def entry(self, kind: Kind, object_id: str) -> Entry:
        """An object by its id, a user by the userPrincipalName too. Raises a 404."""
        entry = self.store.alive(object_id, kind) or (self.store.named(object_id) if kind == "user" else None)
        if entry is None:
            raise not_found(object_id)
        return entry

    def listed(self, context: str, ids: Sequence[str], show: Callable[[Entry], Row]) -> Listed:
        """A list of what is there, in sorted order, at this URL."""
        return Listed(self.url, context, ids, self.store.alive, show)

    def page(self, listed: Listed) -> dict[str, Any]:
        """One page of a list, with its links. Raises a 400."""
        if wants_count(self.given):
            require_eventual(self.request.headers, "'$count'")
        size = page_size(self.given, self.knobs.page_cap)
        return page(listed, self.given, Paging(size, self.knobs.empty_pages, self.sealer))

    def number(self, listed: Listed) -> str:
        """The answer to a $count segment. Raises a 400 without eventual consistency.

        The code is another than that of other advanced queries (microsoft-graph-docs, issue 13195).
        """
        try:
            require_eventual(self.request.headers, "'$count'")
        except GraphRefusal as refused:
            raise GraphRefusal(refused.status, "Request_BadRequest", refused.message) from None
        return str(listed.count())

    def single(self, context: str, row: Row) -> dict[str, Any]:
        """The answer that shows one object."""
        return {"@odata.context": self.context(f"{context}/$entity"), **row}

    def context(self, what: str) -> str:
        """The context URL of an answer."""
        return f"{self.service}$metadata#{what}"
