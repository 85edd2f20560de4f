"""The mappings that come with scim-bridge."""

from pathlib import Path


def ready_mapping(name: str) -> Path:
    """A mapping that comes with scim-bridge: in the package once installed, at the top of a checkout."""
    installed = Path(__file__).parents[1] / "mappings" / name
    return installed if installed.exists() else Path(__file__).parents[2] / "mappings" / name
