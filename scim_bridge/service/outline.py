"""What is asked of kept plans again and again, kept in memory: to find it, all of a plan has to be read."""

import threading
from collections import OrderedDict

from scim_bridge.model.kept_plan import KeptPlan
from scim_bridge.state.plans import PlanReader
from scim_bridge.view.plan_document import Outline, outline_of

_KEPT = 2
"""The outline of a stopped plan has the names of those concerned, 30 MB of 100,000."""


class Outlines:
    """The last few. Used by several threads; a plan never changes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Outline] = OrderedDict()
        self._turn = threading.Lock()

    def of(self, plans: PlanReader, kept: KeptPlan) -> Outline:
        """The outline of this plan. One is made at a time, since several people open the same one."""
        key = (kept.id, kept.made, kept.size)  # a number may come again in another state
        with self._turn:
            found = self._kept.pop(key, None) or outline_of(lambda: plans.pieces(kept.id))
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found
