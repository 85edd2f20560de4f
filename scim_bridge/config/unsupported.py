"""What the contract describes and this version does not do yet: refused in one sentence, never half done.

Each line goes when the feature comes.
"""

from scim_bridge.config.yaml_file import KeyPath, YamlFile

_POSTGRESQL = "PostgreSQL is not available in this version; use sqlite:///FILE"


def not_yet(file: YamlFile) -> dict[KeyPath, str]:
    """Every use of something that comes later: where it stands → the sentence."""
    where: KeyPath = ("state",)
    state = file.data.get("state") if isinstance(file.data, dict) else None
    if isinstance(state, str) and state.startswith("postgresql"):
        return {where: f"{file.at(where)}: {_POSTGRESQL}."}
    return {}


def explains(later: KeyPath, where: KeyPath) -> bool:
    """Whether what is wrong at a place only follows from something of later."""
    return where[: len(later)] == later
