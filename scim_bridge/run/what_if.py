"""`plan --mapping`: what a changed mapping would do, before it is merged."""

from dataclasses import dataclass, replace

from scim_bridge.mapping.change import changed_rules
from scim_bridge.model.mapping_comparison import Comparison
from scim_bridge.model.plan import Plan
from scim_bridge.plan.compare_mappings import Outlook, compare
from scim_bridge.run.bridge import Bridge, ChangedMapping, under_mapping
from scim_bridge.run.lifecycle import Order, Reading
from scim_bridge.run.sync import collector_paused, plan_from, read_both
from scim_bridge.state.reader import StateReader


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The plan under the changed mapping, and how it differs from that of today's."""

    plan: Plan
    comparison: Comparison


@collector_paused()
def what_if(bridge: Bridge, reader: StateReader, mapping: ChangedMapping, order: Order) -> WhatIf:
    """Plan under both mappings over one reading of both sides. Nothing is written anywhere.

    Raises Misconfigured before anything is read if the changed mapping is broken or fails its own tests.
    """
    changed = under_mapping(bridge, mapping)
    rules = changed_rules(bridge.mapping, changed.mapping, (bridge.terms.match, changed.terms.match))
    known, sight = read_both(bridge, reader, order)
    today = plan_from(bridge, reader, known, sight, order)
    # what was read of members for today's plan is not read again
    day = order.today or changed.today(sight.now)
    then = plan_from(changed, reader, known, replace(sight, existing=today.observed, today=day), order)
    return WhatIf(then.plan, compare(_outlook(today), _outlook(then), rules))


def _outlook(reading: Reading) -> Outlook:
    return Outlook(reading.matches, reading.sides, reading.plan)
