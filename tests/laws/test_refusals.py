"""What must hold whatever the target refuses: the rest lands, revocations land, and nothing useless is sent twice."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.apply.engine import Ground, Work, apply
from scim_bridge.errors import Refused
from scim_bridge.model.identity import Desired, Directory
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.inputs import Sides
from scim_bridge.run.conclude import Conclusion, conclude
from tests.apply.test_engine import Notes
from tests.builders import LENIENT, Target, directory, group, matched, on_target, planned, user
from tests.fakes import MemoryTarget, Write

DOUBTFUL = "<>;:%"
OPTIONAL = ("title",)
REQUIRED = ("displayName", "name.givenName")
values = st.sampled_from(["plain", "half; half", "50%", "other"])


@dataclass
class Person:
    """One user: how the source has it, whether it is on the target, and what the endpoint refuses of it."""

    desired: Desired
    is_there: bool
    was_in: bool
    is_in: bool
    is_dark: bool
    is_shunned: bool

    @property
    def is_sound(self) -> bool:
        """It can be created."""
        return not self.is_dark and not any(_is_doubtful(self.desired.attributes[path]) for path in REQUIRED)


@st.composite
def people(draw: st.DrawFn) -> list[Person]:
    found = []
    for number in range(draw(st.integers(1, 6))):
        attributes = {path: draw(values) for path in OPTIONAL}
        desired = user(f"u{number}", active=draw(st.booleans()), **attributes)
        named = {**desired.attributes, "displayName": draw(values), "name.givenName": draw(values)}
        found.append(Person(replace(desired, attributes=named), *(draw(st.booleans()) for _ in range(5))))
    return found


def _is_doubtful(value: object) -> bool:
    return not set(DOUBTFUL).isdisjoint(str(value))


class World:
    """A target that refuses doubtful characters, everything about some users, and some memberships."""

    def __init__(self, people: list[Person]) -> None:
        self.people = people
        self.writes = 0
        self.known = Remembered(is_fresh=False, has_applied=True)
        self.target = MemoryTarget()
        for person in people:
            if person.is_there:
                source_id = person.desired.source_id
                before = user(source_id, active=True)
                self.target.put(on_target(f"t-{source_id}", before))
        inside = [f"t-{p.desired.source_id}" for p in people if p.is_there and p.was_in]
        self.target.put(on_target("t-g", group("g")), *inside)
        self.target.before = self.refuse

    def refuse(self, write: Write) -> None:
        self.writes += 1
        names = {p.desired.source_id: p for p in self.people}
        if write.verb == "add":
            for shunned in (p for p in self.people if p.is_shunned):
                if self.target_id(shunned) in write.members:
                    raise Refused("400")
        if write.kind != "user" or write.verb not in ("create", "update"):
            return
        shown = self.target.resources["user"].get(write.target_id, {})
        source_id = str(write.attributes.get("externalId") or shown["externalId"])
        is_door = write.attributes == {"active": False}
        if not is_door and (names[source_id].is_dark or any(map(_is_doubtful, write.attributes.values()))):
            raise Refused("400")

    def target_id(self, person: Person) -> str:
        shown = self.target.read().users.values()
        return next((e.target_id for e in shown if e.external_id == person.desired.source_id), "")

    def run(self) -> Conclusion:
        """One run that remembers what was refused; nothing of that is due in the next one."""
        self.writes = 0
        wanted: Directory = directory(
            *(p.desired for p in self.people),
            group("g"),
            members={"g": [p.desired.source_id for p in self.people if p.is_in]},
        )
        inventory = self.target.read()
        there = Target((*inventory.users.values(), *inventory.groups.values()), dict(self.target.read_members(["t-g"])))
        matches, plan = matched(wanted, there, self.known), planned(wanted, there, self.known)
        sides = Sides(wanted, inventory, there.members, self.known)
        ids = {m.key: m.existing.target_id for m in matches if m.existing}
        ground = Ground(ids, inventory, there.members)
        applied = apply(plan.operations, self.target, Notes(), ground, Work(threads=1))
        end = conclude(matches, sides, plan, plan, applied, LENIENT)
        kept = {key: r for key, r in self.known.refusals.items() if key not in end.books.answered}
        fresh = {refusal.key: replace(refusal, is_due=False) for refusal in end.books.refusals}
        self.known = replace(self.known, refusals=kept | fresh)
        return end


@given(people())
def test_all_that_is_valid_lands_and_so_does_every_revocation(people: list[Person]) -> None:
    world = World(people)
    world.run()
    shown = world.target.read().users
    members = world.target.members["t-g"]
    for person in people:
        target_id, wanted = world.target_id(person), person.desired.attributes
        assert bool(target_id) == (person.is_there or person.is_sound)
        if not target_id:
            continue
        held = shown[target_id].attributes
        if person.is_there:
            assert wanted["active"] is not False or held["active"] is False, "a leaver is still inside"
        if not person.is_dark:
            for path, value in wanted.items():
                assert _is_doubtful(value) or held[path] == value
        assert target_id not in members or person.is_in, "a removal did not land"
        if person.is_in and not person.is_shunned:
            assert target_id in members


@given(people())
def test_the_next_run_asks_nothing_and_says_the_same(people: list[Person]) -> None:
    world = World(people)
    first = world.run()
    second = world.run()
    assert world.writes == 0
    assert {c.key for c in second.conflicts} == {c.key for c in first.conflicts}


@given(people())
def test_the_requests_of_a_run_are_bounded(people: list[Person]) -> None:
    world = World(people)
    world.run()
    shunned = sum(p.is_shunned for p in people)
    assert world.writes <= 3 * len(people) + 2 + 6 * shunned


@given(people(), st.sampled_from(["plain", "other"]))
def test_a_record_that_is_put_right_is_sent_at_once(people: list[Person], value: str) -> None:
    world = World(people)
    world.run()
    for person in people:
        # a membership follows from the user and the group, and here the user has changed
        named = {**dict.fromkeys((*OPTIONAL, *REQUIRED), value), "name.familyName": "new"}
        person.desired = replace(person.desired, attributes={**person.desired.attributes, **named})
        person.is_dark = person.is_shunned = False
    world.run()
    assert world.run().conflicts == ()
    assert world.writes == 0
    assert {world.target_id(p) for p in people if p.is_in} == world.target.members["t-g"]
