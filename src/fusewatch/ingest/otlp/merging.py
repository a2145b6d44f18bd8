"""Native histograms added up."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, Span
from fusewatch.telemetry.samples import STALE_BITS

#: So many empty buckets in a row are cheaper than a span of their own.
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Native:
    """A histogram as it was at a time (ms): itself and its binary form."""

    time: int
    histogram: Histogram
    body: bytes

    @classmethod
    def of(cls, time: int, body: bytes) -> Self:
        """From the binary form.

        Raises:
            HistogramError: not one.
        """
        return cls(time, Histogram.decode(body), body)

    @property
    def is_stale(self) -> bool:
        """Whether it is a staleness marker: its sum is that NaN."""
        return struct.pack("<d", self.histogram.sum) == STALE_BITS.to_bytes(8, "little")


def added(before: Native | None, now: Native) -> Native:
    """``now`` with all that came ``before`` it; custom buckets with other bounds begin anew."""
    if before is None or (before.histogram.custom_values, before.histogram.schema == CUSTOM_SCHEMA) != (
        now.histogram.custom_values,
        now.histogram.schema == CUSTOM_SCHEMA,
    ):
        return now
    total = _sum(before.histogram, now.histogram)
    return Native(now.time, total, total.encode())


def _sum(one: Histogram, other: Histogram) -> Histogram:
    """Both in the coarser of their schemas, with the wider of their zero buckets."""
    schema = min(one.schema, other.schema)
    sides = [
        [_merged(_by_index(histogram.positive_spans, histogram.positive_buckets), histogram.schema - schema) for histogram in (one, other)],
        [_merged(_by_index(histogram.negative_spans, histogram.negative_buckets), histogram.schema - schema) for histogram in (one, other)],
    ]
    totals = [{index: left.get(index, 0) + right.get(index, 0) for index in left.keys() | right.keys()} for left, right in sides]
    zeros = one.zero_count + other.zero_count
    threshold = max(one.zero_threshold, other.zero_threshold)
    if one.zero_threshold != other.zero_threshold:
        threshold = _widened(threshold, schema, totals)
        for side in totals:
            for index in [index for index in side if _upper(index, schema) <= threshold]:
                zeros += side.pop(index)
    (positive_spans, positive), (negative_spans, negative) = (_spans(side) for side in totals)
    return Histogram(
        schema=schema,
        count=one.count + other.count,
        sum=one.sum + other.sum,
        zero_threshold=threshold,
        zero_count=zeros,
        positive_spans=positive_spans,
        positive_buckets=positive,
        negative_spans=negative_spans,
        negative_buckets=negative,
        custom_values=one.custom_values,
    )


def _upper(index: int, schema: int) -> float:
    """The upper bound of an exponential bucket: (2**(2**-schema))**index."""
    exponent = index * 2.0**-schema
    return float("inf") if exponent >= 1024 else 2.0**exponent


def _widened(threshold: float, schema: int, sides: Sequence[Mapping[int, float]]) -> float:
    """The zero bucket's width so that it ends where a bucket ends, not inside one that counts something."""
    while True:
        inside = [
            index
            for side in sides
            for index, count in side.items()
            if count and _upper(index - 1, schema) < threshold < _upper(index, schema)
        ]
        if not inside:
            return threshold
        threshold = _upper(max(inside), schema)


def _by_index(spans: Sequence[Span], buckets: Sequence[float]) -> dict[int, float]:
    found, index, k = {}, 0, 0
    for span in spans:
        index += span.offset
        for _ in range(span.length):
            found[index] = buckets[k]
            index, k = index + 1, k + 1
    return found


def _merged(buckets: Mapping[int, float], steps: int) -> dict[int, float]:
    """The buckets in a schema coarser by ``steps``: bucket i, which ends at base**i, is part of bucket ceil(i / 2**steps)."""
    found: dict[int, float] = {}
    for index, count in buckets.items():
        coarse = -(-index >> steps) if steps else index
        found[coarse] = found.get(coarse, 0) + count
    return found


def _spans(buckets: Mapping[int, float]) -> tuple[tuple[Span, ...], tuple[float, ...]]:
    spans: list[Span] = []
    counts: list[float] = []
    end = 0
    for index in sorted(index for index, count in buckets.items() if count):
        gap = index - end
        if spans and gap <= _GAP:
            counts += [0] * gap + [buckets[index]]
            spans[-1] = Span(spans[-1].offset, spans[-1].length + gap + 1)
        else:
            counts.append(buckets[index])
            spans.append(Span(gap, 1))
        end = index + 1
    return tuple(spans), tuple(counts)
