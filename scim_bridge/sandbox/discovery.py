"""ServiceProviderConfig, Schemas and ResourceTypes, as AWS prints them (docs/identity-center.md §2.14, §2.15)."""

from typing import Any

from scim_bridge.sandbox.schema import ENTERPRISE, ENTERPRISE_STRINGS, GROUP, LISTS, NAME, STRINGS, USER

_LIST = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
_GUIDE = "https://docs.aws.amazon.com/singlesignon/latest/userguide/"

SERVICE_PROVIDER_CONFIG: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "documentationUri": f"{_GUIDE}manage-your-identity-source-idp.html",
    "authenticationSchemes": [
        {
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "Authentication scheme using the OAuth Bearer Token Standard",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "documentationUri": f"{_GUIDE}provision-automatically.html",
            "primary": True,
        }
    ],
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 1, "maxPayloadSize": 1_048_576},
    "filter": {"supported": True, "maxResults": 50},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
}


def _attribute(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "multiValued": False,
        "description": name,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    } | more


def _parts(names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [_attribute(name, "boolean" if name == "primary" else "string") for name in names]


SCHEMAS: dict[str, dict[str, Any]] = {
    USER: {
        "id": USER,
        "name": "User",
        "description": "User Account",
        "attributes": [
            _attribute("userName", required=True, uniqueness="server"),
            _attribute("name", "complex", required=True, subAttributes=_parts(NAME)),
            *(_attribute(name, required=name == "displayName") for name in STRINGS),
            _attribute("active", "boolean"),
            *(
                _attribute(name, "complex", multiValued=True, subAttributes=_parts(parts))
                for name, parts in LISTS.items()
            ),
        ],
    },
    GROUP: {
        "id": GROUP,
        "name": "Group",
        "description": "Group",
        "attributes": [
            _attribute("displayName", required=True, uniqueness="server"),
            _attribute("members", "complex", multiValued=True, subAttributes=_parts(("value", "type", "$ref"))),
        ],
    },
    ENTERPRISE: {
        "id": ENTERPRISE,
        "name": "EnterpriseUser",
        "description": "Enterprise User",
        "attributes": [
            *_parts(ENTERPRISE_STRINGS),
            _attribute("manager", "complex", subAttributes=_parts(("value", "$ref"))),
        ],
    },
}


def _resource_type(name: str, description: str, **more: Any) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name,
        "name": name,
        "description": description,
        "endpoint": f"/{name}s",
        # The printed location is not an address either (docs/identity-center.md §2.15).
        "meta": {"resourceType": "ResourceType", "location": f"<endpoint>/ResourceTypes/{name}"},
    } | more


RESOURCE_TYPES: list[dict[str, Any]] = [
    _resource_type("User", "User Account", schema=USER, schemaExtensions=[{"schema": ENTERPRISE, "required": True}]),
    _resource_type("Group", "Group", schema=GROUP),
]


def find(parts: list[str]) -> dict[str, Any] | None:
    """The document at this path, None if there is none."""
    if parts == ["ServiceProviderConfig"]:
        return SERVICE_PROVIDER_CONFIG
    if parts == ["ResourceTypes"]:
        return _list(RESOURCE_TYPES)
    if parts == ["Schemas"]:
        return _list(list(SCHEMAS.values()))
    return SCHEMAS.get(parts[1]) if parts[:1] == ["Schemas"] and len(parts) == 2 else None


def _list(resources: list[dict[str, Any]]) -> dict[str, Any]:
    count = len(resources)
    return {"schemas": _LIST, "totalResults": count, "itemsPerPage": count, "startIndex": 1, "Resources": resources}
