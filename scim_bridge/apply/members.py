"""One membership request, pursued until only those who are refused one by one are left (docs/design.md §6.6).

A refused request may have changed the group all the same, up to emptying it (docs/identity-center.md §7.2), so after a
refusal the members are read again: who fell out is put back, what is already so is dropped, the rest is halved.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from scim_bridge.errors import Hold, NotAnswered
from scim_bridge.model.protocol import Target

_MOST_UNANSWERED = 6
"""Parts of one request in a row that were given up without an answer: then it is the group, and not one of the users.

Each takes half a minute; one user among a hundred is found after one such part a halving, every other one landing.
"""


@dataclass(slots=True)
class MemberAnswer:
    """The outcome of one membership operation. refused: user id → why, for those who could not be changed.

    is_unsure: a member fell out of the group and could not be added again.
    """

    request_id: str = ""
    is_unsure: bool = False
    refused: dict[str, Hold] = field(default_factory=dict)


class MemberSender:
    """Changes members of groups. staying: group id → who is in it now and is to stay; grows with what is added.

    Several requests for one group may be under way at once; who looks into what a refusal did has the group alone.
    """

    def __init__(self, target: Target, staying: Mapping[str, set[str]]) -> None:
        self._target = target
        self._staying = dict(staying)
        self._turns = _Turns()

    def change(self, group_id: str, user_ids: Sequence[str], *, is_adding: bool) -> MemberAnswer:
        """Add or remove these users. Raises NotThere if the group itself is gone."""
        answer = MemberAnswer()
        try:
            with self._turns.shared(group_id):
                self._patch(group_id, user_ids, answer, is_adding=is_adding)
        except Hold as refusal:
            with self._turns.alone(group_id):
                self._pursue(group_id, user_ids, refusal, answer, is_adding=is_adding)
        return answer

    def _patch(self, group_id: str, user_ids: Sequence[str], answer: MemberAnswer, *, is_adding: bool) -> None:
        send = self._target.add_members if is_adding else self._target.remove_members
        answer.request_id = send(group_id, user_ids).request_id
        self._stay(group_id, user_ids, is_adding=is_adding)

    def _stay(self, group_id: str, user_ids: Iterable[str], *, is_adding: bool) -> None:
        if is_adding:
            self._staying.setdefault(group_id, set()).update(user_ids)

    def _pursue(
        self, group_id: str, user_ids: Sequence[str], refusal: Hold, answer: MemberAnswer, *, is_adding: bool
    ) -> None:
        # A 404 may be about the group or about one of its members, and the answer does not say which. If the group is
        # gone, halving would send a hundred requests to find that out.
        if self._target.get("group", group_id) is None:
            raise refusal
        looks_again = True
        unanswered = 0
        waiting = [(list(user_ids), refusal)]
        while waiting:
            batch, why = waiting.pop()
            left = batch
            if looks_again:
                members, has_lost = self._look(group_id, answer)
                # What is already so is not sent again: some servers answer 409 or 404 to it, and the batch would be
                # refused for users who are fine.
                left = [user_id for user_id in batch if (user_id in members) != is_adding]
                self._stay(group_id, members.intersection(batch), is_adding=is_adding)
                # Refusals that change nothing here need no more looks; what was not answered tells nothing of that.
                looks_again = has_lost or len(left) < len(batch) or isinstance(why, NotAnswered)
            if len(left) == len(batch) == 1 or unanswered >= _MOST_UNANSWERED:
                answer.refused |= dict.fromkeys(left, why)
                answer.request_id = why.request_id
                continue
            for part in _halves(left) if len(left) == len(batch) else [left]:
                try:
                    if part:
                        self._patch(group_id, part, answer, is_adding=is_adding)
                        unanswered = 0
                except Hold as again:
                    unanswered += isinstance(again, NotAnswered)
                    waiting.append((part, again))
        if answer.refused and not looks_again:  # one of the later refusals may have had its effect all the same
            members, _ = self._look(group_id, answer)
            left_out = [user_id for user_id in answer.refused if (user_id in members) != is_adding]
            answer.refused = {user_id: answer.refused[user_id] for user_id in left_out}

    def _look(self, group_id: str, answer: MemberAnswer) -> tuple[frozenset[str], bool]:
        """The members now, and whether one that should stay had fallen out; it is added again at once."""
        members = self._target.read_members([group_id]).get(group_id, frozenset())
        lost = sorted(self._staying.get(group_id, set()) - members)
        size = self._target.capabilities.changes_per_patch
        for start in range(0, len(lost), size):
            try:
                # Put back at once, not by the next run: until then these users would be locked out by a request that
                # was not about them.
                self._target.add_members(group_id, lost[start : start + size])
            except Hold:
                answer.is_unsure = True  # one of them is gone for good; the next run sees who is missing
        return members | frozenset(lost), bool(lost)


def _halves(user_ids: list[str]) -> list[list[str]]:
    middle = len(user_ids) // 2
    return [user_ids[:middle], user_ids[middle:]]


class _Turns:
    """Many at once, or one alone, for each group."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: Counter[str] = Counter()
        self._alone: set[str] = set()

    @contextmanager
    def shared(self, group_id: str) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: group_id not in self._alone)
            self._under_way[group_id] += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way[group_id] -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, group_id: str) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: group_id not in self._alone)
            self._alone.add(group_id)
            self._changed.wait_for(lambda: not self._under_way[group_id])
        try:
            yield
        finally:
            with self._changed:
                self._alone.discard(group_id)
                self._changed.notify_all()
