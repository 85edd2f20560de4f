"""Nothing is passed on whose license is not known, or does not permit it."""

from email.message import Message

import pytest

from tests.supply.licenses import LIST, brought, is_allowed, license_of, listed, problem


def _about(**said: str) -> Message:
    about = Message()
    for name, value in said.items():
        about[name.replace("_", "-")] = value
    return about


def test_everything_that_a_release_brings_may_be_passed_on() -> None:
    packages = list(brought())
    assert len(packages) > 60
    assert [said for said in (problem(name, about) for name, about in packages) if said] == []


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (_about(License_Expression="GPL-3.0-only"), "new: GPL-3.0-only is not in ALLOWED"),
        (_about(License_Expression="MIT AND AGPL-3.0-or-later"), "new: MIT AND AGPL-3.0-or-later is not in ALLOWED"),
        (_about(License_Expression="GPL-2.0-only WITH Classpath-exception-2.0"), "is not in ALLOWED"),
        (_about(License="Proprietary, ask us"), "new: its license is not clear. Read its license file"),
        (_about(Classifier="License :: OSI Approved :: BSD License"), "new: its license is not clear"),
        (_about(License_Expression="LicenseRef-Ours"), "new: LicenseRef-Ours is not in ALLOWED"),
        (_about(), "new: its license is not clear"),
        (_about(License_Expression="GPL-2.0-only OR MIT"), ""),
        (_about(License="Apache 2.0"), ""),
        (_about(Classifier="License :: OSI Approved :: MIT License"), ""),
    ],
)
def test_a_license_that_is_not_known_or_not_permitted_is_refused(about: Message, said: str) -> None:
    assert said in problem("new", about)  # type: ignore[arg-type]  # the metadata of a package are such a message
    assert bool(said) == (not is_allowed(license_of("new", about)))  # type: ignore[arg-type]


def test_the_list_in_the_manual_is_the_one_of_today() -> None:
    """If not: python -m tests.supply.licenses."""
    assert LIST.read_text(encoding="utf-8") == listed()
