"""Who names an entry that is gone or renamed. Servers fix such references without reporting the entries they fix:
Active Directory its links, OpenLDAP by the overlay refint (slapo-refint(5)). So anyone who named it is read again.
"""

from collections.abc import Collection

from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.entry import anchor_of, read
from scim_bridge.source.ldap.layout import MANAGER, Layout
from scim_bridge.source.ldap.name import parts, split, without_bits

Name = tuple[str, ...]


def mentioning(memory: Memory, layout: Layout, guids: Collection[str] = (), names: Collection[Name] = ()) -> set[str]:
    """The ids of the entries that have one of these as member or manager. names: as name.parts gives them."""
    if not guids and not names:
        return set()
    found: set[str] = set()
    named: dict[str, bool] = {}
    kept = {MANAGER, layout.member.lower()} if not layout.joins_uid else {MANAGER}
    for key, text in memory.entries.items():
        for name, values in read(text)[1].items():
            if name.lower() not in kept:
                continue
            for value in values:
                if value not in named:
                    named[value] = _is_among(value, guids, names)
                if named[value]:
                    found.add(anchor_of(key))
    return found


def _is_among(value: str, guids: Collection[str], names: Collection[Name]) -> bool:
    guid, dn = split(value)
    return guid in guids if guid else bool(names) and parts(without_bits(dn)) in names
