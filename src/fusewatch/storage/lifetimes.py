"""How long the samples of each metric are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from fusewatch.storage.config import RetentionSettings
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import compile_regex
from fusewatch.telemetry.rollups import FIVE_MINUTES, ONE_HOUR
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Before every timestamp.
EVER: Final = -(1 << 62)
_NAMES: Final = 100_000


class Lifetimes:
    """The retention of each metric: that of the first pattern which its name matches as a whole, else the general one.

    Roll-ups of metrics that no pattern matches are kept for as long as their resolution is, which may be longer than their samples.
    """

    def __init__(self, settings: RetentionSettings, clock: Clock) -> None:
        self._general = settings.metrics
        self._patterns = [(compile_regex(pattern), lifetime) for pattern, lifetime in settings.per_metric.items()]
        self._rollups = {FIVE_MINUTES: settings.rollups_5m, ONE_HOUR: settings.rollups_1h}
        self._clock = clock
        self.of = lru_cache(_NAMES)(self._of)

    def _of(self, metric: str) -> int:
        """Milliseconds; 0 keeps for ever."""
        own = self.own(metric)
        return self._general if own is None else own

    def own(self, metric: str) -> int | None:
        """The lifetime of the pattern that a metric matches, None without one."""
        return next((lifetime for pattern, lifetime in self._patterns if pattern.match(metric)), None)

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

    def oldest_rolled(self, resolution: int) -> int:
        """The first millisecond of which roll-ups in this resolution (ms) are kept."""
        return self.oldest_of(self._rollups[resolution])

    def horizon(self) -> int:
        """The first millisecond of which anything is kept, sample or roll-up."""
        return min(self.oldest(), self.horizon_of_general())

    def oldest_of(self, lifetime: int) -> int:
        """The first millisecond that is kept with this lifetime."""
        return self._clock.now_ms() - lifetime if lifetime else EVER

    def oldest_by_series(self, labels: Sequence[Labels], metrics: UInt64s) -> Int64s:
        """The first millisecond (n) int64 of which samples of each series (n) are kept; ``metrics``: the hashes of their names."""
        return _by_metric(lambda name: self.oldest_of(self.of(name)), labels, metrics)

    def horizon_by_series(self, labels: Sequence[Labels], metrics: UInt64s) -> Int64s:
        """The same for samples or roll-ups."""
        general = self.horizon_of_general()
        return _by_metric(lambda name: general if (own := self.own(name)) is None else self.oldest_of(own), labels, metrics)

    def horizon_of_general(self) -> int:
        """The first millisecond of which samples or roll-ups are kept of metrics that no pattern matches."""
        return min(self.oldest_of(self._general), *map(self.oldest_rolled, self._rollups))


def _by_metric(oldest: Callable[[str], int], labels: Sequence[Labels], metrics: UInt64s) -> Int64s:
    """What ``oldest`` says of the metric of each series (n) int64."""
    _, first, places = np.unique(metrics, return_index=True, return_inverse=True)
    return np.array([oldest(labels[k].metric) for k in first.tolist()], np.int64)[places]
