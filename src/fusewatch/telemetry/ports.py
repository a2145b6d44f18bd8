"""The small protocols by which rooms are handed to each other, and what they raise.

StorageError
├── OverloadedError       the bounded queue is full: try again after a while (503 and Retry-After)
├── ReadOnlyError         the disk is full or the folder can't be written (507)
├── SamplesRejectedError  some samples of a batch were refused, the rest is stored (400)
├── SeriesLimitError      a limit on active series refused new series, the rest is stored (429)
└── LimitExceededError    a read would pass a limit: samples, series, memory or time (422 or 503)
    └── CancelledReadError  the reader went away
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from fusewatch.telemetry.events import Event
from fusewatch.telemetry.exemplars import Exemplar
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.rollups import Windows
from fusewatch.telemetry.samples import SampleBatch, SeriesSet

#: A sample that comes so long after its own time is late (ms).
LATE_MS: Final = 60_000
#: So long after a moment (ms) all has come for it that is not late, requests on their way included.
SETTLED_MS: Final = 90_000


class StorageError(Exception):
    """The store could not do what was asked. ``reason`` is the class under which refused samples are counted."""

    reason = Refusal.FAILED


class OverloadedError(StorageError):
    """The queue in front of the store is full; nothing of the batch was taken."""

    reason = Refusal.OVERLOADED

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ReadOnlyError(StorageError):
    """The store takes no writes for now (disk full, folder read-only); nothing of the batch was taken."""

    reason = Refusal.READ_ONLY


class SamplesRejectedError(StorageError):
    """Some samples can't be stored; all others of the batch are. The message names the first bad one."""

    reason = Refusal.INVALID

    def __init__(self, message: str, rejected: int) -> None:
        super().__init__(message)
        self.rejected = rejected


class SeriesLimitError(SamplesRejectedError):
    """New series beyond a limit were refused; all others of the batch are stored."""

    reason = Refusal.SERIES_LIMIT


class LimitExceededError(StorageError):
    """A read would pass its limit."""


class CancelledReadError(LimitExceededError):
    """The reader asked to stop, or its time was over."""


class Budget:
    """What one query may use, shared by its parts; thread-safe.

    ``max_samples`` bounds the samples that were read and are held; ``deadline`` is a ``time.monotonic()`` value. :meth:`cancel` makes the
    next check fail.
    """

    def __init__(self, *, max_samples: int = 50_000_000, max_series: int = 1_000_000, deadline: float = float("inf")) -> None:
        self.max_samples = max_samples
        self.max_series = max_series
        self.deadline = deadline
        self.samples = 0
        self._lock = threading.Lock()
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Makes whatever runs under this budget stop at its next check."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether the query should stop."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raises CancelledReadError when the query was cancelled or its time is over."""
        if self._cancelled.is_set():
            message = "query was canceled"
            raise CancelledReadError(message)
        if time.monotonic() > self.deadline:
            message = "query timed out"
            raise CancelledReadError(message)

    def take(self, samples: int) -> None:
        """Counts samples that were read.

        Raises:
            LimitExceededError: that is more than the query may load.
        """
        with self._lock:
            self.samples += samples
        if self.samples > self.max_samples:
            message = "query processing would load too many samples into memory in query execution"
            raise LimitExceededError(message)

    def give_back(self, samples: int) -> None:
        """Counts samples no longer that are not held any more."""
        with self._lock:
            self.samples -= samples

    @contextmanager
    def narrowed(self, samples: int) -> Iterator[None]:
        """Inside, at most so many samples more than now; what was taken when that was exceeded is not held."""
        limit, before = self.max_samples, self.samples
        self.max_samples = min(limit, before + samples)
        try:
            yield
        except LimitExceededError:
            self.samples = before
            raise
        finally:
            self.max_samples = limit


class SampleSink(Protocol):
    """Where samples go."""

    async def write(self, batch: SampleBatch) -> None:
        """Returns once the batch is in the log (acknowledged: a crash loses nothing of it).

        Raises:
            OverloadedError, ReadOnlyError: nothing was taken.
            SamplesRejectedError: all but the named samples were taken.
        """
        ...


class MetadataSink(Protocol):
    """Where types, helps and units go."""

    async def write_metadata(self, entries: Sequence[MetricMetadata]) -> None:
        """Stores what is new or changed; cheap to call with what is known already."""
        ...


class EventSink(Protocol):
    """Where events go."""

    async def write_event(self, event: Event) -> None:
        """Returns once the event is in the log."""
        ...


class SeriesReader(Protocol):
    """The metrics store as queries see it. Every method blocks and is called from a worker thread."""

    def fetch(self, matchers: Sequence[Matcher], start: int, end: int, budget: Budget, windows: Sequence[Windows] = ()) -> SeriesSet:
        """The samples of all matching series with ``start <= timestamp <= end`` (ms), series in ascending order of their canonical labels.

        Series without a sample in the range are left out. Staleness markers are included. ``windows`` says all that they will be used
        for; then roll-ups may stand in for samples (:attr:`SeriesSet.rolled`): where every window is made of whole ones, and where
        samples are no longer kept.

        Raises:
            LimitExceededError: more samples or series than the budget allows, cancelled, or out of time.
        """
        ...

    def versions(self, metrics: Sequence[str | None]) -> Hashable:
        """What differs once samples of these metrics (None: of any) came later than LATE_MS after their time, or were deleted."""
        ...

    def series(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[Labels]:
        """The label sets of the series that match any selector and were seen between ``start`` and ``end``; at most ``limit`` (0: all)."""
        ...

    def label_names(self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        """The label names of those series, sorted; no selector means every series."""
        ...

    def label_values(self, name: str, selectors: Sequence[Sequence[Matcher]], start: int, end: int, limit: int) -> list[str]:
        """The values that the label takes in those series, sorted."""
        ...

    def metadata(self, metric: str | None, limit: int) -> list[MetricMetadata]:
        """What is known of one metric, or of at most ``limit`` metrics (0: all)."""
        ...

    def exemplars(
        self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, budget: Budget
    ) -> list[tuple[Labels, list[Exemplar]]]:
        """The exemplars from ``start`` to ``end`` (ms) of the series that match any selector, in order of time.

        Series without any are left out.

        Raises:
            LimitExceededError: more than the budget allows.
        """
        ...


class EventReader(Protocol):
    """The events as pages see them; blocks."""

    def events(self, start: int, end: int, kinds: Sequence[str] = (), limit: int = 1000) -> list[Event]:
        """Events that overlap ``start`` to ``end`` (ms), the newest first; of any kind when ``kinds`` is empty."""
        ...
