"""Directories watched for changes, all by one thread whatever the number of jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from watchfiles import awatch

_SETTLE_S: Final = 1.0
#: How long the watcher's thread may sleep before it looks whether it should end, ms.
_THREAD_TURN_MS: Final = 2_000


class DirectoryWatch:
    """Tells subscribers when something in their directories changed; it tells too often rather than too seldom."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, frozenset[Path]] = {}
        self._resubscribed = asyncio.Event()

    def subscribe(self, directories: Iterable[Path]) -> asyncio.Event:
        """An event that is set after each change in one of the directories."""
        event = asyncio.Event()
        self._waiting[event] = frozenset(directory.resolve() for directory in directories)
        self._resubscribed.set()
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        """Ends what :meth:`subscribe` began."""
        self._waiting.pop(event, None)
        self._resubscribed.set()

    async def run(self) -> None:
        """Watches until it is cancelled. A directory that does not exist (yet) is left to its subscriber's own interval."""
        while True:
            self._resubscribed.clear()
            directories = {path for paths in self._waiting.values() for path in paths if path.is_dir()}
            if directories:
                await self._watch(directories)
            else:
                await self._resubscribed.wait()
            await asyncio.sleep(0)

    async def _watch(self, directories: set[Path]) -> None:
        changes = awatch(
            *directories,
            recursive=False,
            stop_event=self._resubscribed,
            debounce=200,
            step=50,
            rust_timeout=_THREAD_TURN_MS,
            yield_on_timeout=True,
        )
        begun = False
        try:
            async for changed in changes:
                touched = {Path(path).parent for _, path in changed}
                for event, paths in self._waiting.items():
                    if paths & touched or not begun:  # what changed before the thread began, it did not see
                        event.set()
                begun = True
        except (FileNotFoundError, RuntimeError):  # a directory went away meanwhile
            await asyncio.sleep(_SETTLE_S)
