"""Limits of cardinality: active series in all, of a metric and of a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xxhash

from fusewatch.storage.series_columns import locate
from fusewatch.storage.series_kernels import UInt32s
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.ports import SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.samples import UInt64s

_NAME_KEY: Final = np.frombuffer(METRIC_NAME.encode(), np.uint8)
_JOB_KEY: Final = np.frombuffer(b"job", np.uint8)


@dataclass(frozen=True, slots=True)
class SeriesLimits:
    """How many series may be active at a time: in all, of one metric, of one job. 0: any number."""

    total: int = 0
    per_metric: int = 0
    per_job: int = 0

    @property
    def any(self) -> bool:
        """Whether there is a limit."""
        return bool(self.total or self.per_metric or self.per_job)


class Groups:
    """Which group each series belongs to (its metric, or its job), and how many series each group has; group 0 is unknown."""

    def __init__(self, capacity: int) -> None:
        self._number: dict[bytes, int] = {}
        self._hashes = [0]
        self._counts = [0]
        self._of: UInt32s = np.zeros(capacity, np.uint32)

    def enter(self, name: bytes) -> int:
        """The number of the group, new or known, which has one series more now."""
        number = self._number.get(name)
        if number is None:
            number = self._number[name] = len(self._counts)
            self._counts.append(1)
            self._hashes.append(xxhash.xxh3_64_intdigest(name))
        else:
            self._counts[number] += 1
        return number

    def size(self, name: bytes) -> int:
        """How many series the group has."""
        number = self._number.get(name)
        return 0 if number is None else self._counts[number]

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


class LimitCheck:
    """Looks at new series; ``problem`` is the first refusal, the numbers are the groups of those that were admitted."""

    def __init__(self, limits: SeriesLimits, metrics: Groups, jobs: Groups, series: int) -> None:
        self.problem: SamplesRejectedError | None = None
        self.metric_numbers: list[int] = []
        self.job_numbers: list[int] = []
        self._limits = limits
        self._metrics, self._jobs = metrics, jobs
        self._series = series

    def admit(self, canonical: Sequence[bytes]) -> list[bool]:
        """Which of these new series (each once) are taken."""
        blob = np.frombuffer(b"".join(canonical), np.uint8)
        offsets, spans = np.zeros(len(canonical) + 1, np.int64), np.empty((len(canonical), 4), np.int64)
        np.cumsum([len(one) for one in canonical], out=offsets[1:])
        locate(offsets, blob, _NAME_KEY, _JOB_KEY, spans)
        places = (spans - offsets[:-1, None]).tolist()
        return [self._admits(text, text[at:end], text[start:stop]) for text, (at, end, start, stop) in zip(canonical, places, strict=True)]

    def _admits(self, canonical: bytes, name: bytes, job: bytes) -> bool:
        if self._limits.any and (refusal := self._refusal(name, job)):
            if self.problem is None:
                reason, setting = refusal
                message = f"{reason}, new series {Labels.from_canonical(canonical)} refused ({setting})"
                self.problem = SeriesLimitError(message, 1)
            return False
        self._series += 1
        self.metric_numbers.append(self._metrics.enter(name))
        self.job_numbers.append(self._jobs.enter(job))
        return True

    def _refusal(self, name: bytes, job: bytes) -> tuple[str, str] | None:
        """Why no series of this metric and job is taken, and the setting that says so."""
        limits = self._limits
        if limits.total and self._series >= limits.total:
            return f"the limit of {limits.total} series is reached", "storage.max_series"
        if limits.per_metric and self._metrics.size(name) >= limits.per_metric:
            text = name.decode(errors="replace")
            return f"the limit of {limits.per_metric} series of one metric is reached by {text}", "storage.max_series_per_metric"
        if limits.per_job and self._jobs.size(job) >= limits.per_job:
            text = job.decode(errors="replace")
            return f'the limit of {limits.per_job} series of one job is reached by job "{text}"', "storage.max_series_per_job"
        return None
