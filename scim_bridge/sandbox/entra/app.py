"""The ASGI application: three doors (login, Graph, metadata endpoint) on one directory.

Bare ASGI, since the emulator must never be what a benchmark measures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from scim_bridge.sandbox.entra.credential import Registration, Tokens
from scim_bridge.sandbox.entra.directory import Directory
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.graph import Graph, GraphDoor
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.login import Login, LoginDoor, Metadata
from scim_bridge.sandbox.entra.traffic import Logged, Throttle, Where
from scim_bridge.sandbox.switchboard import Switchboard
from scim_bridge.sandbox.transport import Delivery, Receive, Response, Scope, Send, disturbed, read


@dataclass(frozen=True, slots=True)
class Identity:
    """Who may ask for what: tenant, application, its secret; origins of the login host and of Graph."""

    tenant: str
    client: str
    secret: str
    login: str
    graph: str


class EntraApp:
    """The emulator as an ASGI application. clock: seconds since 1970."""

    def __init__(self, identity: Identity, knobs: EntraKnobs, clock: Callable[[], float], delivery: Delivery) -> None:
        self._identity, self._clock, self._delivery = identity, clock, delivery
        self.directory = Directory(clock)
        self.tokens = Tokens(identity.tenant, identity.graph, clock)
        issuer = f"{identity.login}/{identity.tenant}"
        self.registration = Registration(identity.client, [f"{issuer}/oauth2/v2.0/token", f"{issuer}/v2.0"], clock)
        self.registration.add_secret(identity.secret)
        self.metadata = Metadata(identity.client, identity.graph, self.tokens)
        self.graph = Graph(identity.graph, self.directory, clock, knobs)
        self.faults = Switchboard[EntraFault]()
        login = Login(identity.tenant, identity.login, identity.graph, self.registration, self.tokens)
        self._login_door = LoginDoor(login, self.metadata, identity.client, clock)
        self._graph_door = GraphDoor(self.graph, self.tokens, self.faults, clock)
        self.traffic = self._graph_door.traffic
        self.knobs = knobs

    @property
    def knobs(self) -> EntraKnobs:
        """The settings in force; may be exchanged while it runs."""
        return self.graph.knobs

    @knobs.setter
    def knobs(self, knobs: EntraKnobs) -> None:
        with self.directory.lock:
            self.graph.knobs = knobs
            self.directory.lag = knobs.lag
            self.directory.store.deletions_as_removals = knobs.deletions_as_removals
            self._graph_door.throttle = Throttle(knobs.units, self._clock())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        body = await read(receive)
        if body is None:
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        authorization = headers.pop("authorization", "")
        logged = self._logged(scope, headers)
        with self.directory.lock:
            self.directory.replicate()
            fault = self.faults.strike(lambda fault: fault.fits(logged.where, logged.path, logged.query))
            response = self._answer(logged, authorization, body, fault)
        delivery = fault.delivery if fault is not None else None
        logged.status = 0 if delivery is not None and delivery.is_silent else response.status
        await self._delivery.send(scope, receive, send, disturbed(response, delivery), delivery)

    def _answer(self, logged: Logged, authorization: str, body: bytes, fault: EntraFault | None) -> Response:
        if logged.where == "graph":
            return self._graph_door.answer(logged, authorization, body, fault)
        return self._login_door.answer(logged, body, fault, self.knobs)

    def _logged(self, scope: Scope, headers: dict[str, str]) -> Logged:
        path = unquote(scope["raw_path"].decode("latin-1")).lstrip("/")
        where: Where = "graph"
        tenant = ""
        if scope["scheme"] == "http":
            where = "metadata"
        elif scope["server"][1] == urlsplit(self._identity.login).port:
            where = "login"
            tenant, _, path = path.partition("/")
        else:
            # Outside the API nothing stands.
            path = path.removeprefix("v1.0/") if path.startswith("v1.0/") else f"../{path}"
        query = scope["query_string"].decode("latin-1")
        logged = Logged(where=where, method=scope["method"], path=path, query=query, headers=headers, tenant=tenant)
        self.traffic.note(logged)
        return logged
