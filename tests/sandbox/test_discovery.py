"""What the endpoint tells about itself."""

from scim_bridge.sandbox.discovery import RESOURCE_TYPES
from tests.sandbox.in_process import ENTERPRISE, World


def test_it_tells_about_itself() -> None:
    world = World()
    assert world("GET", "ServiceProviderConfig")["filter"]["maxResults"] == 50
    assert world("GET", "ResourceTypes")["totalResults"] == 2
    assert world("GET", "Schemas")["totalResults"] == 3
    assert world("GET", f"Schemas/{ENTERPRISE}")["id"] == ENTERPRISE


def test_resource_types_are_described() -> None:
    assert all(one["description"] and one["meta"]["resourceType"] == "ResourceType" for one in RESOURCE_TYPES)
