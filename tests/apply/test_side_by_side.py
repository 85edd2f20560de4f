"""What the engine sends beside what, and what it sends first (docs/design.md §6.1)."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from scim_bridge.apply.engine import Ground, Work, apply
from scim_bridge.model.identity import Kind, Value
from scim_bridge.model.operation import Change, Member, Operation
from scim_bridge.model.operation_kind import OPERATION_KINDS, OperationKind
from scim_bridge.model.protocol import Answer
from tests.apply.test_engine import Notes
from tests.builders import group, on_target, user
from tests.fakes import MemoryTarget
from tests.waiting import PATIENCE


class Meeting(MemoryTarget):
    """Users can be changed or made only while someone changes, or makes, a group at the same time.

    room: operations of each kind to have under way. urgent_writes: how many writes were sent as urgent ones.
    """

    def __init__(self, room: int = 8, *, is_open: bool = True) -> None:
        super().__init__()
        self.room = room
        self.urgent_writes = 0
        self._group_written = threading.Event()
        if is_open:
            self._group_written.set()

    def at_once(self, kind: OperationKind) -> int:
        return self.room

    @contextmanager
    def urgent(self) -> Iterator[None]:
        self.urgent_writes += 1
        yield

    def update(self, kind: Kind, target_id: str, changes: Mapping[str, Change]) -> Answer:
        assert self._group_written.wait(PATIENCE)
        return super().update(kind, target_id, changes)

    def create(self, kind: Kind, attributes: Mapping[str, Value]) -> Answer:
        if kind == "user":
            assert self._group_written.wait(PATIENCE)
        answer = super().create(kind, attributes)
        if kind == "group":
            self._group_written.set()
        return answer

    def remove_members(self, group_id: str, user_ids: object) -> Answer:
        answer = super().remove_members(group_id, user_ids)  # type: ignore[arg-type]
        self._group_written.set()
        return answer


def _operation(kind: OperationKind, name: str, **changes: Change) -> Operation:
    is_create = kind.startswith("create")
    return Operation(
        id=f"{kind} {name}",
        kind=kind,
        phase=OPERATION_KINDS[kind].phase,
        source_id=name,
        target_id=None if is_create else f"t-{name}",
        subject=name,
        reason="why",
        changes=changes,
        members=(Member("u9", "t-u9", "u9"),) if kind == "remove_members" else (),
    )


def _leavers_and_a_mover(target: MemoryTarget, leavers: int) -> list[Operation]:
    """So many deactivations, and the removal of another user from a group, which stands before them."""
    for name in (*(f"u{number}" for number in range(leavers)), "u9"):
        target.put(on_target(f"t-{name}", user(name)))
    target.put(on_target("t-g", group("g")), "t-u9")
    deactivations = [_operation("deactivate_user", f"u{number}", active=(True, False)) for number in range(leavers)]
    return [_operation("remove_members", "g"), *deactivations]


def test_deactivations_have_the_first_slots() -> None:
    target = Meeting()
    applied = apply(_leavers_and_a_mover(target, 3), target, Notes(), Ground(), Work(threads=1))
    assert applied.has_succeeded
    assert [write.verb for write in target.log] == ["update", "update", "update", "remove"]


def test_a_removal_takes_the_slot_that_deactivations_leave() -> None:
    target = Meeting(room=1, is_open=False)
    applied = apply(_leavers_and_a_mover(target, 3), target, Notes(), Ground(), Work())
    assert applied.has_succeeded
    assert target.log[0].verb == "remove"


def test_a_deactivation_goes_before_what_others_wait_to_send() -> None:
    target = Meeting()
    apply(_leavers_and_a_mover(target, 3), target, Notes(), Ground(), Work())
    assert target.urgent_writes == 3


def _joiner_and_a_new_group() -> list[Operation]:
    return [
        _operation("create_user", "u8", **{path: (None, value) for path, value in user("u8").attributes.items()}),
        _operation("create_group", "g2", externalId=(None, "g2"), displayName=(None, "g2")),
    ]


def test_groups_are_created_beside_users() -> None:
    target = Meeting(room=1, is_open=False)
    applied = apply(_joiner_and_a_new_group(), target, Notes(), Ground(), Work())
    assert applied.has_succeeded
    assert [write.kind for write in target.log] == ["group", "user"]


def test_nothing_is_beside_a_revocation() -> None:
    target = Meeting()
    operations = [*_joiner_and_a_new_group(), *_leavers_and_a_mover(target, 1)]
    assert apply(operations, target, Notes(), Ground(), Work()).has_succeeded
    assert {write.verb for write in target.log[:2]} == {"update", "remove"}
