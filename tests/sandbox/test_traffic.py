"""The quota, a token bucket for all requests together or for each API apart."""

import orjson

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.traffic import Bucket, Quota, memberships


def test_the_quota_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = Bucket(20, now=0)
    assert [bucket.take(0.0) for _ in range(21)] == [True] * 20 + [False]
    assert [bucket.take(0.1) for _ in range(3)] == [True, True, False]


def test_each_api_has_a_bucket_of_its_own_under_the_new_quotas() -> None:
    quota = Quota(Knobs(quota="per_api"), 0)

    def passing(method: str, about: str) -> int:
        return sum(quota.take(method, about, 0) for _ in range(100))

    assert [passing("POST", "Users? {}"), passing("POST", "Groups? {}"), passing("GET", "Users?cursor ")] == [
        25,
        25,
        40,
    ]
    assert passing("GET", "Users?filter=groups.value+eq+x ") == 40, "memberships are apart"
    assert passing("PATCH", 'Groups/1? {"path":"members"}') == 25
    assert passing("PATCH", 'Groups/1? {"path":"displayName"}') == 25
    assert passing("PATCH", 'Groups/2? {"path":"displayName"}') == 0


def test_memberships_count_one_by_one_against_a_limit_of_their_own() -> None:
    quota = Quota(Knobs(quota="per_api", memberships=300), 0)
    about = 'Groups/1? {"path":"members"}'
    assert [quota.take("PATCH", about, 0, 100) for _ in range(4)] == [True, True, True, False]
    assert quota.take("PATCH", about, 0.4, 100)
    assert sum(quota.take("PATCH", about, 0.4, 0) for _ in range(100)) == 25 - 1


def test_a_request_larger_than_the_limit_passes_when_the_bucket_is_full_and_leaves_a_debt() -> None:
    bucket = Bucket(50, now=0)
    assert [bucket.take(now, 100) for now in (0, 1, 2, 2.9, 3.1)] == [True, False, True, False, False]


def test_memberships_are_those_that_a_body_names() -> None:
    member = {"value": "u"}
    assert memberships(orjson.dumps({"displayName": "g", "members": [member, member]})) == 2
    assert memberships(orjson.dumps({"Operations": [{"op": "add", "path": "members", "value": [member] * 7}]})) == 7
    assert memberships(orjson.dumps({"Operations": [{"op": "remove", "path": 'members[value eq "u"]'}]})) == 1
    assert memberships(orjson.dumps({"Operations": [{"op": "replace", "path": "displayName", "value": "h"}]})) == 0
    assert memberships(orjson.dumps(["no object"])) == 0
    assert memberships(b"{") == memberships(b"") == 0
