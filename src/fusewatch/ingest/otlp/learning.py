"""What a walk did not know, made known: label sets, their references, blocks and places in the delta state."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fusewatch.ingest.otlp.blocks import Blocks
from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.ingest.otlp.labelling import Labelling
from fusewatch.ingest.otlp.limited import Limited
from fusewatch.telemetry.known_series import KnownSeries
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.otlp.columns import (
    HIGH,
    KIND,
    LOW,
    METRIC,
    METRIC_END,
    METRIC_START,
    MISS_OF,
    POINT_END,
    POINT_START,
    RESOURCE,
    RESOURCE_END,
    RESOURCE_START,
    SCOPE_END,
    SCOPE_START,
    TEMPORALITY,
)
from fusewatch.telemetry.otlp.emit import DELTA
from fusewatch.telemetry.otlp.points import EXPONENTIAL, GAUGE, HISTOGRAM, START_TIME, SUM, TIME
from fusewatch.telemetry.ports import SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.protobuf import fields

_MASK = (1 << 64) - 1
_MS = 1_000_000


@dataclass(slots=True)
class Learning:
    """Learns the misses of one request.

    ``refused`` are the points, by where they begin, that can't be stored, ``problem`` the first reason; ``metadata`` is new, ``described``
    the blocks of its metrics; ``zeros`` are (reference, time in ms) of zero samples where delta series begin.
    """

    labelling: Labelling
    settings: OtlpSettings
    series: KnownSeries
    blocks: Blocks
    state: DeltaState
    limited: Limited
    refused: set[int] = field(default_factory=set)
    problem: SamplesRejectedError | None = None
    metadata: dict[MetricMetadata, None] = field(default_factory=dict)
    described: list[int] = field(default_factory=list)
    zeros: list[tuple[int, int]] = field(default_factory=list)
    _singles: set[tuple[int, int]] = field(default_factory=set)

    def learn(self, data: bytes, misses: list[list[int]]) -> bool:
        """Makes known what can be; whether there was anything that is not refused already."""
        fresh = [miss for miss in misses if miss[MISS_OF] in {METRIC, RESOURCE} or miss[POINT_START] not in self.refused]
        begun: list[tuple[int, int, int]] = []
        for miss in fresh:
            try:
                self._learn(data, miss, begun)
            except (SamplesRejectedError, ValueError) as error:
                self._refuse(miss, error)
        self.zeros += [(ref, start) for ref, slot, start in begun if self.state.is_new(slot)]
        return bool(fresh)

    def _learn(self, data: bytes, miss: list[int], begun: list[tuple[int, int, int]]) -> None:
        low, high = miss[LOW] & _MASK, miss[HIGH] & _MASK
        block = self.blocks.find(low, high)
        if miss[MISS_OF] == METRIC:
            self._describe(block or self.blocks.add(low, high, ()), miss)
        elif miss[MISS_OF] == RESOURCE:
            if not block:
                labels = self.labelling.target_info(_bounds(miss, RESOURCE_START, RESOURCE_END))
                self.blocks.add(low, high, () if labels is None else (self.series.learn(labels),))
        elif not block and (low, high) not in self._singles:
            self.limited.check((low, high))
            try:
                self._learn_point(data, miss, (low, high), begun)
            except SeriesLimitError as error:
                self.limited.add((low, high), error)
                raise

    def _learn_point(self, data: bytes, miss: list[int], at: tuple[int, int], begun: list[tuple[int, int, int]]) -> None:
        kind, is_delta = miss[KIND], miss[TEMPORALITY] == DELTA
        resource, point = _bounds(miss, RESOURCE_START, RESOURCE_END), _bounds(miss, POINT_START, POINT_END)
        metric = self.labelling.metric(_bounds(miss, METRIC_START, METRIC_END), kind, job=self.labelling.job(resource))
        found = self.labelling.series(resource, _bounds(miss, SCOPE_START, SCOPE_END), metric, kind, point)
        refs = [self.series.learn(labels) for labels in found]
        if self._is_single(kind, is_delta=is_delta):
            self.series.remember(np.uint64(at[0]), np.uint64(at[1]), refs[0])
            self._singles.add(at)
            return
        slots = [self.state.slot(labels.id) for labels in found] if is_delta else []
        self.blocks.add(*at, refs, slots)
        if slots and self.settings.start_time_zero_sample and not self._is_native(kind):
            start, time = _times(data, point)
            if 0 < start < time <= start + self.settings.start_time_zero_sample * _MS:
                begun += [(ref, slot, start // _MS) for ref, slot in zip(refs, slots, strict=True)]

    def _describe(self, block: int, miss: list[int]) -> None:
        if self.blocks.described[block]:
            return  # the same metric twice in a request
        self.blocks.described[block] = 1
        resource = _bounds(miss, RESOURCE_START, RESOURCE_END)
        metric = self.labelling.metric(_bounds(miss, METRIC_START, METRIC_END), miss[KIND], job=self.labelling.job(resource))
        self.metadata[metric.metadata] = None
        self.described.append(block)

    def _refuse(self, miss: list[int], error: Exception) -> None:
        if miss[MISS_OF] == METRIC:
            return  # its points are refused for the same reason
        if miss[MISS_OF] == RESOURCE:
            self.blocks.add(miss[LOW] & _MASK, miss[HIGH] & _MASK, ())
        else:
            self.refused.add(miss[POINT_START])
        problem = error if isinstance(error, SamplesRejectedError) else SamplesRejectedError(str(error), 1)
        self.problem = self.problem or problem

    def _is_single(self, kind: int, *, is_delta: bool) -> bool:
        """Whether a point's one reference is all there is to know, as the walk sees it."""
        if kind == GAUGE:
            return True
        return kind in {SUM, EXPONENTIAL} and not is_delta and not self.settings.start_time_zero_sample

    def _is_native(self, kind: int) -> bool:
        return kind == EXPONENTIAL or (kind == HISTOGRAM and self.settings.convert_histograms_to_nhcb)


def _bounds(miss: list[int], start: int, end: int) -> tuple[int, int]:
    return miss[start], miss[end]


def _times(data: bytes, point: tuple[int, int]) -> tuple[int, int]:
    """Start time and time of a point, ns."""
    found = {START_TIME: 0, TIME: 0}
    for number, _, start, end in fields(data, *point):
        if number in found and end - start == 8:
            found[number] = int.from_bytes(data[start:end], "little")
    return found[START_TIME], found[TIME]
