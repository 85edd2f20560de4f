"""Answers for which both sides or AWS have to be read whole: made in the process of an order, and kept for the page.

In the service they would hold the memory of a sync, and keep every other page waiting.
"""

from datetime import UTC, datetime
from pathlib import Path

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.access import AccessReading
from scim_bridge.model.order import OrderEnd, OrderRecord
from scim_bridge.model.protocol import silent
from scim_bridge.model.switch import SOURCE_KINDS
from scim_bridge.run.access_seen import recent
from scim_bridge.run.bridge import mapping_to_try, open_bridge
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.switch_reading import read_access_now, read_switch
from scim_bridge.run.what_if import what_if
from scim_bridge.state.access_memory import keep_reading
from scim_bridge.state.writer import State
from scim_bridge.view.kept_answer import answer_bytes
from scim_bridge.view.plan_report import report_view


def compare_mapping(connection: ConnectionSettings, state: State, order: Order, record: OrderRecord) -> OrderEnd:
    """What an uploaded mapping would change. Raises Misconfigured for one that is broken."""
    tried = mapping_to_try(Path("uploaded.yaml"), record.placed.question)
    with open_bridge(connection, to_be_tried=tried, reader=state.reader) as bridge:
        found = what_if(bridge, state.reader, tried, order)
    made = answer_bytes(report_view(found.plan, found.comparison))
    return OrderEnd(status="done", sentence="the comparison is made", answer=made)


def report_switch(connection: ConnectionSettings, state: State, record: OrderRecord) -> OrderEnd:
    """What a change of the identity source would do."""
    to = record.placed.question
    if to not in SOURCE_KINDS:
        raise Misconfigured(f"{to!r} is not an identity source", f"Choose one of: {', '.join(SOURCE_KINDS)}.")
    found = read_switch(connection, to, lambda: _access(connection, state))
    return OrderEnd(status="done", sentence="the switch report is made", answer=answer_bytes(found.report))


def _access(connection: ConnectionSettings, state: State) -> AccessReading:
    """The reading that is kept, if it is recent and no run has changed anything since; else a new one, kept as well."""
    kept, is_outdated = recent(state.reader.access(connection.name), datetime.now(UTC))
    if kept is not None and not is_outdated:
        return kept
    reading = read_access_now(connection, silent)
    keep_reading(state.address, connection.name, reading)
    return reading
