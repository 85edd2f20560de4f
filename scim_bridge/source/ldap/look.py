"""Looking at single records again, by their ids (`plan --only`)."""

from collections.abc import Sequence

from ldap.filter import escape_filter_chars

from scim_bridge.model.identity import Kind
from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.entry import anchor_of, key, keys_of, read
from scim_bridge.source.ldap.layout import ID, Layout, Selection
from scim_bridge.source.ldap.value import guid_filter
from scim_bridge.source.ldap.whole import Reader


def look_again(
    reader: Reader, layout: Layout, memory: Memory, wanted: Sequence[tuple[Kind, str]]
) -> dict[str, str | None]:
    """Key → text of these records as they are now, None for those of which the server says there is none."""
    changed: dict[str, str | None] = {}
    for kind, record_id in wanted:
        selection = layout.of(kind)
        if selection is None:
            continue
        known = _keys_with(layout, selection, memory, record_id)
        changed |= dict.fromkeys(known)
        changed |= reader.fitting(selection, _condition(layout, selection, record_id, known))
    return changed


def _is_by_anchor(layout: Layout, selection: Selection) -> bool:
    """Whether the mapping's id is the one by which entries are remembered."""
    return selection.id.lower() in (ID, layout.anchor.lower())


def _keys_with(layout: Layout, selection: Selection, memory: Memory, record_id: str) -> list[str]:
    """The remembered entries whose record has this id."""
    if _is_by_anchor(layout, selection):
        return [name for name in (key(selection.kind, record_id),) if name in memory.entries]
    names = {selection.id.lower()}
    known = layout.schema.find(selection.id)
    names |= {name.lower() for name in known.names} if known is not None else set()
    return [
        entry
        for entry in keys_of(memory.entries, selection.kind)
        if any(
            values == [record_id] for name, values in read(memory.entries[entry])[1].items() if name.lower() in names
        )
    ]


def _condition(layout: Layout, selection: Selection, record_id: str, known: Sequence[str]) -> str:
    """A filter for the record: by its anchor where that is known, and by its id."""
    anchors = {anchor_of(entry) for entry in known}
    by_id = f"({selection.id}={escape_filter_chars(record_id)})"
    if _is_by_anchor(layout, selection):
        anchors, by_id = {record_id}, ""
    return f"(|{''.join(guid_filter(layout.anchor, a, is_binary=layout.is_ad) for a in sorted(anchors))}{by_id})"
