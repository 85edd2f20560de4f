"""A look at real directories: a page of each, how it is filled, and a mapping that fits what was seen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scim_bridge.config.settings import load
from scim_bridge.config.source import EntraSettings, SourceSettings
from scim_bridge.errors import SourceUnreadable
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.selftest import run_tests
from scim_bridge.model.identity import Record
from scim_bridge.proposal.configuration import configuration, source_section
from scim_bridge.proposal.proposal import propose_for_directory, suggested_match
from scim_bridge.proposal.survey import Profile, profile, survey
from scim_bridge.sample.organization import SUFFIX, as_graph, as_ldif
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.slapd import NotInstalled, Slapd

TODAY = "2027-03-13"
FILE = Path("mapping.yaml")


def _settings(folder: Path, kind: str, answers: dict[str, str]) -> SourceSettings:
    target = {"url": "https://scim.example/t", "token": "env:SCIM_TOKEN"}
    text = configuration("corp", source_section(kind, answers), FILE.name, target)
    return load(folder / "bridge.yaml", text).connection("corp").source


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[SourceSettings]:
    """The sample organization in a real OpenLDAP, as init would reach it."""
    pytest.importorskip("ldap", reason="python-ldap is not installed")
    try:
        with Slapd(tmp_path / "slapd", SUFFIX, as_ldif()) as server:
            (tmp_path / "password").write_text(server.password, encoding="utf-8")
            answers = {
                "ldap-url": server.url,
                "start-tls": "",
                "flavor": "openldap",
                "bind-dn": server.bind_dn,
                "password": "file:password",
                "users-base": f"ou=people,{SUFFIX}",
                "groups-base": f"ou=groups,{SUFFIX}",
                "ca-file": "",
            }
            yield _settings(tmp_path, "ldap", answers)
    except NotInstalled:
        pytest.skip("slapd is not installed")


@pytest.fixture
def entra(tmp_path: Path) -> Iterator[tuple[EntraSettings, Any]]:
    """The sample organization in the emulated Entra ID, as init would reach it, and the emulator."""
    server = pytest.importorskip("scim_bridge.sandbox.entra.server", reason="the emulator is not there yet")
    with server.EntraSandbox() as emulator:
        emulator.directory.seed(as_graph())
        (tmp_path / "secret").write_text(emulator.secret, encoding="utf-8")
        answers = {
            "tenant": emulator.tenant,
            "client": emulator.client,
            "secret": "file:secret",
            "cloud": "global",
            "cloud-login": emulator.login,
            "cloud-graph": emulator.graph,
            "ca-file": str(emulator.ca_file),
        }
        settings = _settings(tmp_path, "entra", answers)
        assert isinstance(settings, EntraSettings)
        yield settings, emulator


def test_an_openldap_directory_is_surveyed_and_gets_a_mapping_that_fits(slapd: SourceSettings) -> None:
    seen = survey(slapd, TODAY)
    rows = {(found.kind, found.name): found.rate for found in seen.profiles}
    assert (rows["user", "mail"], rows["user", "title"], rows["group", "cn"]) == (100, 17, 100)
    proposal = propose_for_directory(FILE, slapd, seen, suggested_match(seen, "mail", "mail"), today=TODAY)
    assert proposal.notes[:2] == ("46 of the 46 users seen are in scope", "8 of the 8 groups seen are in scope")
    assert all(result.passed for result in run_tests(load_mapping(FILE, proposal.mapping)))


def test_a_tenant_is_surveyed_by_two_requests_and_gets_a_mapping_that_fits(entra: tuple[EntraSettings, Any]) -> None:
    settings, emulator = entra
    seen = survey(settings, TODAY)
    assert emulator.counts.graph == 2
    rows = {(found.kind, found.name): found.rate for found in seen.profiles}
    assert (rows["user", "jobTitle"], rows["user", "employeeOrgData"]) == (17, 0)
    match = suggested_match(seen, "mail", "userPrincipalName")
    proposal = propose_for_directory(FILE, settings, seen, match, today=TODAY)
    assert proposal.notes == (
        "46 of the 46 users seen are in scope",
        "8 of the 8 groups seen are in scope",
        "45 users would be active, 1 inactive",
    )
    assert all(result.passed for result in run_tests(load_mapping(FILE, proposal.mapping)))


def test_who_has_no_run_yet_is_told_to_run_init_again(entra: tuple[EntraSettings, Any]) -> None:
    settings, emulator = entra
    emulator.fail(EntraFault("throttle", retry_after=5000))
    with pytest.raises(SourceUnreadable) as refusal:
        survey(settings, TODAY)
    assert refusal.value.way_out == "Run init again; look at the network if it lasts."


def test_files_without_anybody_are_nothing_to_propose_from(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id,login\n", encoding="utf-8")
    answers = {"users": "users.csv", "groups": "", "members": "", "encoding": "auto"}
    with pytest.raises(SourceUnreadable, match="the source shows no user, so there is nothing to propose rules from"):
        survey(_settings(tmp_path, "csv", answers), TODAY)


def _seen(*values: object) -> Profile:
    """The profile of an attribute with these values, ... for a record without it."""
    records = [Record(str(n), {} if value is ... else {"a": value}, "here") for n, value in enumerate(values)]
    return profile("user", records, ("a",))[0]


@pytest.mark.parametrize("nothing", ["", None, [], [""], {}, {"inner": ""}, {"inner": None}, ...])
def test_nothing_is_nothing_in_every_form(nothing: object) -> None:
    assert _seen(nothing, "x").filled == 1


@pytest.mark.parametrize("something", ["x", ["x"], ["", "x"], True, False, 0, {"inner": "x"}, {"a": "", "b": ["x"]}])
def test_something_is_something_in_every_form(something: object) -> None:
    assert _seen(something, "").filled == 1


def test_a_rate_is_whole_per_cent_and_full_only_if_everybody_has_a_value() -> None:
    assert _seen("a", "b", "").rate == 66
    assert _seen(*["a"] * 999, "").rate == 99
    assert _seen("a", "b").rate == 100


def test_a_key_is_another_value_for_everybody_by_its_exact_letters() -> None:
    assert _seen("a", "A").is_key
    assert not _seen("a", "a").is_key
    assert not _seen("a", "").is_key
    assert not profile("user", (), ("a",))[0].is_key
