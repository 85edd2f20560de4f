"""Values that stand for nothing: `N/A`, a dash, なし. Rules would use them as values, so `init` names them first."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping

from scim_bridge.model.identity import ACTIVE, Kind
from scim_bridge.model.wording import counted, some
from scim_bridge.proposal.profile import texts
from scim_bridge.proposal.survey import Survey

_WORDS = """- -- --- ? n/a na #n/a n.a. nil none null nan tbd unknown
    なし ナシ 無し 該当なし 不明 未定 ー ― —"""
_NOTHING = frozenset(_WORDS.split())
"""As they are compared: full width as half width, without case."""


def placeholders(survey: Survey, used: Mapping[tuple[Kind, str], list[str]]) -> Iterator[str]:
    """A sentence for each attribute with such values. used: attribute → paths whose rules read it.

    What only says who may sign in is left out: a rule that cannot read its value fails, and that is reported as it is.
    """
    for (kind, name), paths in used.items():
        if set(paths) == {ACTIVE}:
            continue
        found: dict[str, list[str]] = defaultdict(list)
        for record in survey.of(kind):
            for text in texts((record,), name):
                if unicodedata.normalize("NFKC", text).strip().casefold() in _NOTHING:
                    found[text].append(record.place)
        for text, places in found.items():
            yield (
                f"{name} is {text!r} in {counted(len(places), 'record')} ({some(places, mark='; ')}), and would be "
                f"used as it is for {', '.join(paths)}; if it means nothing, leave it empty in the source"
            )
