"""Coarser native histograms: buckets merged down to a lower schema, inside kernels.

A bucket's upper bound is ``2 ** (index * 2 ** -schema)``, so that index ``i`` of one schema lies in index ``((i - 1) >> steps) + 1`` of
the schema ``steps`` below (https://prometheus.io/docs/specs/native_histograms/#exponential-schemas).
"""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.hashing import U64
from fusewatch.telemetry.histogram_parts import DELTAS, FLOATS, IS_FLOAT, SCHEMA, SPANS, HistogramParts
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, LEAST_SCHEMA
from fusewatch.telemetry.kernels import bare
from fusewatch.telemetry.samples import UInt64s


@bare
def _offset(span: np.uint64) -> np.int64:
    return np.int64(np.int32(span & U64(0xFFFFFFFF)))


@bare
def _reduce(spans: UInt64s, span_count: int, buckets: UInt64s, steps: int, as_float: bool) -> tuple[int, int]:  # noqa: FBT001
    """Merges one side in place: the merged buckets and spans are never more than those they come from. How many spans and buckets."""
    floats = buckets.view(np.float64)
    index, read, written, out_spans, last = np.int64(0), 0, 0, 0, np.int64(0)
    for k in range(span_count):
        index += _offset(spans[k])
        for _ in range(spans[k] >> U64(32)):
            target = ((index - 1) >> steps) + 1
            if written and target == last:
                if as_float:
                    floats[written - 1] += floats[read]
                else:
                    buckets[written - 1] += buckets[read]
            else:
                if written and target == last + 1:
                    spans[out_spans - 1] += U64(1) << U64(32)
                else:
                    gap = target - last - 1 if written else target
                    spans[out_spans] = U64(gap) & U64(0xFFFFFFFF) | U64(1) << U64(32)
                    out_spans += 1
                buckets[written] = buckets[read]
                written += 1
                last = target
            index += 1
            read += 1
    return out_spans, written


@bare
def reduce_sides(parts: HistogramParts, steps: int) -> None:
    """Lowers the schema of a checked histogram by ``steps``, in place."""
    numbers, lists, sizes, _ = parts
    buckets = FLOATS if numbers[IS_FLOAT] else DELTAS
    for side in range(2):
        found = _reduce(lists[SPANS + side], sizes[SPANS + side], lists[buckets + side], steps, buckets == FLOATS)
        sizes[SPANS + side], sizes[buckets + side] = found


@bare
def fit_buckets(parts: HistogramParts, finest: int, most_buckets: int) -> bool:
    """Lowers the schema to ``finest`` and until there are at most ``most_buckets`` (0: any number); whether they are.

    As Prometheus does for native_histogram_min_bucket_factor and native_histogram_bucket_limit; custom buckets can't be made fewer.
    """
    numbers, _, sizes, _ = parts
    buckets = FLOATS if numbers[IS_FLOAT] else DELTAS
    schema = int(np.int64(np.int8(numbers[SCHEMA] & U64(0xFF))))
    custom = schema == CUSTOM_SCHEMA
    if not custom and schema > finest:
        reduce_sides(parts, schema - finest)
        schema = finest
    while most_buckets and sizes[buckets] + sizes[buckets + 1] > most_buckets:
        if custom or schema <= LEAST_SCHEMA:
            return False
        reduce_sides(parts, 1)
        schema -= 1
    numbers[SCHEMA] = U64(schema)
    return True
