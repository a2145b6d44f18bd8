"""The zero bucket of exponential histograms, when it has to grow."""

from __future__ import annotations

from fusewatch.promql.kernels.native.edges import inner_bound, outer_bound
from fusewatch.promql.kernels.native.pool import Int32s
from fusewatch.telemetry.kernels import inlined
from fusewatch.telemetry.samples import Float64s


@inlined
def is_inside(schema: int, key: int, threshold: float) -> bool:
    """Whether a bucket begins within the zero bucket; thresholds lie on bounds of filled buckets."""
    return inner_bound(schema, key) < threshold


@inlined
def grown_zero(keys: Int32s, counts: Float64s, first: int, stop: int, schema: int, threshold: float) -> tuple[float, float]:
    """What the buckets ``keys[first:stop]`` add to a zero bucket that grows to ``threshold``, and the threshold itself.

    It is larger than asked for where that would cut through a filled bucket.
    """
    middle = first
    while middle < stop and keys[middle] < 0:
        middle += 1
    while True:
        total, cut = 0.0, False
        for place in range(middle, stop):
            if not is_inside(schema, keys[place], threshold):
                break
            total += counts[place]
            threshold = max(threshold, outer_bound(schema, keys[place]))
        for place in range(middle - 1, first - 1, -1):
            if not is_inside(schema, keys[place], threshold):
                break
            total += counts[place]
            far = outer_bound(schema, keys[place])
            if far > threshold:
                threshold, cut = far, True
        if not cut:
            return total, threshold
