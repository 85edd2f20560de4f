"""The first step to access that is missing is named, with whom it concerns."""

from scim_bridge.access.order import first_missing
from scim_bridge.sandbox.server import Sandbox
from tests.access.conftest import Reader, person
from tests.access.test_reading import CLOUD, PEOPLE


def test_the_steps_are_walked_in_their_order(sandbox: Sandbox, read: Reader) -> None:
    def missing() -> tuple[str, tuple[str, ...]]:
        found = first_missing(read())
        assert found is not None
        return found.step, found.problems

    assert missing() == (
        "② permission sets",
        ("there is no permission set, so nothing says what people may do in an account",),
    )
    sandbox.seed({"permission_sets": CLOUD["permission_sets"], "accounts": CLOUD["accounts"]})
    assert missing() == ("② permission sets", ("2 permission sets are assigned to no account: Admin, Power",))
    gone = [
        {"user": "somebody-gone", "accounts": ["one"], "permission_set": "Admin"},
        {"user": "somebody-gone", "accounts": ["one"], "permission_set": "Power"},
    ]
    sandbox.seed({"assignments": gone})
    assert missing()[0] == "③ users and groups"
    sandbox.seed(PEOPLE)
    step, problems = missing()
    assert step == "④ assignments"
    assert problems[0] == "2 groups have no assignment: dev, idle"
    assert problems[1].startswith("2 users have no way into any account, because no assignment names them")
    assert problems[1].endswith("ann@corp.example, ben@corp.example")
    sandbox.seed({"users": [person("dan")], "assignments": CLOUD["assignments"]})
    everyone = [{"group": "idle", "accounts": ["one"], "permission_set": "Admin"}]
    sandbox.seed(
        {"assignments": [*everyone, {"user": "dan@corp.example", "accounts": ["one"], "permission_set": "Admin"}]}
    )
    sandbox.seed({"applications": [{"name": "Hidden", "visibility": "DISABLED"}]})
    assert missing() == ("⑤ portal", ("1 application has no tile in the portal: Hidden",))
    sandbox.app.store.cloud.applications.clear()
    assert first_missing(read()) is None
