"""The idempotency key of a request, with a hash of what is asked."""

import hashlib

from fastapi import Request
from pydantic import BaseModel

from scim_bridge.service.auth.principal import Principal
from scim_bridge.state.asked_once import Once


def once(who: Principal, key: str | None, request: Request, asked: BaseModel | None = None) -> Once | None:
    """What makes this request and its repetitions one, None for a request without a key."""
    if key is None:
        return None
    body = asked.model_dump_json() if asked is not None else ""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n{body}".encode()).hexdigest()
    return Once(who.actor.name, key, digest)
