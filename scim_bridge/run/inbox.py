"""The inbox of a connection: who finds it busy leaves a request, and the run in progress carries it out.

The request is for single identities (named_plan.py); it goes before the next write of that run. A manager who is not on
the target at that moment is left out, and set by the next run, which looks at all whom this one was to write to.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import sleep

from scim_bridge.apply.engine import Superseded
from scim_bridge.errors import BridgeError, Busy, Stop
from scim_bridge.model.actor import Actor
from scim_bridge.model.run import RequestRecord
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.lifecycle import ActiveRun, Order, Result
from scim_bridge.run.named_plan import run_named
from scim_bridge.state.writer import State

_log = logging.getLogger("scim_bridge.run.inbox")
_LOOKING = 0.2
"""Seconds between two looks at whether a request was answered."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Orders of `sync --only` to the run in progress, which carries them out before its next write."""

    active: ActiveRun

    def has_requests(self) -> bool:
        """Whether an order waits."""
        return bool(self.active.state.reader.requests(self.active.bridge.name))

    def answer(self) -> Sequence[Superseded]:
        """Carry out each request as a run of its own. Nothing that goes wrong with one concerns the run in progress."""
        requests = self.active.state.reader.requests(self.active.bridge.name)
        results = [self._carry_out(request) for request in requests]
        return [_dealt_with(result) for result in results if result is not None and result.applied is not None]

    def _carry_out(self, request: RequestRecord) -> Result | None:
        bridge, state = self.active.bridge, self.active.state
        # The approval is that of the person who left the order, never that of the run in progress.
        approved_by = request.who if request.is_approved else ""
        is_last_admin = request.is_last_admin
        order = replace(
            self.active.order,
            by=None,
            approved_by=approved_by,
            is_last_admin=is_last_admin,
            asked_by=request.who,
        )
        try:
            # The quota is shared: without this, a revocation would stand behind all the requests that wait for their
            # turn.
            with bridge.target.urgent():
                result = run_named(bridge, state, request.subjects, order, self.active.id)
        except BridgeError as error:
            state.answer(request.id, None, str(error), error.exit_code if isinstance(error, Stop) else 1)
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, the run in progress goes on; the log has the details
            _log.exception("the order %d in the inbox failed", request.id)
            state.answer(request.id, None, f"the program failed ({type(error).__name__}); the log says more", 1)
            return None
        state.answer(request.id, result.run_id, exit_code=result.exit_code)
        return result


def _dealt_with(result: Result) -> Superseded:
    """What a `--only` run has synced, and which users and groups were on the target for that."""
    reading, applied = result.reading, result.applied
    ends = applied.outcomes if applied is not None else ()
    created = zip(result.plan.operations, ends, strict=True)
    ids = {o.key: end.target_id for o, end in created if end.target_id}
    there = {match.key for match in reading.matches if match.existing is not None}
    return Superseded(reading.only or frozenset(), ids, frozenset(there | ids.keys()))


def wait_for_answer(bridge: Bridge, state: State, who: Sequence[str], order: Order) -> RequestRecord | None:
    """Leave a request with the run in progress and wait. None if that run has ended without an answer."""
    approved = bool(order.approved_by)
    by = order.by or Actor(order.asked_by)
    request_id = state.ask(bridge.name, who, by, is_approved=approved, is_last_admin=order.is_last_admin)
    while True:
        sleep(_LOOKING)
        request = state.reader.request(request_id)
        if request is not None and request.is_answered:
            return request
        try:
            # The run in progress may have ended between our order and its last look at the inbox. Then the
            # order gets no answer. So whichever command takes the lock withdraws its order and runs it itself.
            with state.lock(bridge.name):
                request = state.reader.request(request_id)
                if request is not None and request.is_answered:
                    return request
                state.answer(request_id, None, "withdrawn")
                return None
        except Busy:
            continue
