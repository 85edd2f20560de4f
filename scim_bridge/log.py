"""Where the log goes and how much of it: the same in the process that a person starts and in those that it starts."""

import logging
import os
import sys


def log_to_stderr() -> None:
    """From SCIM_BRIDGE_LOG (a level's name; warnings and errors unless it says otherwise) on, to stderr."""
    level = os.environ.get("SCIM_BRIDGE_LOG", "warning").upper()
    known = level if level in logging.getLevelNamesMapping() else logging.WARNING
    logging.basicConfig(level=known, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
