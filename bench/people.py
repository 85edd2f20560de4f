"""A directory of any size as plain values, and what happens in it: the same in each source of bench.growth.

Users and groups are numbers. Each user is in ten groups on the average; nested memberships are counted among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

LARGE, HERE, THERE, INNER = 0, 1, 2, 3
"""The group that most are in, two groups that take turns in holding a third one, and that third one."""
_LARGE_SIZE, _INNER_SIZE, _OWN = 10_000, 50, 10
_PER_USER, _USERS_A_GROUP = 10, 50


@dataclass(frozen=True, slots=True)
class Title:
    """These users have another title."""

    numbers: tuple[int, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Leave:
    """This user's entry is deleted, and the memberships with it."""

    number: int


@dataclass(frozen=True, slots=True)
class Join:
    """This user is put into the large group."""

    number: int


@dataclass(frozen=True, slots=True)
class Move:
    """The inner group is taken out of one group and put into another."""

    before: int
    after: int


Change = Title | Leave | Join | Move


@dataclass(slots=True)
class People:
    """titles: of each user, by number. groups: direct users of each group. holder: the group that INNER is in."""

    titles: dict[int, str]
    groups: dict[int, set[int]]
    holder: int = HERE

    @property
    def numbers(self) -> Iterator[int]:
        """Users that are there."""
        return iter(self.titles)

    def flattened(self, group: int) -> set[int]:
        """Users of a group, those of the group within it included."""
        return self.groups[group] | (self.groups[INNER] if group == self.holder else set())

    def carry(self, change: Change) -> None:
        """Let it happen here."""
        match change:
            case Title(numbers, title):
                self.titles.update(dict.fromkeys(numbers, title))
            case Leave(number):
                del self.titles[number]
                for members in self.groups.values():
                    members.discard(number)
            case Join(number):
                self.groups[LARGE].add(number)
            case Move(_, after):
                self.holder = after


def people(users: int) -> People:
    """So many users; the same ones each time. The large group has at most 10,000 of them, and never all."""
    random = Random(1)
    groups = {
        LARGE: set(range(min(_LARGE_SIZE, users * 9 // 10))),
        HERE: set(range(_OWN)),
        THERE: set(range(_OWN)),
        INNER: set(range(_OWN, min(_OWN + _INNER_SIZE, users))),
    }
    others = max(1, users // _USERS_A_GROUP)
    left = _PER_USER * users - sum(map(len, groups.values())) - len(groups[INNER])
    size = min(users, max(1, left // others))
    groups |= {INNER + 1 + number: set(random.sample(range(users), size)) for number in range(others)}
    return People(dict.fromkeys(range(users), "Engineer"), groups)


def mail(number: int) -> str:
    """The sign-in name, which is the address too."""
    return f"user.{number}@corp.example"


def names(number: int) -> tuple[str, str, str]:
    """Given name, family name, display name."""
    return f"Given{number}", f"家族{number}", f"Given{number} 家族{number}"


def department(number: int) -> str:
    """One of fifty."""
    return f"Dept {number % 50}"


def manager(number: int) -> int | None:
    """The number of a user's manager; the first has none. Who is hired late manages no one, so may leave unnoticed."""
    return number // 10 if number else None
