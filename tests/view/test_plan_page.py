"""A kept plan as its page shows it."""

from dataclasses import replace

from scim_bridge.model.effect import Shrunk
from scim_bridge.model.plan import Trip, Verdict
from scim_bridge.plan.plan_file import to_bytes
from scim_bridge.view.plan_document import outline_of
from scim_bridge.view.plan_page import plan_page
from tests.service.seed import quiet_plan


def test_a_source_that_shows_less_concerns_no_one_by_name() -> None:
    effects = frozenset({Shrunk("users", 32)})
    sentence = "the source shows 32 users, 8 fewer"
    trip = Trip(limit="shrink_source", counted=8, base=40, allowed="20%", sentence=sentence, effects=effects)
    plan = replace(quiet_plan(), verdict=Verdict((trip,)))
    (shown,) = plan_page(outline_of(lambda: [to_bytes(plan)]), [], 10).tripped
    assert (shown.sentence, shown.concerned, shown.more) == (sentence, (), 0)
