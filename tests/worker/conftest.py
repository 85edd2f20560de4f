"""The worker is tested with a whole little world: a directory in files, and the emulator."""

from tests.e2e.conftest import cli, world

__all__ = ["cli", "world"]
