"""An organization apart from any system: people, teams within teams, and how they change from day to day.

Each source's tests put it into their system and read it back; whatever the system, the same organization is desired.
Keys (`p7`, `t3`) never change; systems that make ids of their own are told apart by who has which key.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

DOMAIN = "corp.example"
_GIVEN = ("陽菜", "Zoë", "O'Neil", "Иван", "Ann-Marie", "蓮", "Łukasz", "Nguyễn")
_FAMILY = ("佐藤", "Ñandú", "van der Berg", "Петров", "Okoro", "鈴木", "Müller", "Trần")


@dataclass
class Person:
    """Someone. login: the part before the @; manager: a key or ""; unit: where the directory keeps the entry."""

    key: str
    login: str
    given: str
    family: str
    title: str = ""
    department: str = ""
    manager: str = ""
    is_active: bool = True
    unit: str = "people"

    @property
    def mail(self) -> str:
        """The sign-in name and address."""
        return f"{self.login}@{DOMAIN}"

    @property
    def display(self) -> str:
        """The name as people write it."""
        return f"{self.given} {self.family}"


@dataclass
class Team:
    """A group: keys of its direct users and of the groups in it."""

    key: str
    name: str
    users: set[str] = field(default_factory=set)
    teams: set[str] = field(default_factory=set)


@dataclass
class Organization:
    """Everyone and every team, by key. made: how many there have ever been, so that no key comes twice."""

    people: dict[str, Person] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    made: int = 0

    def copy(self) -> "Organization":
        """As it is now; what changes later does not change the copy."""
        return deepcopy(self)

    def flattened(self, key: str, seen: frozenset[str] = frozenset()) -> set[str]:
        """Keys of the users in a team, however deep: the plain definition, to hold results against."""
        if key in seen or key not in self.teams:
            return set()
        team = self.teams[key]
        return team.users.union(*(self.flattened(inner, seen | {key}) for inner in team.teams))

    def hire(self, random: Random) -> Person:
        """A joiner, perhaps with a manager."""
        number = self.made = self.made + 1
        person = Person(
            f"p{number}",
            f"user.{number}",
            random.choice(_GIVEN),
            f"{random.choice(_FAMILY)} {number}",
            random.choice(("", "Engineer", "Lead")),
            random.choice(("", "開発部", "Sales, EMEA")),
            random.choice(sorted(self.people)) if self.people and random.random() < 0.7 else "",
            unit=random.choice(("people", "branch")),
        )
        self.people[person.key] = person
        return person

    def found(self, random: Random) -> Team:
        """A new team of a few people."""
        number = self.made = self.made + 1
        team = Team(
            f"t{number}", f"グループ {number}", set(random.sample(sorted(self.people), min(3, len(self.people))))
        )
        self.teams[team.key] = team
        return team

    def dismiss(self, key: str) -> None:
        """A leaver whose entry is deleted; no one's manager and in no team any more."""
        del self.people[key]
        for person in self.people.values():
            person.manager = "" if person.manager == key else person.manager
        for team in self.teams.values():
            team.users.discard(key)

    def dissolve(self, key: str) -> None:
        """A team that is deleted."""
        del self.teams[key]
        for team in self.teams.values():
            team.teams.discard(key)

    def churn(self, random: Random, steps: int = 1) -> None:
        """So many things happen: joiners, leavers, movers, renames, moves, changed and nested teams, deletions."""
        for _ in range(steps):
            random.choice(EVENTS)(self, random)


def organization(people: int, teams: int, seed: int = 1) -> Organization:
    """An organization of this size; every third team is nested in another, two contain each other."""
    random, made = Random(seed), Organization()
    for _ in range(people):
        made.hire(random)
    for _ in range(teams):
        made.found(random)
    keys = sorted(made.teams)
    for number, key in enumerate(keys):
        if number % 3 == 1:
            made.teams[key].teams.add(keys[number // 3])
    if len(keys) > 1:
        made.teams[keys[0]].teams.add(keys[1])
        made.teams[keys[1]].teams.add(keys[0])
    return made


Event = Callable[[Organization, Random], object]


def _somebody(there: Organization, random: Random) -> Person:
    return there.people[random.choice(sorted(there.people))] if there.people else there.hire(random)


def _some_team(there: Organization, random: Random) -> Team:
    return there.teams[random.choice(sorted(there.teams))] if there.teams else there.found(random)


def _leave(there: Organization, random: Random) -> None:
    if len(there.people) > 2:
        there.dismiss(_somebody(there, random).key)


def _lock_or_unlock(there: Organization, random: Random) -> None:
    person = _somebody(there, random)
    person.is_active = not person.is_active


def _promote(there: Organization, random: Random) -> None:
    person = _somebody(there, random)
    person.title = random.choice(("", "Engineer", "Lead", "部長"))
    person.department = random.choice(("", "開発部", "Sales, EMEA", "R&D"))


def _marry(there: Organization, random: Random) -> None:
    person = _somebody(there, random)
    person.family = f"{random.choice(_FAMILY)} {person.key}"
    person.login = random.choice((person.login, f"{person.key}.{random.randrange(100)}"))


def _move(there: Organization, random: Random) -> None:
    person = _somebody(there, random)
    person.unit = "branch" if person.unit == "people" else "people"


def _report_to(there: Organization, random: Random) -> None:
    _somebody(there, random).manager = random.choice(["", *sorted(there.people)])


def _rename_team(there: Organization, random: Random) -> None:
    team = _some_team(there, random)
    team.name = f"{team.key} 第{random.randrange(100)}課"


def _join_or_quit_team(there: Organization, random: Random) -> None:
    _some_team(there, random).users ^= {_somebody(there, random).key}


def _nest_or_unnest(there: Organization, random: Random) -> None:
    outer, inner = _some_team(there, random), _some_team(there, random)
    if outer.key != inner.key:
        outer.teams ^= {inner.key}


def _dissolve(there: Organization, random: Random) -> None:
    if len(there.teams) > 1:
        there.dissolve(_some_team(there, random).key)


EVENTS: tuple[Event, ...] = (
    Organization.hire,
    _leave,
    _lock_or_unlock,
    _promote,
    _marry,
    _move,
    _report_to,
    Organization.found,
    _rename_team,
    _join_or_quit_team,
    _nest_or_unnest,
    _dissolve,
)
