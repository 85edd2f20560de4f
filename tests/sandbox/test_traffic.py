"""The quota, a token bucket for all requests together or for each API apart."""

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.traffic import Bucket, Quota


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
