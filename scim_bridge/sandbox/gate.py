"""Requests that wait for a signal, so that a test needs no hoped-for pace."""

import asyncio


class Gate:
    """Holds requests, in the order in which they came. Everything in the event loop."""

    def __init__(self) -> None:
        self._held: list[tuple[str, asyncio.Event]] = []
        self._came = asyncio.Condition()

    @property
    def held(self) -> list[str]:
        """Which requests wait: method and path."""
        return [what for what, _ in self._held]

    async def hold(self, method: str, path: str) -> None:
        """Wait until this request may go on, though its client may have gone meanwhile."""
        event = asyncio.Event()
        async with self._came:
            self._held.append((f"{method} {path}", event))
            self._came.notify_all()
        await event.wait()

    async def wait(self, count: int, seconds: float) -> bool:
        """Wait until so many requests are held. False: they were not before the time was over."""
        async with self._came:
            try:
                await asyncio.wait_for(self._came.wait_for(lambda: len(self._held) >= count), seconds)
            except TimeoutError:
                return False
        return True

    def go_on(self, count: int | None = None) -> int:
        """Let the first ones go on, None = all. How many there were."""
        going, self._held = self._held[:count], self._held[count:] if count is not None else []
        for _, event in going:
            event.set()
        return len(going)
