"""A change of the identity source as an operator goes through it: report, fixes, apply, report, switch, first sync."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from scim_bridge.access.switch.consequences import DIRECTIONS
from scim_bridge.model.switch import Direction
from scim_bridge.sandbox.fault import Fault
from tests.aws import environment_at
from tests.e2e.conftest import Cli, Said
from tests.e2e.process import held, start
from tests.e2e.world import People, World
from tests.waiting import PATIENCE

CLOUD: dict[str, Any] = {
    "accounts": {"111111111111": "production"},
    "permission_sets": [
        {"name": "Admin", "managed": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        {"name": "Reader", "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
    ],
    "assignments": [
        {"user": "A@Corp.example", "accounts": ["999999999999"], "permission_set": "Admin"},
        {"user": "boss@corp.example", "accounts": ["999999999999"], "permission_set": "Admin"},
        {"group": "dev team", "accounts": ["production"], "permission_set": "Reader"},
    ],
    "applications": [{"name": "Amazon Managed Grafana", "groups": ["dev team"]}],
}
CONFIRMED = "[break-glass, name-id, mfa]"


def made_by_hand(name: str, email: str = "") -> dict[str, Any]:
    about = {"userName": name, "displayName": name, "name": {"givenName": "Hand", "familyName": "Made"}}
    return about | ({"emails": [{"value": email, "type": "work", "primary": True}]} if email else {})


def configure(world: World, *, before: str | None = "identity-center", confirmed: str = "[]", extra: str = "") -> None:
    """As before a switch: no endpoint and no token."""
    world.configure()
    text = world.config.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.strip().startswith(("url:", "token:", "requests_per"))]
    source = f"current_source: {before}, " if before else ""
    lines[-1:-1] = [
        "    access: {region: eu-west-1, requests_per_second: 10000}",
        f"    switch: {{{source}confirmed: {confirmed}}}",
        *([extra] if extra else []),
    ]
    world.config.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def people() -> People:
    return (
        People()
        .add("a")
        .add("b", login="ben@corp.example", mail="ben.sato@corp.example")
        .add("c")
        .add("n")
        .group("g", "Dev Team", "a", "b")
        .group("h", "ops", "c")
    )


@pytest.fixture
def aws(world: World, people: People) -> Iterator[None]:
    """A directory that was filled by hand: one name in other letters, one found by email, one administrator left."""
    world.write(people)
    configure(world)
    world.sandbox.seed(
        {
            "users": [
                made_by_hand("A@Corp.example"),
                made_by_hand("satoben", "Ben.Sato@corp.example"),
                made_by_hand("c@corp.example"),
                made_by_hand("boss@corp.example"),
            ],
            "groups": [{"displayName": "dev team"}, {"displayName": "ops"}],
        }
    )
    world.sandbox.seed(CLOUD)
    with environment_at(world.sandbox.aws_url):
        yield


def report(cli: Cli, *more: str, to: str = "external") -> Said:
    return cli("switch-report", "--to", to, *more)


def finding(document: dict[str, Any], key: str) -> dict[str, Any]:
    found = [one for some in document["findings"].values() for one in some if one["key"] == key]
    assert len(found) == 1, (key, keys(document))
    one: dict[str, Any] = found[0]
    return one


def keys(document: dict[str, Any]) -> set[str]:
    return {one["key"] for some in document["findings"].values() for one in some}


def names_of(world: World, kind: str) -> dict[str, str]:
    shelf = world.sandbox.app.store.users if kind == "User" else world.sandbox.app.store.groups
    return {r.id: r.attributes["userName" if kind == "User" else "displayName"] for r in shelf.by_id.values()}


def test_a_directory_becomes_external_and_nobody_is_created_twice(
    world: World, people: People, cli: Cli, aws: None
) -> None:
    before = names_of(world, "User")
    first = report(cli, "--output", "json", "--fix-plan", str(world.folder / "fix.json"))
    assert first.code == 3
    document = first.json
    assert document["verdict"] == "after_fixes"
    assert [fix["key"] for fix in document["fixes"]] == [
        "ask_break_glass", "users_differs", "users_email", "groups_differs", "users_left_privileged", "ask_mfa",
        "ask_name_id",
    ]  # fmt: skip
    assert finding(document, "users_differs")["rows"] == [
        {"name_now": "A@Corp.example", "name_then": "a@corp.example", "differs": "case", "holds": "Admin on management"}
    ]
    assert finding(document, "users_email")["rows"][0]["name_then"] == "ben@corp.example"
    assert finding(document, "users_left_privileged")["rows"] == [
        {"name_now": "boss@corp.example", "holds": "Admin on management"}
    ]
    assert finding(document, "groups_differs")["rows"][0]["holds"] == "Reader on production, Amazon Managed Grafana"
    assert [row["record"] for row in finding(document, "users_only_source")["rows"]] == ["n@corp.example"]
    assert "3 renames in the plan" in first.err

    applied = cli("apply", str(world.folder / "fix.json"))
    assert applied.code == 0
    assert "3 renamed, 0 failed" in applied.err
    calls = world.sandbox.aws_calls
    assert calls["identitystore:UpdateUser"] + calls["identitystore:UpdateGroup"] == 3
    assert calls["identitystore:DescribeUser"] + calls["identitystore:DescribeGroup"] == 0
    store = world.sandbox.app.store
    boss = store.users.find("userName", "boss@corp.example")
    assert boss is not None
    store.cloud.forget(boss.id)
    configure(world, confirmed=CONFIRMED)
    ready = report(cli, "--full", "--output", "json")
    assert (ready.code, ready.json["verdict"], ready.json["fixes"]) == (0, "ready", [])
    assert ready.err.count("scim-bridge:") == 0

    world.configure(extra="    access: {region: eu-west-1, requests_per_second: 10000}\n")
    plan = cli("plan", "--output", "json").json
    created = [op["subject"] for op in plan["operations"] if op["kind"].startswith("create")]
    assert created == ["n@corp.example"]
    assert plan["summary"]["adopt_user"] == 3
    assert plan["summary"]["adopt_group"] == 2
    assert cli("sync").code == 0
    after = names_of(world, "User")
    assert len(after) == len(before) + 1
    assert {after[number] for number in before} == {
        "a@corp.example",
        "ben@corp.example",
        "c@corp.example",
        "boss@corp.example",
    }


def test_every_rename_has_its_way_back(world: World, cli: Cli, aws: None) -> None:
    before = names_of(world, "User"), names_of(world, "Group")
    file = world.folder / "fix.json"
    report(cli, "--fix-plan", str(file))
    assert cli("apply", str(file)).code == 0
    assert (names_of(world, "User"), names_of(world, "Group")) != before
    undo = world.folder / "fix.undo.json"
    assert undo.stat().st_mode & 0o077 == file.stat().st_mode & 0o077 == 0
    assert orjson.loads(undo.read_bytes())["is_undo"] is True
    said = cli("apply", str(undo))
    assert (said.code, "3 renamed" in said.err) == (0, True)
    assert (names_of(world, "User"), names_of(world, "Group")) == before
    journal = [orjson.loads(line) for line in (world.folder / "fix.json.journal").read_bytes().splitlines()]
    assert [line["status"] for line in journal] == ["SENT", "DONE"] * 3
    assert journal[0]["undo"] == "A@Corp.example"


def test_from_one_provider_to_another_two_that_exchanged_names_get_their_own(
    world: World, people: People, cli: Cli, aws: None
) -> None:
    configure(world, before="external")
    people.add("x", login="y@corp.example", mail="").add("y", login="x@corp.example", mail="")
    world.write(people)
    made = [made_by_hand(f"{name}@corp.example") | {"externalId": name} for name in ("x", "y")]
    world.sandbox.seed({"users": made})
    before = names_of(world, "User")
    file = world.folder / "fix.json"
    document = report(cli, "--output", "json", "--fix-plan", str(file)).json
    assert finding(document, "users_id")["values"] == {"count": 2}
    kinds = [one["kind"] for one in orjson.loads(file.read_bytes())["operations"]]
    assert kinds.count("adopt_user") == 4  # one by email, and three steps of a circle of two
    assert cli("apply", str(file)).code == 0
    held_by = {user.attributes.get("externalId"): user for user in world.sandbox.app.store.users.by_id.values()}
    assert held_by["x"].attributes["userName"] == "y@corp.example"
    assert held_by["y"].attributes["userName"] == "x@corp.example"
    assert "users_id" not in keys(report(cli, "--output", "json").json)
    assert cli("apply", str(world.folder / "fix.undo.json")).code == 0
    assert names_of(world, "User") == before


def test_cut_in_the_middle_and_run_again_it_ends_the_same(world: World, cli: Cli, aws: None) -> None:
    file = world.folder / "fix.json"
    report(cli, "--fix-plan", str(file))
    gate = Fault("hold_before", path="aws/identitystore:UpdateUser", skip=1)
    with held(world, gate, "apply", str(file)):
        pass
    assert world.sandbox.aws_calls["identitystore:UpdateGroup"] == 0
    said = cli("apply", str(file))
    assert said.code == 0
    assert set(names_of(world, "User").values()) >= {"a@corp.example", "ben@corp.example"}
    assert set(names_of(world, "Group").values()) == {"Dev Team", "ops"}
    assert "0 renamed" in cli("apply", str(file)).err


@pytest.mark.parametrize("side", ["target", "source", "policy"])
def test_a_plan_is_refused_when_either_side_has_moved(
    world: World, people: People, cli: Cli, aws: None, side: str
) -> None:
    file = world.folder / "fix.json"
    report(cli, "--fix-plan", str(file))
    before = names_of(world, "User")
    store = world.sandbox.app.store
    if side == "target":
        user = store.users.find("userName", "A@Corp.example")
        assert user is not None
        store.change("User", user, user.attributes | {"title": "Lead"})
        said = "user A@Corp.example was changed since this plan was made, so nothing was sent"
    elif side == "source":
        people.users["a"]["login"] = "aya@corp.example"
        world.write(people)
        said = "the record of user A@Corp.example asks for another name now"
    else:
        configure(world, extra='    policy: {protect: {users: ["a@*"]}}')
        said = "user A@Corp.example is protected by the policy, so nothing was sent"
    refused = cli("apply", str(file))
    assert (refused.code, said in refused.err) == (1, True), refused.err
    assert names_of(world, "User") == before
    assert world.sandbox.aws_calls["identitystore:UpdateUser"] == 0


def test_what_aws_refuses_is_named_and_the_others_go_on(world: World, cli: Cli, aws: None) -> None:
    file = world.folder / "fix.json"
    report(cli, "--fix-plan", str(file))
    world.sandbox.fail(Fault("forbidden", path="aws/identitystore:UpdateUser", left=1))
    said = cli("apply", str(file), "--output", "json")
    assert said.code == 5
    assert [one["before"] for one in said.json["failed"]] == ["A@Corp.example"]
    assert '{"Effect":"Allow","Action":"identitystore:UpdateUser","Resource":"*"}' in said.json["failed"][0]["failure"]
    assert "access policy" not in said.json["failed"][0]["failure"]
    assert len(said.json["renamed"]) == 2
    assert cli("apply", str(file)).code == 0


def test_a_user_who_changes_between_the_comparison_and_the_write_is_not_renamed(
    world: World, cli: Cli, aws: None
) -> None:
    file = world.folder / "fix.json"
    report(cli, "--fix-plan", str(file))
    world.sandbox.fail(Fault("hold_before", path="aws/identitystore:UpdateUser", left=1))
    process = start(world, "apply", str(file))
    world.sandbox.wait_held(seconds=PATIENCE)
    store = world.sandbox.app.store
    user = store.users.find("userName", "A@Corp.example")
    assert user is not None
    store.change("User", user, user.attributes | {"userName": "someone@corp.example"})
    world.sandbox.go_on()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 5, err
    assert "failed: user A@Corp.example: rename to a@corp.example (AWS refused identitystore:UpdateUser" in out
    assert "It has changed, or another one has this value." in out
    assert "2 renamed, 1 failed" in err
    assert user.attributes["userName"] == "someone@corp.example"


def test_a_rename_whose_answer_was_lost_is_done_once(world: World, cli: Cli, aws: None) -> None:
    file = world.folder / "fix.json"
    report(cli, "--fix-plan", str(file))
    world.sandbox.fail(Fault("cut_after", path="aws/identitystore:UpdateUser", left=1))
    said = cli("apply", str(file))
    assert (said.code, "3 renamed, 0 failed" in said.err) == (0, True)
    user = world.sandbox.app.store.users.find("userName", "a@corp.example")
    assert user is not None
    assert user.revision == 2


def test_nothing_but_apply_writes_to_aws(world: World, cli: Cli, aws: None) -> None:
    for to in ("external", "active-directory"):
        report(cli, to=to)
    reads = ("List", "Get", "Describe")
    assert all(call.partition(":")[2].startswith(reads) for call in world.sandbox.aws_calls)
    assert world.sandbox.counts.total == 0  # nor is the SCIM endpoint asked


def test_a_protected_administrator_is_left_on_purpose(world: World, cli: Cli, aws: None) -> None:
    configure(world, extra='    policy: {protect: {users: ["boss@*"]}}')
    document = report(cli, "--output", "json").json
    assert "users_left_privileged" not in keys(document)
    assert finding(document, "users_protected")["rows"][0]["name_now"] == "boss@corp.example"


def test_without_any_administrator_it_is_not_ready(world: World, people: People, cli: Cli, aws: None) -> None:
    del people.users["a"]
    people.members = [one for one in people.members if one[1] != "a"]
    world.write(people)
    said = report(cli, "--output", "json")
    assert (said.code, said.json["verdict"], said.json["fixes"][0]["key"]) == (1, "not_ready", "administrators_none")
    assert "scim-bridge: not ready: " in said.err


def test_what_the_first_sync_does_to_members_of_groups_with_assignments_is_named(
    world: World, people: People, cli: Cli, aws: None
) -> None:
    store = world.sandbox.app.store
    group = store.groups.find("displayName", "dev team")
    ids = {name: number for number, name in names_of(world, "User").items()}
    assert group is not None
    for name in ("A@Corp.example", "boss@corp.example", "c@corp.example"):
        store.add_member(group.id, ids[name])
    people.users["c"]["enabled"] = "false"
    world.write(people)
    document = report(cli, "--output", "json").json
    holds = "Reader on production, Amazon Managed Grafana"
    assert finding(document, "groups_leaving")["rows"] == [
        {"name_now": "dev team", "members": "boss@corp.example, c@corp.example", "holds": holds}
    ]
    assert finding(document, "groups_joining")["rows"] == [
        {"name_now": "dev team", "members": "ben@corp.example", "holds": holds}
    ]
    assert [row["name_now"] for row in finding(document, "users_ending")["rows"]] == ["c@corp.example"]
    report(cli, "--fix-plan", str(world.folder / "fix.json"))
    assert cli("apply", str(world.folder / "fix.json")).code == 0
    world.configure()
    plan = cli("plan", "--output", "json").json
    moves = {
        (op["kind"], member["name"])
        for op in plan["operations"]
        if op["subject"] == "Dev Team"
        for member in op.get("members", ())
    }
    assert moves == {
        ("remove_members", "boss@corp.example"),
        ("remove_members", "c@corp.example"),
        ("add_members", "ben@corp.example"),
    }


def test_to_active_directory_everything_is_lost_and_the_roles_are_named(world: World, cli: Cli, aws: None) -> None:
    said = report(cli, "--output", "json", to="active-directory")
    assert said.code == 3
    document = said.json
    assert [fix["key"] for fix in document["fixes"]] == [
        "ask_break_glass", "ask_assignments_saved", "users_not_restored", "copies_lost", "ask_role_references",
        "ask_portal_url",
    ]  # fmt: skip
    assert {row["arn"] for row in finding(document, "ask_role_references")["rows"]} == {
        "arn:aws:iam::999999999999:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_*",
        "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Reader_*",
    }
    assert [row["name_now"] for row in finding(document, "users_not_restored")["rows"]] == ["boss@corp.example"]
    assert finding(document, "groups_restored")["values"] == {"count": 1}
    refused = report(cli, "--fix-plan", str(world.folder / "fix.json"), to="active-directory")
    assert (refused.code, "there is nothing that a rename would fix" in refused.err) == (2, True)


def test_back_to_the_directory_asks_for_passwords(world: World, cli: Cli, aws: None) -> None:
    configure(world, before="external")
    document = report(cli, "--output", "json", to="identity-center").json
    assert {"users_kept", "passwords_kept_or_reset", "token_unused", "users_need_passwords"} <= keys(document)
    assert [fix["key"] for fix in document["fixes"]] == ["ask_break_glass", "ask_passwords"]
    assert not world.sandbox.aws_calls["identitystore:UpdateUser"]


@pytest.mark.parametrize("direction", sorted(DIRECTIONS))
def test_every_direction_is_reported_in_both_languages(world: World, cli: Cli, aws: None, direction: Direction) -> None:
    configure(world, before=direction.before)
    for language in ("en", "ja"):
        shared = world.folder / f"{language}.html"
        said = report(cli, "--output", "json", "--html", str(shared), "--language", language, to=direction.after)
        assert said.code == 3
        document = said.json
        assert (document["from"], document["to"]) == tuple(direction)
        kept = {"users_kept", "memberships_kept", "assignments_kept", "roles_stay"}
        lost = {"users_deleted", "memberships_deleted", "assignments_deleted", "roles_are_removed"}
        assert (lost if direction.is_destructive else kept) <= keys(document)
        assert not (kept if direction.is_destructive else lost) & keys(document)
        assert ("ask_role_references" in keys(document)) is direction.is_destructive
        assert ("users_exact" in keys(document)) is (direction.needs_names and not direction.is_destructive)
        assert all(fix["what"] for fix in document["fixes"])
    assert ("users_may_be_named_back" in keys(document)) is (direction == ("external", "external"))


INSTANCE = {"arn": "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6", "store": "d-9067a1b2c3"}
KEY = "arn:aws:kms:eu-west-1:999999999999:key/1"


@pytest.mark.parametrize(
    ("about", "to", "key", "code"),
    [
        ({"regions": ["us-east-1"]}, "active-directory", "regions_to_remove", 1),
        ({"regions": ["us-east-1"]}, "external", "more_regions", 3),
        ({"key": KEY}, "active-directory", "ask_key_policies", 3),
        ({"key": KEY}, "external", "own_key", 3),
        ({"issuers": ["okta"]}, "external", "issuers", 3),
    ],
)
def test_what_the_instance_is(
    world: World, cli: Cli, aws: None, about: dict[str, Any], to: str, key: str, code: int
) -> None:
    world.sandbox.seed({"instances": [INSTANCE | about]})
    said = report(cli, "--output", "json", to=to)
    assert (said.code, key in keys(said.json)) == (code, True)


def test_issuers_of_the_old_provider_are_to_be_replaced(world: World, cli: Cli, aws: None) -> None:
    configure(world, before="external")
    world.sandbox.seed({"instances": [INSTANCE | {"issuers": ["okta"]}]})
    document = report(cli, "--output", "json").json
    assert finding(document, "issuers_to_replace")["rows"] == [{"issuer": "okta"}]
    assert {"old_token_writes", "new_scim_must_match"} <= keys(document)


def test_an_account_instance_cannot_change_its_source(world: World, cli: Cli, aws: None) -> None:
    account = INSTANCE | {"owner": "111111111111", "has_permission_sets": False}
    world.sandbox.seed({"instances": [account]})
    said = report(cli, "--output", "json")
    assert (said.code, said.json["fixes"][0]["key"]) == (1, "account_instance")
    assert world.sandbox.aws_calls["identitystore:ListUsers"] == 0


def test_the_rest_of_the_organization_is_looked_at(world: World, people: People, cli: Cli, aws: None) -> None:
    people.add("p", login="plain", mail="").add("d", login="c@corp.example").group("t", "Administrator")
    world.write(people)
    groups = [f"crowd {number}" for number in range(101)]
    world.sandbox.seed({"groups": [{"displayName": name} for name in (*groups, "AWSControlTowerAdmins")]})
    world.sandbox.seed(
        {
            "accounts": {"222222222222": "delegated"},
            "delegated": "222222222222",
            "assignments": [{"group": n, "accounts": ["production"], "permission_set": "Reader"} for n in groups],
            "applications": [{"name": "Wiki", "groups": groups}],
            "attributes": {"costCenter": "${path:enterprise.costCenter}"},
            "roles": [{"user": "c@corp.example", "account": "production", "role": "arn:aws:iam::111111111111:role/Op"}],
        }
    )
    document = report(cli, "--output", "json").json
    assert {row["record"] for row in finding(document, "users_no_address")["rows"]} == {"plain"}
    assert finding(document, "users_unclear")["rows"] == [
        {"record": "c@corp.example, c@corp.example", "name_now": "c@corp.example"}
    ]
    assert finding(document, "users_duplicate")["rows"][0]["value"] == "c@corp.example"
    assert finding(document, "groups_refused")["rows"][0]["record"] == "Administrator"
    assert finding(document, "groups_control_tower")["rows"][0]["name_now"] == "AWSControlTowerAdmins"
    assert finding(document, "crowded")["rows"] == [
        {"set_or_application": "Reader", "account": "production", "count": "102"},
        {"set_or_application": "Wiki", "account": "", "count": "101"},
    ]
    assert finding(document, "delegated")["values"] == {"account": "222222222222"}
    assert finding(document, "tags")["rows"] == [{"tag": "costCenter", "attribute": "${path:enterprise.costCenter}"}]
    assert finding(document, "entitlements_kept")["values"] == {"count": 1}
    assert finding(document, "copies")["rows"] == [{"application": "Amazon Managed Grafana", "keeps": "id"}]
    assert {row["quota"]: row["count"] for row in finding(document, "quotas")["rows"]}["accounts"] == "3"


@pytest.mark.parametrize("known", ["external", "active-directory", "identity-center"])
def test_what_no_api_tells_is_guessed_and_said_so(world: World, cli: Cli, aws: None, known: str) -> None:
    configure(world, before=None)
    if known == "external":
        world.sandbox.seed({"users": [made_by_hand("x@corp.example") | {"externalId": "x"}]})
    if known == "active-directory":
        world.sandbox.seed({"memberships": False})
    document = report(cli, "--output", "json").json
    assert (document["from"], document["from_is"]) == (known, "guessed")
    assert finding(document, "source_guessed")["values"] == {"source": known}


def test_files_to_share_are_private_and_in_the_language_asked_for(world: World, cli: Cli, aws: None) -> None:
    page, marked = world.folder / "r.html", world.folder / "r.md"
    said = report(cli, "--html", str(page), "--markdown", str(marked), "--language", "ja")
    assert said.code == 3
    assert "切り替え後も入れる人" in said.out
    assert '<html lang="ja">' in page.read_text(encoding="utf-8")
    assert "# corp の ID ソースの変更" in marked.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("unauthorized", path="aws/sso:ListInstances"), "the session of these AWS credentials has expired"),
        (Fault("forbidden", path="aws/identitystore:ListUsers"), "AWS refused identitystore:ListUsers from account"),
        (Fault("forbidden", path="aws/sso:ListInstances"), '"Action":"sso:ListInstances"'),
    ],
)
def test_what_cannot_be_read_is_one_sentence(world: World, cli: Cli, aws: None, fault: Fault, said: str) -> None:
    world.sandbox.fail(fault)
    refused = report(cli)
    assert refused.code == 1
    assert said in refused.err
    assert refused.out == ""


def test_two_instances_of_which_nothing_tells_the_organizations_own_are_named(
    world: World, cli: Cli, aws: None
) -> None:
    other = {"arn": "arn:aws:sso:::instance/ssoins-0000000000000000", "store": "d-0000000000", "owner": "111111111111"}
    world.sandbox.seed({"instances": [INSTANCE, other]})
    assert report(cli).code == 3
    world.sandbox.fail(Fault("forbidden", path="aws/organizations:DescribeOrganization"))
    refused = report(cli)
    assert refused.code == 1
    assert "these AWS credentials see 2 IAM Identity Center instances" in refused.err


def test_without_credentials_it_says_where_to_give_some(cli: Cli, aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    refused = report(cli)
    assert refused.code == 1
    assert "Give AWS credentials in one of the usual places" in refused.err


@pytest.mark.parametrize(
    "action",
    [
        "sso:DescribeInstance",
        "sso:ListRegions",
        "sso:ListTrustedTokenIssuers",
        "sso:ListApplications",
        "organizations:DescribeOrganization",
        "organizations:ListAccounts",
        "organizations:ListDelegatedAdministrators",
        "account-access:ListApplications",
    ],
)
def test_what_may_be_missing_is_named_and_the_rest_is_reported(world: World, cli: Cli, aws: None, action: str) -> None:
    world.sandbox.fail(Fault("forbidden", path=f"aws/{action}"))
    document = report(cli, "--output", "json").json
    sentences = " ".join(row["what"] for row in finding(document, "not_read")["rows"])
    assert f"AWS refused {action}" in sentences
    assert f'"Action":"{action}"' in sentences
    assert "users_exact" in keys(document)


def test_throttling_is_waited_out(world: World, cli: Cli, aws: None) -> None:
    world.sandbox.fail(Fault("throttle", path="aws/identitystore:ListGroups", left=2))
    assert report(cli).code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "identity-center"), "the identity source is identity-center already, so nothing would change"),
        (("--to", "elsewhere"), "elsewhere"),
        ((), "--to"),
        (("nope", "--to", "external"), "has no connection 'nope'"),
    ],
)
def test_a_slip_is_a_sentence(cli: Cli, aws: None, arguments: tuple[str, ...], said: str) -> None:
    refused = cli("switch-report", *arguments)
    assert refused.code == 2
    assert said in refused.err


def test_without_an_endpoint_the_other_commands_say_what_is_missing(world: World, cli: Cli, aws: None) -> None:
    for command in ("plan", "sync"):
        refused = cli(command)
        assert refused.code == 2
        assert "target.url and target.token are not set, so there is no endpoint to sync to" in refused.err
    checked = cli("check")
    assert checked.code == 1
    assert "not ok  token: target.url and target.token are not set" in checked.out
    assert cli("access").code == 0


def test_a_plan_for_another_store_is_refused(world: World, cli: Cli, aws: None) -> None:
    file = Path(world.folder / "fix.json")
    report(cli, "--fix-plan", str(file))
    world.sandbox.seed({"instances": [INSTANCE | {"store": "d-0000000000"}]})
    refused = cli("apply", str(file))
    assert (refused.code, "these credentials see another one" in refused.err) == (1, True)


def test_in_shadow_no_fix_plan_is_applied(world: World, cli: Cli, aws: None) -> None:
    file = world.folder / "fix.json"
    report(cli, "--fix-plan", str(file))
    before = names_of(world, "User"), names_of(world, "Group")
    configure(world, extra="    shadow: true")
    refused = cli("apply", str(file))
    assert refused.code == 2
    assert "corp is in shadow (shadow: true), so no fix plan is applied. Nothing was written." in refused.err
    assert (names_of(world, "User"), names_of(world, "Group")) == before
