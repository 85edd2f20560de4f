"""What a server says about itself: its root DSE and its schema, read with everything else and remembered with it.

A run in between asks for one value: when the schema was last changed. Servers publish it so that clients can keep what
they have read (RFC 4512 §4.4). At another time or on another server both are read again. A server that does not publish
it (Samba) counts as unchanged until everything is read.
"""

from dataclasses import dataclass

from scim_bridge.config.source import Flavor
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.memory import is_tracked, read, write
from scim_bridge.source.ldap.schema import Schema, from_texts, parse, to_texts
from scim_bridge.source.ldap.session import Root, Session, first
from scim_bridge.source.ldap.value import text

ENTRY = "server"
"""The key under which it is remembered, beside those of entries."""
_CHANGED = "modifyTimestamp"
_LINES, _URL = "attributeTypes", "url"


@dataclass(frozen=True, slots=True)
class Server:
    """What a server is: its flavor and its schema. remembered: the same as text, "" where nothing is remembered."""

    flavor: Flavor
    schema: Schema
    remembered: str = ""


def meet(session: Session, memory: Memory | None) -> Server:
    """The server of a session: as remembered, if that is still so; else as it says now. Raises SourceUnreadable."""
    before = memory.entries.get(ENTRY) if memory is not None and is_tracked(memory.watermark) else None
    if before is not None and (schema := _recalled(session, before)) is not None:
        return Server(session.flavor, schema, before)
    where = first(session.root, "subschemasubentry")
    published = _published(session, where, (_LINES, _CHANGED))
    schema = _schema(session, where, published)
    about = {name: list(map(text, values)) for name, values in session.root.items()}
    lines = {_URL: [session.url], _CHANGED: _time(published), _LINES: to_texts(schema)}
    return Server(session.flavor, schema, write(where, {**about, **lines}))


def _recalled(session: Session, before: str) -> Schema | None:
    """The remembered schema, if this server says that it has not changed; the session then knows the root DSE too."""
    where, about = read(before)
    told = about.pop(_LINES), about.pop(_CHANGED), about.pop(_URL)
    if told[2] != [session.url]:
        return None
    root: Root = {name: [value.encode("utf-8", "surrogateescape") for value in about[name]] for name in about}
    session.recall(root)
    if told[1] != _time(_published(session, where, (_CHANGED,))):
        session.recall(None)
        return None
    return from_texts(told[0])


def _published(session: Session, where: str, names: tuple[str, ...]) -> Root:
    """These attributes of the entry in which the server publishes its schema, under names in small letters."""
    found = session.entry(where, names, "the schema") if where else None
    return {name.lower(): values for name, values in found[1].items()} if found is not None else {}


def _time(published: Root) -> list[str]:
    """When the schema was last changed, in the server's own form."""
    return list(map(text, published.get(_CHANGED.lower(), ())))


def _schema(session: Session, where: str, published: Root) -> Schema:
    definitions = published.get(_LINES.lower())
    if not definitions:
        raise SourceUnreadable(
            f"{session.url} does not show its schema, so what its attributes hold is unknown",
            f"Let this account read {where or 'the subschema subentry'}.",
        )
    return parse(definitions)
