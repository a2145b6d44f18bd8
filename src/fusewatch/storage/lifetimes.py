"""How long the samples of each metric are kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from fusewatch.storage.config import RetentionSettings
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import compile_regex
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Before every timestamp.
EVER: Final = -(1 << 62)
_NAMES: Final = 100_000


class Lifetimes:
    """The retention of each metric: that of the first pattern which its name matches as a whole, else the general one."""

    def __init__(self, settings: RetentionSettings, clock: Clock) -> None:
        self._general = settings.metrics
        self._patterns = [(compile_regex(pattern), lifetime) for pattern, lifetime in settings.per_metric.items()]
        self._clock = clock
        self.of = lru_cache(_NAMES)(self._of)

    def _of(self, metric: str) -> int:
        """Milliseconds; 0 keeps for ever."""
        return next((lifetime for pattern, lifetime in self._patterns if pattern.match(metric)), self._general)

    @property
    def is_varied(self) -> bool:
        """Whether metrics differ."""
        return bool(self._patterns)

    @property
    def all(self) -> list[int]:
        """The different lifetimes."""
        return sorted({self._general, *(lifetime for _, lifetime in self._patterns)})

    def oldest(self) -> int:
        """The first millisecond of which anything is kept; far in the past when something is kept for ever."""
        return EVER if 0 in self.all else self._clock.now_ms() - self.all[-1]

    def oldest_of(self, lifetime: int) -> int:
        """The first millisecond that is kept with this lifetime."""
        return self._clock.now_ms() - lifetime if lifetime else EVER

    def oldest_by_series(self, labels: Sequence[Labels], metrics: UInt64s) -> Int64s:
        """The first millisecond (n) int64 that is kept of each series (n); ``metrics``: the hashes of their names."""
        _, first, places = np.unique(metrics, return_index=True, return_inverse=True)
        oldest = [self.oldest_of(self.of(labels[k].metric)) for k in first.tolist()]
        return np.array(oldest, np.int64)[places]
