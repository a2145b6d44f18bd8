"""Whether an answer that was made of old samples still holds: versions that change when a sample comes late, or some are deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from fusewatch.storage.series_kernels import UInt32s
from fusewatch.storage.series_table import metric_hash
from fusewatch.telemetry.ports import LATE_MS
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Metrics that are told apart; beyond it, late samples of one change the version of all.
_MOST: Final = 100_000


class Versions:
    """Counts by metric how often samples came late. :meth:`of` may be called by any thread, all else by one at a time."""

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._all = 0
        self._late = 0
        self._by_metric = Counter[int]()
        self._clock = 0

    def note(self, received: int, timestamps: Int64s, refs: UInt32s, metrics: UInt64s) -> None:
        """Samples (n) came at ``received`` (ms): their timestamps and series; ``metrics`` has the hash of each series' metric's name."""
        if received < self._clock:
            self.change()  # the clock was set back, so nobody knows what is late
        self._clock = received
        if not len(timestamps) or timestamps.min() >= received - LATE_MS:
            return
        self._late += 1
        self._by_metric.update(np.unique(metrics[refs[timestamps < received - LATE_MS]]).tolist())
        if len(self._by_metric) > self._most:
            self.change()

    def change(self) -> None:
        """Samples of any metric may be gone."""
        self._all += 1
        self._by_metric.clear()

    def of(self, metrics: Sequence[str | None]) -> tuple[int, ...]:
        """The versions of these metrics; None: of all."""
        return self._all, *(self._late if name is None else self._by_metric[metric_hash(name.encode())] for name in metrics)
