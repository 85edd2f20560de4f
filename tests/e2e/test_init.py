"""`init`: from a few options, or a few answers on a terminal, to files that pass `check` and plan what is meant."""

import re
from pathlib import Path

import pytest

from scim_bridge.sample.organization import SUFFIX, as_graph, as_ldif
from scim_bridge.sandbox.entra.server import EntraSandbox
from scim_bridge.sandbox.slapd import NotInstalled, Slapd
from tests.e2e.conftest import Cli, Said
from tests.e2e.world import World, at_rest, organization

PERSONNEL = """\
社員番号,氏名,メールアドレス,部署,役職,有効,退職日
0101,佐藤 花子,Hanako@corp.example,開発部,部長,有効,
0102,伊藤 健,ken@corp.example,営業部,,無効,
0103,髙橋 陸,riku@corp.example,営業部,,有効,2020/4/1
"""


@pytest.fixture
def begin(world: World, cli: Cli) -> Cli:
    """Runs `init` in a folder without a configuration, with the emulator as the target; nothing is asked."""
    world.config.unlink()
    target = ("--url", world.sandbox.url, "--token", world.sandbox.token)

    def init(*arguments: str) -> Said:
        return cli("init", *target, *arguments)

    return init


def _users(world: World, text: str, name: str = "users.csv", encoding: str = "utf-8") -> None:
    """A file of users that was written some time ago."""
    path = world.folder / name
    path.write_text(text, encoding=encoding)
    at_rest(path)


def _mapping(world: World) -> Path:
    return world.folder / "mapping.yaml"


def test_what_is_written_passes_check_and_its_own_tests_and_syncs_the_directory(
    world: World, cli: Cli, begin: Cli
) -> None:
    people = organization(12, 4)
    world.write(people)
    said = begin("--yes")
    assert said.code == 0, said.err
    assert "- 12 of the 12 users seen are in scope.\n- 4 of the 4 groups seen are in scope.\n" in said.out
    assert {check["ok"] for check in cli("check", "--output", "json").json} == {True}
    assert cli("mapping", "test", str(_mapping(world))).code == 0
    assert cli("plan", "--output", "json").json["summary"]["create_user"] == 12
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_without_the_token_all_but_the_endpoint_can_be_checked(world: World, cli: Cli, begin: Cli) -> None:
    world.write(organization(3, 1))
    real = ("--url", "https://scim.eu-west-1.amazonaws.com/3f1c9a40/scim/v2", "--token", "env:NO_SUCH_TOKEN")
    assert begin(*real).code == 0
    checks = cli("check", "--output", "json").json
    assert {check["name"] for check in checks if not check["ok"]} == {"token", "endpoint"}


def test_japanese_headers_are_guessed_and_cp932_is_read_where_it_is_declared(
    world: World, cli: Cli, begin: Cli
) -> None:
    _users(world, PERSONNEL, encoding="cp932")
    refused = begin()
    assert refused.code == 2
    assert refused.err.startswith("scim-bridge: users.csv, line 1: byte 0 is not UTF-8.")
    assert refused.err.endswith("declare `encoding: cp932` (init: --encoding cp932).\n")
    assert not world.config.exists()

    assert begin("--encoding", "cp932").code == 0
    assert "encoding: cp932" in world.config.read_text(encoding="utf-8")
    assert cli("check").code == 0
    assert cli("sync").code == 0
    held = world.held()["users"]
    assert {key: user["active"] for key, user in held.items()} == {"0101": True, "0102": False, "0103": False}
    assert held["0101"]["userName"] == "hanako@corp.example"
    assert held["0101"]["name"] == {"givenName": "花子", "familyName": "佐藤"}
    assert held["0101"]["title"] == "部長"


def test_the_attributes_are_listed_with_how_they_are_filled_and_what_they_are_for(world: World, begin: Cli) -> None:
    _users(world, PERSONNEL)
    told = begin("--output", "json").json
    rows = {row["attribute"]: (row["filled"], row["distinct"], row["used_for"]) for row in told["attributes"]}
    assert rows["社員番号"] == (100, 3, "id")
    assert rows["メールアドレス"] == (100, 3, "scope, userName, displayName, emails")
    assert rows["役職"] == (33, 1, "title")
    assert rows["退職日"] == (33, 1, "active")
    assert told["files"] == [str(world.config), str(_mapping(world))]


def test_files_that_are_there_stay_unless_force_is_given(world: World, begin: Cli) -> None:
    world.write(organization(3, 1))
    for path in (world.config, _mapping(world)):
        path.write_text("mine", encoding="utf-8")
        said = begin()
        assert said.code == 2
        assert f"{path.name} already exists. Name another file" in said.err
        assert path.read_text(encoding="utf-8") == "mine"
        assert begin("--force").code == 0
        world.config.unlink()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--source", "ldpa"), "--source: write csv, ldap, entra, google."),
        (("--url", "https://scim.example/<tenant>"), "--url: put your own tenant id in the place of <…>."),
        (("--url", "http://scim.example/t"), "--url: plain http is allowed to loopback only"),
        (("--url", "https://scim.example/t"), "--token: write env:NAME or file:PATH, never the token itself."),
        (("--encoding", "cp9999"), "--encoding: 'cp9999' is not a text encoding. Write auto, utf-8, cp932 …"),
        (("--groups", "-"), "--members needs groups. Name the groups file too."),
        (("--id", "lgin"), "--id: there is no column 'lgin' (did you mean login?)"),
        (("--login", "nobody"), "--login: there is no column 'nobody'"),
        (("--match", "phone"), "--match: users are matched by userName or emails, not by phone."),
        (("--name", "a/b"), "--name: 'a/b' cannot name a connection. Use letters, digits, - and _."),
        (("--mapping", "bridge.yaml"), "the mapping cannot be the configuration. Name another file (--mapping)."),
        (("--users", "gone.csv"), "--users: gone.csv: there is no such file"),
        (("--groups", "gone.csv"), "--groups: gone.csv: there is no such file"),
        (("--members", "gone.csv"), "--members: gone.csv: there is no such file"),
        (("--users", "{date}.csv"), "--users: there is no complete export: no date has all of "),
        (("--source", "ldap"), "--ldap-url is missing, and there is no terminal to ask on."),
        (("--source", "ldap", "--ldap-url", "ldaps://a b"), "--ldap-url: write ldaps://HOST (or ldap://HOST, ldapi://"),
        (("--source", "entra"), "--tenant is missing, and there is no terminal to ask on."),
        (
            ("--source", "ldap", "--ldap-url", "ldap://dc1.corp.example", "--bind-dn", "cn=b", "--users-base", "dc=c"),
            "ldap:// would send the password and all names in the clear. Give --start-tls, or write ldaps://.",
        ),
        (
            ("--source", "ldap", "--ldap-url", "ldap://[::1]", "--bind-dn", "cn=b", "--password", "file:gone"),
            "cannot be read (No such file or directory). Put the password there.",
        ),
        (
            ("--source", "entra", "--tenant", "t", "--client", "c"),
            "--secret: the environment variable ENTRA_SECRET is not set. Set it to the password: export ENTRA_SECRET=…",
        ),
    ],
)
def test_a_wrong_answer_is_told_by_its_name_and_nothing_is_written(
    world: World, begin: Cli, arguments: tuple[str, ...], sentence: str
) -> None:
    world.write(organization(3, 1))
    members = ("--members", "members.csv") if arguments[:2] == ("--groups", "-") else ()
    said = begin(*arguments, *members)
    assert said.code in (1, 2)
    assert sentence in said.err
    assert not world.config.exists()
    assert not _mapping(world).exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--cloud-login", "https://login.example"), "--cloud-graph is missing, and there is no terminal to ask on."),
        (("--cloud-graph", "https://graph.example"), "--cloud-graph: this goes with a cloud of its own addresses."),
        (("--ca-file", "ca.pem"), "--ca-file: this goes with a cloud of its own addresses. Give --cloud-login too."),
        (("--cloud", "china", "--cloud-login", "https://x.example"), "leave out --cloud."),
        (("--cloud-login", "http://x.example"), "--cloud-login: write https://HOST, without a path."),
    ],
)
def test_a_cloud_is_given_by_name_or_by_all_its_addresses(
    world: World, begin: Cli, arguments: tuple[str, ...], sentence: str
) -> None:
    (world.folder / "secret").write_text("s", encoding="utf-8")
    said = begin("--source", "entra", "--tenant", "t", "--client", "c", "--secret", "file:secret", *arguments)
    assert said.code == 2
    assert sentence.casefold() in said.err.casefold()


def test_the_emulated_entra_id_is_reached_proposed_and_planned(world: World, cli: Cli, begin: Cli) -> None:
    with EntraSandbox() as entra:
        entra.directory.seed(as_graph())
        (world.folder / "secret").write_text(entra.secret, encoding="utf-8")
        who = ("--tenant", entra.tenant, "--client", entra.client, "--secret", "file:secret")
        where = ("--cloud-login", entra.login, "--cloud-graph", entra.graph, "--ca-file", str(entra.ca_file))
        said = begin("--source", "entra", *who, *where)
        assert said.code == 0, said.err
        assert cli("check").code == 0
        assert cli("plan", "--output", "json").json["summary"]["create_user"] == 46


def test_columns_of_memberships_are_found_by_what_they_hold(world: World, cli: Cli, begin: Cli) -> None:
    people = organization(6, 2)
    world.write(people)
    members = "".join(f"x,{group},{member},{kind}\n" for group, member, kind in people.members)
    _users(world, f"何か,甲,乙,種別\n{members}", name="members.csv")
    said = begin()
    assert said.code == 0, said.err
    assert "members: {file: members.csv, group: 甲, member: 乙, type: 種別}" in world.config.read_text("utf-8")
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_columns_of_memberships_that_name_nobody_known_must_be_named(world: World, begin: Cli) -> None:
    world.write(organization(3, 1))
    _users(world, "甲,乙\nx0,y0\n", name="members.csv")
    said = begin()
    assert said.code == 2
    assert said.err == (
        "scim-bridge: members.csv, line 1: no column names the groups that are in the other files; there are: 甲, 乙. "
        "Name it with --group-column, or, if the file lists one group only, add a column that names it.\n"
    )
    said = begin("--group-column", "甲", "--member-column", "丙")
    assert "--member-column: there is no column '丙'; there are: 甲, 乙." in said.err.replace(". There", "; there")
    assert begin("--group-column", "甲", "--member-column", "乙").code == 0
    assert "members: {file: members.csv, group: 甲, member: 乙}" in world.config.read_text("utf-8")


LISTED = """\
id,login,name,Projects,MemberOf
0012,a@corp.example,Ann Lee,"Red, big;Blue",Microsoft.ActiveDirectory.Management.ADPropertyValueCollection
0013,b@corp.example,Bob Ito,Blue,Microsoft.ActiveDirectory.Management.ADPropertyValueCollection
"""


def test_a_column_of_lists_is_taken_when_it_is_named_and_what_nobody_joined_is_no_list(
    world: World, cli: Cli, begin: Cli
) -> None:
    _users(world, LISTED)
    said = begin("--groups", "from-users", "--list-column", "Projects")
    assert said.code == 0, said.err
    assert "MemberOf holds 'Microsoft.ActiveDirectory.Management.ADPropertyValueCollection', the name of" in said.out
    text = world.config.read_text(encoding="utf-8")
    assert "groups: from-users" in text
    assert 'members: {users: Projects, separator: ";"}' in text
    assert cli("sync").code == 0
    assert {name for name, _ in world.held()["groups"].values()} == {"Red, big", "Blue"}


def test_groups_from_users_need_a_column_of_lists(world: World, begin: Cli) -> None:
    _users(world, LISTED)
    said = begin("--groups", "from-users")
    assert said.code == 2
    assert "--groups from-users: no column of users lists their groups" in said.err
    said = begin("--list-column", "Project")
    assert "--list-column: there is no column 'Project' (did you mean Projects?)" in said.err


def test_nobody_is_given_groups_who_wants_none(world: World, begin: Cli) -> None:
    _users(world, "id,login,Groups\n1,a@corp.example,Dev\n")
    assert begin("--groups", "-").code == 0
    assert "groups" not in world.config.read_text(encoding="utf-8").split("mapping:")[0]


def test_that_nothing_tells_who_has_left_is_the_first_finding_and_the_first_line(world: World, begin: Cli) -> None:
    _users(world, "id,login,State of the art\n1,N/A,x\n2,b@corp.example,x\n")
    said = begin("--output", "json")
    alarm = (
        "no column was found that says who has left. Every user in the file would be active, and no user who has left "
        "would be deactivated"
    )
    assert said.json["notes"][0] == alarm
    text = _mapping(world).read_text(encoding="utf-8")
    assert text.startswith("# WARNING: no column was found that says who has left.")
    assert begin("--force").out.split("\n- ")[1] == f"{alarm}."


def test_what_a_spreadsheet_destroyed_is_said(world: World, begin: Cli) -> None:
    _users(world, 'id,login,title,boss\n1.23457E+11,a@corp.example,"=""0012""",\n0013,b@corp.example,#REF!,\n')
    _users(world, "id,name\ng1,Dev\n", name="groups.csv")
    _users(world, "group_id,member_id\ng1,13\ng1,1.23457E+11\n", name="members.csv")
    said = begin().out
    assert "- id is '1.23457E+11' in users.csv, line 2: this is a number that a spreadsheet has rounded" in said
    assert "- title is '=\"0012\"' in users.csv, line 2: this is a formula and not its value" in said
    assert "- title is '#REF!' in users.csv, line 3: this is what a spreadsheet shows where there is no value" in said
    assert "- 1 membership would fit if ids had the same zeros at their beginning ('13' where the users have " in said


@pytest.mark.parametrize("file", ["users.csv", "groups.csv", "members.csv"])
def test_a_broken_file_is_named_and_no_option_is_blamed(world: World, begin: Cli, file: str) -> None:
    world.write(organization(3, 1))
    path = world.folder / file
    path.write_text("Report of March\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    at_rest(path)
    said = begin()
    assert said.code in (1, 2)
    assert f"{file}, line " in said.err
    assert "--encoding" not in said.err.split("init: --encoding")[0]


def test_utf_8_that_happens_to_read_as_cp932_is_told_to_be_utf_8(world: World, begin: Cli) -> None:
    _users(world, "id,login,部署\n1,a@corp.example,営業部\n")
    said = begin("--encoding", "cp932")
    assert "--encoding: users.csv is valid UTF-8, so it is hardly cp932. Write auto." in said.err
    assert not world.config.exists()


def test_without_a_terminal_what_is_missing_is_named(world: World, cli: Cli) -> None:
    world.config.unlink()
    world.write(organization(3, 1))
    said = cli("init")
    assert (said.code, said.out) == (2, "")
    assert (
        said.err == "scim-bridge: --url is missing, and there is no terminal to ask on. "
        "Give it, or run init on a terminal.\n"
    )


def test_a_file_without_a_column_for_the_sign_in_name_needs_it_named(world: World, cli: Cli, begin: Cli) -> None:
    _users(world, "社員番号,内線\n1,1001\n2,1002\n")
    said = begin("--yes")
    assert said.code == 2
    assert said.err == (
        "scim-bridge: no column looks like a sign-in name; there are: 社員番号, 内線. Name it with --login.\n"
    )
    assert begin("--login", "内線").code == 0
    assert cli("check").code == 0


def test_what_would_wait_for_a_person_is_said_beforehand(world: World, begin: Cli) -> None:
    people = organization(4, 2)
    people.users["u1"] |= {"enabled": "maybe"}
    people.users["u3"] |= {"login": "u2@corp.example"}
    people.members.append(("g0", "nobody", "user"))
    world.write(people)
    said = begin()
    assert "- the rule for active failed: 'maybe' is neither a yes nor a no (1 record would wait: " in said.out
    assert (
        "- userName 'u2@corp.example' is claimed by several users: u2@corp.example (users.csv, line 4) and " in said.out
    )
    assert "1 membership names no user or group by the id chosen, such as: members.csv, line " in said.out


def test_as_many_would_wait_as_the_first_plan_holds_and_each_is_named(world: World, cli: Cli, begin: Cli) -> None:
    people = organization(6, 2)
    people.users["u0"] |= {"family": ""}
    people.users["u1"] |= {"login": "with a space"}
    people.users["u2"] |= {"title": "x" * 1025}
    people.users["u3"] |= {"login": "u4@corp.example"}
    people.groups["g1"] = "Administrator"
    world.write(people)
    said = begin()
    assert "- 5 of them would wait for a decision (`plan` counts them as held)." in said.out
    assert "- name.familyName is required and is empty (1 record would wait: users.csv, line 2)." in said.out
    assert "- userName 'with a space' has a character the target refuses" in said.out
    assert "(1 record would go on without it: users.csv, line 4)." in said.out
    assert "- displayName 'Administrator' is a name that AWS reserves (1 record would wait: " in said.out
    assert cli("plan", "--output", "json").json["summary"]["held"] == 5


def test_values_that_stand_for_nothing_are_warned_of(world: World, begin: Cli) -> None:
    _users(world, "id,name,mail,job\n1,A B,N/A,Ｎ／Ａ\n2,B C,-,なし\n3,Na Ko,na@corp.example,Nana\n")
    said = begin()
    assert (
        "- mail is 'N/A' in 1 record (users.csv, line 2), and would be used as it is for scope, userName, "
        "displayName, emails; if it means nothing, leave it empty in the source."
    ) in said.out
    assert "- mail is '-' in 1 record (users.csv, line 3)" in said.out
    assert "- job is 'なし' in 1 record (users.csv, line 3)" in said.out
    assert said.out.count("if it means nothing") == 4


def test_a_manager_column_that_holds_names_gets_no_rule(world: World, begin: Cli) -> None:
    people = organization(4, 1)
    for user in people.users.values():
        user["manager"] = "佐藤 花子"
    world.write(people)
    said = begin()
    assert "- manager holds no ids (0 of 4 values belong to a user id), so there is no rule" in said.out
    assert "enterprise.manager" not in _mapping(world).read_text(encoding="utf-8")


def test_an_address_as_the_id_is_warned_of(world: World, begin: Cli) -> None:
    _users(world, "email,name\na@corp.example,A B\nb@corp.example,B C\n")
    assert "- no column looks like an id, so email is it: a user who changes it will be taken for" in begin().out


def test_a_source_without_anybody_is_refused(world: World, begin: Cli) -> None:
    _users(world, "id,login\n")
    said = begin()
    assert said.code == 1
    assert "the source shows no user" in said.err
    assert not world.config.exists()


def test_dated_exports_and_a_mapping_in_a_folder_of_its_own(world: World, cli: Cli, begin: Cli) -> None:
    world.write(organization(3, 1))
    (world.folder / "users.csv").rename(world.folder / "users-2027-03-13.csv")
    arguments = ("--users", "users-{date}.csv", "--groups", "-", "--members", "-", "--mapping", "rules/corp.yaml")
    assert begin(*arguments).code == 0
    assert cli("check").code == 0
    assert "scim-bridge mapping test rules/corp.yaml" in (world.folder / "rules" / "corp.yaml").read_text("utf-8")


def test_the_help_groups_the_options_by_the_kind_of_source(cli: Cli) -> None:
    said = cli("init", "--help").out
    titles = [line for line in said.splitlines() if re.fullmatch(r"[A-Z].*:", line)]
    assert titles == [
        "Options:",
        "Identity Center:",
        "CSV files:",
        "LDAP (OpenLDAP, Active Directory):",
        "Entra ID:",
        "Google Workspace:",
    ]
    assert "--tenant" in said.split("Entra ID:")[1]
    assert "--from" in said.split("Google Workspace:")[1]


@pytest.mark.parametrize(
    ("first", "delimiter"), [("#TYPE Microsoft.ActiveDirectory.Management.ADUser", ","), ("sep=;", ";")]
)
def test_a_line_that_a_program_wrote_above_the_header_is_passed_over(
    world: World, cli: Cli, begin: Cli, first: str, delimiter: str
) -> None:
    rows = "id,login,given,family,mail,enabled\n" + "".join(
        f"{n},p{n}@corp.example,Ann,Lee,p{n}@corp.example,true\n" for n in range(1, 5)
    )
    _users(world, f"{first}\n{rows.replace(',', delimiter)}")
    said = begin("--users", "users.csv")
    assert said.code == 0, said.err
    assert cli("check").code == 0
    assert cli("plan", "--output", "json").json["summary"]["create_user"] == 4
    assert cli("sync").code == 0
    assert len(world.sandbox.state()["users"]) == 4


def test_an_openldap_directory_is_proposed_and_planned(world: World, cli: Cli, begin: Cli) -> None:
    pytest.importorskip("ldap", reason="python-ldap is not installed")
    try:
        slapd = Slapd(world.folder / "slapd", SUFFIX, as_ldif())
    except NotInstalled:
        pytest.skip("slapd is not installed")
    with slapd:
        (world.folder / "password").write_text(slapd.password, encoding="utf-8")
        bases = ("--users-base", f"ou=people,{SUFFIX}", "--groups-base", f"ou=groups,{SUFFIX}")
        sign_in = ("--bind-dn", slapd.bind_dn, "--password", "file:password")
        said = begin("--source", "ldap", "--ldap-url", slapd.url, *sign_in, *bases)
        assert said.code == 0, said.err
        assert cli("check").code == 0
        # of several addresses the first in alphabetical order is taken, whatever the server's order: no one shares one
        assert cli("plan", "--output", "json").json["summary"]["create_user"] == 46
        assert slapd.password not in world.config.read_text(encoding="utf-8") + said.out + said.err
