"""Who asks, and whether they may: the parameter of every route that is not open to everyone.

```python
@router.post("/connections/{name}/sync")
def sync(name: str, operator: Operator) -> Response: ...   # operator.actor, operator.role
```
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from scim_bridge.model.actor import ROLES, Actor, Role, by_token, is_same_person
from scim_bridge.service.auth.gate import Gate, bearer_of, gate_of
from scim_bridge.view.translation import _

MAY = {
    "viewer": "look",
    "operator": "sync, plan, pause and resolve conflicts",
    "approver": "approve, apply, roll back and make tokens",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is signed in, and what they may do. separation: the user who started a plan may not approve it."""

    actor: Actor
    role: Role
    separation: bool = False

    def may(self, role: Role) -> bool:
        """Whether this role, or one that includes it, is theirs."""
        return ROLES.index(self.role) >= ROLES.index(role)


def may_approve(principal: Principal, triggered_by: str) -> bool:
    """Whether they may approve a plan that an actor of this name started.

    A token acts for the user who made it. With separation, no one approves by a token what they started on a page.
    """
    is_another = not is_same_person(principal.actor.name, triggered_by)
    return principal.may("approver") and (is_another or not principal.separation)


class NotSignedIn(Exception):
    """The request has neither a session nor a token that is valid. The text is for a program.

    wait: seconds until another try, 0 if it may be tried now.
    """

    def __init__(self, sentence: str = "Send a token of this service: Authorization: Bearer TOKEN.", wait: int = 0):
        super().__init__(sentence)
        self.wait = wait


class NotAllowed(Exception):
    """The session's role is not enough. The text is for the person."""


def _signed_in(request: Request) -> Principal:
    gate, secret = gate_of(request), bearer_of(request)
    principal = _by_session(gate, request) if secret is None else _by_token(gate, request, secret)
    request.state.principal = principal  # for the templates
    return principal


def require_role(principal: Principal, role: Role) -> None:
    """Raise NotAllowed if this role is not theirs: for what depends on more than the route."""
    if not principal.may(role):
        raise NotAllowed(
            _(
                "You are signed in as %(name)s with the role %(role)s. The role %(needed)s may do this: %(what)s.",
                name=principal.actor.name,
                role=_(principal.role),
                needed=_(role),
                what=_(MAY[role]),
            )
        )


def _by_session(gate: Gate, request: Request) -> Principal:
    session = gate.session_of(request)
    if session is None:
        raise NotSignedIn
    who = Actor(session.name, "page", gate.address_of(request))
    return Principal(who, session.role, separation=gate.is_separate)


def _by_token(gate: Gate, request: Request, secret: str) -> Principal:
    address, token = gate.address_of(request), gate.tokens.find(secret)
    standing = token.standing(gate.now()) if token is not None else None
    if token is not None and standing == "valid":
        name = by_token(token.made_by, token.name)
        return Principal(Actor(name, "api", address), token.role, separation=gate.is_separate)
    what = "The token is unknown." if token is None else f"The token {token.subject} is {standing}."
    raise NotSignedIn(what, gate.note_refusal(Actor("unknown", "api", address), what))


def _require(role: Role) -> Callable[[Principal], Principal]:
    def check(principal: Annotated[Principal, Depends(_signed_in)]) -> Principal:
        require_role(principal, role)
        return principal

    return check


def viewer_beyond_loopback(request: Request) -> None:
    """Let a program on this machine look without signing in, while the service is reached on loopback alone.

    Only with `auth` may it be reached from elsewhere. For what names no one. Raises NotSignedIn or NotAllowed.
    """
    service = gate_of(request).service
    if service.auth is not None or service.behind_proxy:
        require_viewer(_signed_in(request))


require_viewer, require_operator, require_approver = (_require(role) for role in ROLES)
Viewer = Annotated[Principal, Depends(require_viewer)]
Operator = Annotated[Principal, Depends(require_operator)]
Approver = Annotated[Principal, Depends(require_approver)]
