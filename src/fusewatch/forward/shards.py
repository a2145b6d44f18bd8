"""How many requests are under way at a time: more while the target is the slow part of a growing backlog, fewer when it is not."""

from __future__ import annotations

from typing import Final

#: Shards that were not needed for so long are given up.
_CALM_S: Final = 30.0
#: The target is the slow part where waiting for it takes this share of the time.
_SLOW: Final = 0.5


class Shards:
    """Doubles while loads are full and mostly wait for the target, halves after a calm time; from ``least`` to ``most``."""

    def __init__(self, least: int, most: int) -> None:
        self.count = least
        self._least = least
        self._most = most
        self._calm_since: float | None = None

    def note(self, now_s: float, *, full: bool, waited_s: float, cycle_s: float) -> None:
        """What was seen of a load: whether the log had more than it holds, and how long of its cycle the target was waited for."""
        if full:
            self._calm_since = None
            if waited_s > _SLOW * cycle_s:
                self.count = min(2 * self.count, self._most)
        elif self._calm_since is None:
            self._calm_since = now_s
        elif now_s - self._calm_since >= _CALM_S:
            self.count = max(self.count // 2, self._least)
            self._calm_since = now_s
