"""Directories watched for changes, all by one thread whatever the number of jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from watchfiles import awatch

_PAUSE_S: Final = 10.0
#: How often the watcher looks whether it should watch other directories, ms.
_TURN_MS: Final = 2_000

_log = structlog.stdlib.get_logger(component="discovery")


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
        """Watches until it is cancelled. A directory that does not exist yet is watched soon after it does."""
        while True:
            self._resubscribed.clear()
            directories = self._existing()
            if directories:
                await self._watch(directories)
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if directories else _TURN_MS / 1000):
                    await self._resubscribed.wait()

    def _existing(self) -> set[Path]:
        return {path for paths in self._waiting.values() for path in paths if path.is_dir()}

    async def _watch(self, directories: set[Path]) -> None:
        """Watches until other directories are to be watched."""
        changes = awatch(
            *directories,
            recursive=False,
            stop_event=self._resubscribed,
            debounce=200,
            step=50,
            rust_timeout=_TURN_MS,
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
                if self._existing() != directories:
                    return
        except (OSError, RuntimeError) as error:  # a directory went away, or the machine watches too much already
            _log.warning("directories can't be watched; targets are read at their refresh interval", reason=str(error))
            await asyncio.sleep(_PAUSE_S)
