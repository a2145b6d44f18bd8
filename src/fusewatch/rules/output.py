"""What rules write: samples under new names, and staleness markers where a series has none any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import STALE_NAN, HistogramRows, SampleBatch


@dataclass(slots=True)
class Output:
    """Samples of one rule at one moment ``timestamp`` (ms UTC), by their series."""

    timestamp: int
    numbers: dict[Labels, float] = field(default_factory=dict)
    histograms: dict[Labels, Histogram] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers) + len(self.histograms)


class SeriesKept:
    """The series that a rule wrote last time, of which those that are missing now are marked as over."""

    def __init__(self) -> None:
        self.last: frozenset[Labels] = frozenset()

    def marked(self, output: Output) -> Output:
        """The output with a marker for each series that it lacks."""
        now = frozenset((*output.numbers, *output.histograms))
        over = dict.fromkeys(self.last - now, STALE_NAN)
        return Output(output.timestamp, {**output.numbers, **over}, output.histograms)

    def wrote(self, output: Output) -> None:
        """The output, without markers, is in the store."""
        self.last = frozenset((*output.numbers, *output.histograms))


def batch_of(outputs: Sequence[Output], named: Iterable[Labels]) -> SampleBatch:
    """All of them as one batch; ``named`` are series that the store knows already."""
    known = named if isinstance(named, set | frozenset) else frozenset(named)
    ids: list[int] = []
    times: list[int] = []
    values: list[float] = []
    rows: list[tuple[int, int, bytes]] = []
    series: dict[int, Labels] = {}
    for output in outputs:
        ids += [labels.id for labels in output.numbers]
        values += output.numbers.values()
        times += [output.timestamp] * len(output.numbers)
        rows += [(labels.id, output.timestamp, histogram.encode()) for labels, histogram in output.histograms.items()]
        series.update((labels.id, labels) for labels in (*output.numbers, *output.histograms) if labels not in known)
    return SampleBatch(np.array(ids, np.uint64), np.array(times, np.int64), np.array(values, np.float64), series, HistogramRows.of(rows))
