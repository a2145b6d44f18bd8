"""When a target is scraped: at its own offset of every interval, the same after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import xxhash

_MOST_TOLERANCE_MS: Final = 20


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times (ms UTC) that are ``offset`` after a multiple of ``interval``."""

    interval: int
    offset: int

    @classmethod
    def spread(cls, interval: int, key: bytes) -> Schedule:
        """An offset drawn from the target's key, so that the targets of a job share the interval evenly."""
        return cls(interval, xxhash.xxh3_64_intdigest(key) % interval)

    def after(self, now: int, last: int = 0) -> int:
        """The next time after ``now``; never sooner than half an interval after ``last``, for a wait may end a moment early."""
        due = now - (now - self.offset) % self.interval + self.interval
        return due + self.interval if 0 <= due - last < self.interval // 2 else due

    def timestamp(self, due: int, now: int) -> int:
        """``due`` where the scrape began close to it: regular timestamps compress ten times better; else ``now``."""
        return due if abs(now - due) <= min(_MOST_TOLERANCE_MS, self.interval // 100) else now
