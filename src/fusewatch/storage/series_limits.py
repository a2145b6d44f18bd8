"""Limits of cardinality: active series in all, of a metric and of a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xxhash

from fusewatch.storage.series_kernels import UInt32s
from fusewatch.telemetry.labels import METRIC_NAME, SEPARATOR, Labels
from fusewatch.telemetry.ports import SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.samples import UInt64s

_NAME_KEY = METRIC_NAME.encode()
_JOB_KEY = b"job"


@dataclass(frozen=True, slots=True)
class SeriesLimits:
    """How many series may be active at a time: in all, of one metric, of one job. 0: any number."""

    total: int = 0
    per_metric: int = 0
    per_job: int = 0


class Groups:
    """Which group each series belongs to (its metric, or its job), and how many series each group has; group 0 is unknown."""

    def __init__(self, capacity: int) -> None:
        self._number: dict[bytes, int] = {}
        self._hashes = [0]
        self._counts = [0]
        self._of: UInt32s = np.zeros(capacity, np.uint32)

    def number(self, name: bytes) -> int:
        """The group's number, new or known."""
        number = self._number.get(name)
        if number is None:
            number = self._number[name] = len(self._counts)
            self._counts.append(0)
            self._hashes.append(xxhash.xxh3_64_intdigest(name))
        return number

    def size(self, name: bytes) -> int:
        """How many series the group has."""
        return self._counts[self._number[name]] if name in self._number else 0

    def count(self, number: int, *, more: int) -> None:
        """Counts further series of the group."""
        self._counts[number] += more

    def assign(self, first: int, numbers: Sequence[int]) -> None:
        """The groups of the series from reference ``first`` on; they are counted already."""
        self._of[first : first + len(numbers)] = numbers

    def hashes_of(self, refs: UInt32s) -> UInt64s:
        """XXH3-64 of each series' group's name."""
        return np.array([self._hashes[number] for number in self._of[refs].tolist()], np.uint64)

    def largest(self, limit: int) -> list[tuple[str, int]]:
        """The groups with most series."""
        counts = sorted(((self._counts[number], name) for name, number in self._number.items()), reverse=True)[:limit]
        return [(name.decode(errors="replace"), count) for count, name in counts if count]

    def keep(self, kept: UInt32s) -> None:
        """Only the series ``kept`` stay, and become 1, 2, …; groups without any go."""
        of = np.zeros_like(self._of)
        of[1 : len(kept) + 1] = self._of[kept]
        counts = np.bincount(of[1 : len(kept) + 1], minlength=len(self._counts))
        place = np.zeros(len(self._counts), np.uint32)
        names = [(name, number) for name, number in self._number.items() if counts[number]]
        place[[number for _, number in names]] = np.arange(1, len(names) + 1, dtype=np.uint32)
        self._number = {name: int(place[number]) for name, number in names}
        self._hashes = [0, *(self._hashes[number] for _, number in names)]
        self._counts = [0, *(int(counts[number]) for _, number in names)]
        self._of = place[of]

    def grow(self, capacity: int) -> None:
        """Makes room for so many series."""
        wider = np.zeros(capacity, np.uint32)
        wider[: len(self._of)] = self._of
        self._of = wider


@dataclass(slots=True)
class LimitCheck:
    """Looks at new series one after another; ``problem`` is the first refusal."""

    limits: SeriesLimits
    metrics: Groups
    jobs: Groups
    series: int
    problem: SamplesRejectedError | None = None
    metric_numbers: list[int] = field(default_factory=list)
    job_numbers: list[int] = field(default_factory=list)

    def admits(self, canonical: bytes) -> bool:
        """Whether this new series is taken."""
        parts = canonical.split(SEPARATOR)
        pairs = dict(zip(parts[::2], parts[1::2], strict=False))
        name, job = pairs.get(_NAME_KEY, b""), pairs.get(_JOB_KEY, b"")
        refusal = self._refusal(name, job)
        if refusal:
            reason, setting = refusal
            message = f"{reason}, new series {Labels.from_canonical(canonical)} refused ({setting})"
            self.problem = self.problem or SeriesLimitError(message, 1)
            return False
        self.series += 1
        for groups, numbers, group in ((self.metrics, self.metric_numbers, name), (self.jobs, self.job_numbers, job)):
            number = groups.number(group)
            numbers.append(number)
            groups.count(number, more=1)
        return True

    def _refusal(self, name: bytes, job: bytes) -> tuple[str, str] | None:
        """Why no series of this metric and job is taken, and the setting that says so."""
        limits = self.limits
        if limits.total and self.series >= limits.total:
            return f"the limit of {limits.total} series is reached", "storage.max_series"
        if limits.per_metric and self.metrics.size(name) >= limits.per_metric:
            text = name.decode(errors="replace")
            return f"the limit of {limits.per_metric} series of one metric is reached by {text}", "storage.max_series_per_metric"
        if limits.per_job and self.jobs.size(job) >= limits.per_job:
            text = job.decode(errors="replace")
            return f'the limit of {limits.per_job} series of one job is reached by job "{text}"', "storage.max_series_per_job"
        return None
