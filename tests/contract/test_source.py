"""What every source promises (model.protocol.Source), held against each over the system itself.

CSV files, a real slapd, emulated Entra and Google; a real Active Directory (Samba) under its own mark.
"""

from collections.abc import Iterator
from random import Random

import pytest

from scim_bridge.model.identity import Directory, Record, Snapshot
from tests.applying import Applying, Shown, asked
from tests.organization import Organization, Team, organization
from tests.places import TODAY, Google, Place, Reader, by_name, counts_of, opened, with_ids

NAMES = ("csv", "openldap", "entra", "google", pytest.param("active-directory", marks=pytest.mark.samba))
BY_CHANGES = NAMES[1:]
"""Those that remember, and are told what has changed."""


@pytest.fixture(params=NAMES)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with opened(request.param) as there:
        yield there


@pytest.fixture(params=BY_CHANGES)
def telling(request: pytest.FixtureRequest) -> Iterator[Place]:
    with opened(request.param) as there:
        yield there


@pytest.fixture(scope="module")
def company() -> Organization:
    """Five hundred people and sixty teams within teams, and one team of two thousand, who are added for it."""
    there, random = organization(500, 60), Random(7)
    while len(there.people) < 2_000:
        there.hire(random)
    there.teams["everybody"] = Team("everybody", "全社員", set(there.people))
    return there


def test_the_same_organization_is_desired_the_same_wherever_it_lives(place: Place, company: Organization) -> None:
    with opened("csv") as files:
        files.become(company)
        place.become(company)
        expected, found = by_name(Reader(files).whole()), by_name(Reader(place).whole())
    assert found == expected


def test_what_changes_say_is_what_everything_says(telling: Place) -> None:
    there, random = organization(30, 8), Random(11)
    telling.become(there)
    reader = Reader(telling)
    assert with_ids(reader.follow()) == with_ids(reader.whole())
    for _ in range(6):
        there.churn(random, 8)
        telling.become(there)
        assert with_ids(reader.follow()) == with_ids(reader.whole())
    assert by_name(reader.follow()) == by_name(_as_files(there))


def test_changes_applied_to_what_was_shown_are_what_everything_shows(place: Place) -> None:
    there, random = organization(30, 8), Random(13)
    place.become(there)
    follower = Applying(Reader(place).source(), TODAY)
    follower.begin()
    for _ in range(8):
        there.churn(random, 5)
        place.become(there)
        follower.source = Reader(place).source()
        follower.follow()
        assert follower.whole == ""
        assert follower.shown.plain() == Shown.of(Reader(place).source().read(TODAY).snapshot).plain()


def test_whoever_is_asked_about_is_shown_as_everything_shows_them(place: Place) -> None:
    there, random = organization(15, 5), Random(17)
    place.become(there)
    follower = Applying(Reader(place).source(), TODAY)
    follower.begin()
    there.churn(random, 6)
    place.become(there)
    now = Reader(place).source().read(TODAY).snapshot
    keys = [*Shown.of(now).records, *follower.shown.records]
    shown = asked(Reader(place).source(), follower.memory, follower.shown.snapshot, keys)
    (records, members, doubts, _), (records_now, members_now, doubts_now, _) = (
        Shown.of(each).plain() for each in (shown, now)
    )
    assert (records, members, doubts) == (records_now, members_now, doubts_now)


def test_of_one_who_is_asked_about_what_has_not_changed_stays(place: Place) -> None:
    there = organization(12, 4)
    place.become(there)
    follower = Applying(Reader(place).source(), TODAY)
    follower.begin()
    for key in list(follower.shown.records)[:4]:
        shown = asked(Reader(place).source(), follower.memory, follower.shown.snapshot, [key])
        assert Shown.of(shown).plain() == follower.shown.plain()


def test_a_day_without_changes_teaches_nothing(telling: Place) -> None:
    telling.become(organization(12, 4))
    reader = Reader(telling)
    reader.follow()
    learned = reader.source().read(TODAY, reader.memory).learned
    assert learned is not None
    assert (learned.is_whole, dict(learned.entries), learned.reason) == (False, {}, "")


def test_whoever_is_looked_at_is_shown_as_a_whole_reading_shows_them(telling: Place) -> None:
    there = organization(12, 4)
    telling.become(there)
    reader = Reader(telling)
    reader.follow()
    before = reader.source().read(TODAY).snapshot
    joined, quitted = (there.teams[key] for key in sorted(there.teams)[:2])
    there.people["p1"].title, there.people["p1"].family = "部長", "新姓"
    joined.users.add("p1")
    quitted.users.discard("p1")
    there.people["p2"].title = "no one asked"
    telling.become(there)
    everything, mail = reader.source().read(TODAY).snapshot, there.people["p1"].mail
    one = _called(everything, mail)
    seen = asked(reader.source(), reader.memory, before, [("user", one.id)])
    assert _called(seen, mail).attributes == one.attributes
    assert _teams_of(seen, one.id) == _teams_of(everything, one.id)


def test_who_is_gone_is_gone_at_a_look(telling: Place) -> None:
    there = organization(12, 4)
    telling.become(there)
    reader = Reader(telling)
    reader.follow()
    before = reader.source().read(TODAY).snapshot
    gone = _called(before, there.people["p3"].mail)
    there.dismiss("p3")
    telling.become(there)
    assert gone.id not in {r.id for r in asked(reader.source(), reader.memory, before, [("user", gone.id)]).users}


def test_a_probe_shows_some_of_what_is_there_and_no_memberships(place: Place) -> None:
    place.become(organization(8, 3))
    shown = Reader(place).source().probe(TODAY)
    # An account of Google always has the administrator as whom it is read.
    assert counts_of(shown) == (9 if isinstance(place, Google) else 8, 3)


def test_the_key_of_a_source_is_the_same_each_time_it_is_opened(place: Place) -> None:
    place.become(organization(3, 1))
    reader = Reader(place)
    assert reader.source().key == reader.source().key


def _as_files(there: Organization) -> Directory:
    with opened("csv") as files:
        files.become(there)
        return Reader(files).whole()


def _called(snapshot: Snapshot, mail: str) -> Record:
    return next(r for r in snapshot.users if (r.attributes.get("mail") or r.attributes["email"]) in (mail, [mail]))


def _teams_of(snapshot: Snapshot, user_id: str) -> set[str]:
    return {group for group, (users, _) in snapshot.members.items() if user_id in users}
