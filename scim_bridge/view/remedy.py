"""The remedy of a conflict in the reader's language. The state has it in English, filled in; so it is read back."""

import re
from functools import cache

from scim_bridge.model.conflict_kind import CONFLICT_KINDS
from scim_bridge.view.translation import _


def remedy_said(kind: str, recorded: str, key: str) -> str:
    """What a person can do. recorded: as the run wrote it; it is shown as it is where it is not of this version."""
    row = CONFLICT_KINDS.get(kind)
    if row is None or not row.remedy:
        return recorded
    found = _pattern(row.remedy).fullmatch(recorded.replace(f"resolve {key}", "resolve KEY"))
    if found is None:
        return recorded
    said = _(row.remedy)
    for name, value in found.groupdict().items():
        said = said.replace(f"{{{name}}}", _(value))
    return said.replace("KEY", key)


@cache
def _pattern(remedy: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", remedy)
    return re.compile("".join(re.escape(p) if n % 2 == 0 else f"(?P<{p}>.*?)" for n, p in enumerate(parts)), re.DOTALL)
