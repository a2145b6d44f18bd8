"""Native histograms of PromQL test scripts, compared, and made of classic ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from fusewatch.promql.kernels.native.pool import (
    BIAS,
    BOUND,
    BOUND_STOP,
    COUNT,
    FIRST,
    HINT,
    SCHEMA,
    STOP,
    SUM,
    THRESHOLD,
    ZERO,
    Pool,
)
from fusewatch.promql.notation.histograms import indexed
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, Span
from fusewatch.telemetry.labels import METRIC_NAME, Labels


def flat(expected: Histogram) -> dict[str, float]:
    """Everything that is compared, by name."""
    found = {
        "schema": float(expected.schema),
        "count": expected.count,
        "sum": expected.sum,
        "zero threshold": expected.zero_threshold,
        "zero count": expected.zero_count,
    }
    found.update({f"+{index}": count for index, count in indexed(expected.positive_spans, expected.positive_buckets).items()})
    found.update({f"-{index}": count for index, count in indexed(expected.negative_spans, expected.negative_buckets).items()})
    found.update({f"bound {place}": bound for place, bound in enumerate(expected.custom_values)})
    return found


def flat_of(pool: Pool, k: int) -> tuple[dict[str, float], int]:
    """The same of a result, and its reset hint."""
    kinds, numbers = pool.kinds[k], pool.numbers[k]
    found = {
        "schema": float(kinds[SCHEMA]),
        "count": float(numbers[COUNT]),
        "sum": float(numbers[SUM]),
        "zero threshold": float(numbers[THRESHOLD]),
        "zero count": float(numbers[ZERO]),
    }
    for key, count in zip(pool.keys[kinds[FIRST] : kinds[STOP]].tolist(), pool.counts[kinds[FIRST] : kinds[STOP]].tolist(), strict=True):
        found[f"{'+' if key > 0 else '-'}{abs(key) - BIAS}"] = count
    for place, bound in enumerate(pool.bounds[kinds[BOUND] : kinds[BOUND_STOP]].tolist()):
        found[f"bound {place}"] = bound
    return found, int(kinds[HINT])


def native_series(series: Mapping[Labels, list[tuple[int, float]]]) -> dict[Labels, list[tuple[int, Histogram]]]:
    """Classic histograms as native ones with custom buckets, as ``load_with_nhcb`` adds them."""
    parts: dict[Labels, dict[int, dict[float | str, float]]] = defaultdict(lambda: defaultdict(dict))
    for labels, points in series.items():
        name = labels.get(METRIC_NAME, "")
        suffix = next((suffix for suffix in ("_bucket", "_count", "_sum") if name.endswith(suffix)), "")
        if not suffix:
            continue
        try:
            key = float(labels["le"]) if suffix == "_bucket" else suffix
        except ValueError:
            continue
        base = labels.without(("le",)).replace({METRIC_NAME: name.removesuffix(suffix)})
        for time, value in points:
            parts[base][time].setdefault(key, value)
    return {labels: [(time, _native(by_time[time])) for time in sorted(by_time)] for labels, by_time in parts.items()}


def _native(found: dict[float | str, float]) -> Histogram:
    bounds = sorted(key for key in found if isinstance(key, float) and not np.isinf(key))
    count = found.get("_count", found.get(np.inf, found[bounds[-1]] if bounds else 0.0))
    cumulative = [*(found[bound] for bound in bounds), count]
    counts = tuple(np.diff([0.0, *cumulative]).tolist())
    return Histogram(
        schema=CUSTOM_SCHEMA,
        count=count,
        sum=found.get("_sum", 0.0),
        positive_spans=(Span(0, len(counts)),),
        positive_buckets=counts,
        custom_values=tuple(bounds),
        is_float=True,
    )
