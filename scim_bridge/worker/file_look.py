"""Looks at the files of sources between two runs: a change that has settled makes the connection due."""

from collections.abc import Collection, Iterator, Mapping

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.source import fingerprint_of
from scim_bridge.state.schedule import Planned


class FileLook:
    """What this worker saw of the files at its last look. A source without files is passed over."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._found: dict[str, str] = {}

    def changed(
        self, connections: Collection[ConnectionSettings], planned: Mapping[str, Planned]
    ) -> Iterator[ConnectionSettings]:
        """Those whose files hold something else than at the last run, the same at two looks, and not found before.

        A file that is still being written would otherwise start a run that refuses it. Each content is found once: a
        worker whose copy of a file is older than that of another worker must not go on to start runs about it.
        """
        before, self._seen = self._seen, {}
        for connection in connections:
            name, row = connection.name, planned.get(connection.name)
            seen = self._seen[name] = fingerprint_of(connection.source)
            # In shadow a run straight after a change would find what the other program has not come to yet, each time.
            if not seen or seen != before.get(name) or connection.shadow or row is None or row.worker:
                continue
            if seen not in (row.run_with, self._found.get(name)):
                self._found[name] = seen
                yield connection
