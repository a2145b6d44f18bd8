"""A bar for work that lasts, on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from typing import Final, TypeVar

from fusewatch.storage.backup.progress import Progress, Snapshot

T = TypeVar("T")

_LOOK_S: Final = 0.2


class Bar:
    """Shows a :class:`Snapshot` again and again until it is closed."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - takes 100 ms, and only some commands need it
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn  # noqa: PLC0415
        from rich.progress import Progress as RichProgress  # noqa: PLC0415

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
        console = Console(file=sys.stderr)
        self._bar = RichProgress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("starting", total=None)
        self._phase = ""
        self._bar.start()

    def show(self, now: Snapshot) -> None:
        """Draws it."""
        if now.phase != self._phase:
            self._phase = now.phase
            self._bar.reset(self._task, description=now.phase, total=now.total_bytes or None)
        self._bar.update(self._task, completed=now.bytes)

    def close(self) -> None:
        """Removes the bar."""
        self._bar.stop()


def with_bar(work: Callable[[Progress], T]) -> T:
    """What ``work`` returns, with a bar while it lasts; Ctrl-C asks it to stop."""
    progress, bar = Progress(), Bar()
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(work, progress)
        try:
            while True:
                bar.show(progress.snapshot)
                try:
                    return doing.result(_LOOK_S)
                except NotYetError:
                    if doing.done():
                        raise
        except KeyboardInterrupt:
            progress.stop()
            raise
        finally:
            bar.close()
