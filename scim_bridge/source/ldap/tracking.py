"""Which way of learning of changes serves here: what the server offers, and what this account may use."""

from scim_bridge.model.source import Memory
from scim_bridge.source.ldap import dirsync, syncrepl, usn
from scim_bridge.source.ldap.change import Changes, Lost, Tracker, Untracked, position
from scim_bridge.source.ldap.layout import Layout
from scim_bridge.source.ldap.session import Session
from scim_bridge.source.ldap.whole import Reader

_WAYS = {syncrepl.KIND: "content synchronization (syncrepl)", dirsync.KIND: "DirSync", usn.KIND: "uSNChanged"}


def started(session: Session, layout: Layout, reader: Reader) -> str:
    """The watermark of now, by the first way that serves. Raises Untracked if none does."""
    if layout.unreported:
        raise Untracked(f"mapping or filter use {layout.unreported}, whose changes no server reports")
    if not layout.is_ad:
        return syncrepl.Syncrepl(session, layout, reader).start()
    try:
        return dirsync.DirSync(session, layout, reader).start()
    except Untracked:
        return usn.Usn(session, layout, reader).start()


def way(session: Session, layout: Layout, reader: Reader) -> str:
    """How changes are learned of here, for people."""
    try:
        kind = position(started(session, layout, reader))["kind"]
    except Untracked as untracked:
        return read_each_time(str(untracked))
    return f"changes by {_WAYS[kind]}"


def read_each_time(why: str) -> str:
    """What is done where changes are not to be had."""
    return f"everything is read each time, because {why}"


def resumed(session: Session, layout: Layout, reader: Reader, memory: Memory) -> Changes:
    """What has changed since the memory. Raises Lost."""
    ways: dict[str, Tracker] = {syncrepl.KIND: syncrepl.Syncrepl(session, layout, reader)}
    if layout.is_ad:
        ways = {
            dirsync.KIND: dirsync.DirSync(session, layout, reader),
            usn.KIND: usn.Usn(session, layout, reader),
        }
    kind = position(memory.watermark)["kind"]
    if kind not in ways:
        raise Lost("" if kind == "none" else "what is remembered is of another kind of server")
    try:
        return ways[kind].changes(memory)
    except Untracked as untracked:
        raise Lost(str(untracked)) from None
