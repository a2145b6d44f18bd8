"""Points that met a limit on series, so that sending them again and again costs little."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.ports import SeriesLimitError

#: A limit may have been raised, or series gone, after so long.
_KEPT_S: Final = 30.0
_MOST: Final = 1 << 18


@dataclass(slots=True)
class Limited:
    """Fingerprints of points that were refused for a limit within the last half minute, and the words of the last refusal."""

    clock: Clock
    _points: set[tuple[int, int]] = field(default_factory=set)
    _message: str = ""
    _since: float = 0.0

    def begin(self) -> None:
        """To be called before each request: forgets what is over."""
        if self._points and (len(self._points) >= _MOST or self.clock.monotonic() - self._since >= _KEPT_S):
            self._points.clear()

    def clear(self) -> None:
        """Forgets all: there is room again."""
        self._points.clear()

    def check(self, at: tuple[int, int]) -> None:
        """Raises SeriesLimitError for a point that was refused already."""
        if at in self._points:
            raise SeriesLimitError(self._message, 1)

    def add(self, at: tuple[int, int], error: SeriesLimitError) -> None:
        """One more."""
        if not self._points:
            self._since = self.clock.monotonic()
        self._points.add(at)
        self._message = str(error)
