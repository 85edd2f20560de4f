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

from scim_bridge.model.actor import ROLES, Actor, Role
from scim_bridge.service.auth.gate import gate_of

MAY = {
    "viewer": "look",
    "operator": "sync, plan, pause and resolve conflicts",
    "approver": "approve, apply, roll back and make tokens",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is signed in, and what they may do."""

    actor: Actor
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this role, or one that includes it, is theirs."""
        return ROLES.index(self.role) >= ROLES.index(role)


class NotSignedIn(Exception):
    """The request has no session, or one that has ended."""


class NotAllowed(Exception):
    """The session's role is not enough. The text is for the person."""


def _signed_in(request: Request) -> Principal:
    gate = gate_of(request)
    secret = gate.cookie.secret_of(request)
    session = gate.sign_ins.session(secret, gate.now()) if secret else None
    if session is None:
        raise NotSignedIn
    principal = Principal(Actor(session.name, "page", gate.address_of(request)), session.role)
    request.state.principal = principal  # for the templates
    return principal


def _require(role: Role) -> Callable[[Principal], Principal]:
    def check(principal: Annotated[Principal, Depends(_signed_in)]) -> Principal:
        if not principal.may(role):
            raise NotAllowed(
                f"You are signed in as {principal.actor.name} with the role {principal.role}. "
                f"The role {role} may do this: {MAY[role]}."
            )
        return principal

    return check


require_viewer, require_operator, require_approver = (_require(role) for role in ROLES)
Viewer = Annotated[Principal, Depends(require_viewer)]
Operator = Annotated[Principal, Depends(require_operator)]
Approver = Annotated[Principal, Depends(require_approver)]
