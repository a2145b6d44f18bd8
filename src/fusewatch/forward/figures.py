"""What became of a target's samples, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from fusewatch.forward.arranging import REASONS
from fusewatch.forward.rows import LONG_AGO
from fusewatch.telemetry.samples import Int64s

#: Upper bounds of the buckets for the duration of a request.
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0, 300.0)
#: Refused after a restart, when a request is sent again whose outcome was not noted: the target has it already, as a rule.
SENT_BEFORE: Final = "sent_before"
#: Dropped unsent because the backlog was full.
BACKLOG_FULL: Final = "backlog_full"


@dataclass(slots=True)
class Tally:
    """A count of each kind."""

    samples: int = 0
    histograms: int = 0
    exemplars: int = 0
    metadata: int = 0

    def add(self, counts: Sequence[int], sign: int = 1) -> None:
        """Counts samples, histograms, exemplars and metadata."""
        samples, histograms, exemplars, metadata = counts
        self.samples += sign * samples
        self.histograms += sign * histograms
        self.exemplars += sign * exemplars
        self.metadata += sign * metadata


@dataclass(slots=True)
class Figures:
    """Since the component began, but for what it says of now: ``pending``, ``failing``, the shards and the times.

    ``pending`` is what was taken from the log and is neither delivered nor refused. ``failing`` is why the last request was not taken, ""
    when it was. Times in ms UTC: ``newest_read`` and ``newest_sent`` of samples, ``waiting_since`` of the receipt of the oldest sample that
    waits, None while none does.
    """

    sent: Tally = field(default_factory=Tally)
    failed: Tally = field(default_factory=Tally)
    retried: Tally = field(default_factory=Tally)
    pending: Tally = field(default_factory=Tally)
    dropped: dict[str, Tally] = field(default_factory=lambda: {reason: Tally() for reason in (*REASONS, SENT_BEFORE, BACKLOG_FULL)})
    bytes: int = 0
    metadata_bytes: int = 0
    shards: int = 0
    newest_read: int = LONG_AGO
    newest_sent: int = LONG_AGO
    waiting_since: int | None = None
    failing: str = ""
    failing_since: int | None = None
    durations: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    seconds: float = 0.0

    def took(self, seconds: float) -> None:
        """Notes the duration of a request."""
        self.durations[int(np.searchsorted(SECONDS, seconds))] += 1
        self.seconds += seconds

    def count_dropped(self, dropped: Int64s) -> None:
        """Counts what an arrangement leaves behind (:class:`fusewatch.forward.arranging.Arranged`)."""
        for reason, counts in zip(REASONS, dropped.tolist(), strict=False):
            self.dropped[reason].add((*counts, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatistics:
    """One target now. ``url`` without its password; ``min_shards`` and the like as configured."""

    name: str
    url: str
    figures: Figures
    lost: int
    shard_capacity: int
    min_shards: int
    max_shards: int
    per_request: int
