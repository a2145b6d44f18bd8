"""Segments of the log that are done with and wait to be written over.

Their blocks on disk are there and written, so a sync of what goes over them writes the data alone. In a file that grows, each sync also
waits for the file system's own log: 3 to 5 ms instead of 1 on the machine that the figures in docs/performance.md come from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: About as many as wait for ClickHouse under steady load.
_MOST: Final = 4
_SUFFIX: Final = ".spare"


class SpareSegments:
    """Keeps a few of them in the log's folder, none where nothing is synced (``sync``)."""

    def __init__(self, folder: Path, *, sync: bool) -> None:
        self._folder = folder
        self._most = _MOST if sync else 0
        for path in self._found()[self._most :]:
            path.unlink(missing_ok=True)

    def put(self, path: Path) -> None:
        """Takes over a segment that nobody needs any more; one that is gone already is nothing."""
        try:
            if len(self._found()) < self._most:
                path.rename(self._folder / f"{path.stem}{_SUFFIX}")
            else:
                path.unlink()
        except FileNotFoundError:
            pass

    def oldest(self) -> Path | None:
        """One to write over, which is to be renamed then."""
        return next(iter(self._found()), None)

    def _found(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"))
