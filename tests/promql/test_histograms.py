"""Quantiles and fractions of classic histograms agree with the slow way."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.promql.memory import MemoryReader

from fusewatch.promql.engine import Engine
from fusewatch.telemetry.labels import Labels

bounds = st.lists(st.integers(-20, 100), min_size=1, max_size=6, unique=True).map(sorted)


def engine_with(uppers: list[float], counts: list[float]) -> Engine:
    reader = MemoryReader()
    for upper, count in zip(uppers, accumulate(counts), strict=True):
        le = "+Inf" if math.isinf(upper) else str(upper)
        reader.add(Labels({"__name__": "d_bucket", "le": le}), [(0, float(count))])
    return Engine(reader)


def quantile(q: float, uppers: list[float], counts: list[float]) -> float:
    """The value below which a share of ``q`` lies, when observations spread evenly within their bucket."""
    total, seen = sum(counts), 0.0
    if not total:
        return math.nan
    starts = [-math.inf if uppers[0] <= 0 else 0.0, *uppers]
    for start, upper, count in zip(starts, uppers, counts, strict=False):
        if seen + count >= q * total:
            if math.isinf(upper):
                return uppers[-2]
            return upper if math.isinf(start) else start + (upper - start) * (q * total - seen) / count if count else math.nan
        seen += count
    raise AssertionError("the last bucket holds everything")


@given(st.data(), bounds, st.sampled_from([0.01, 0.25, 0.5, 0.9, 1]))
@settings(max_examples=120)
def test_a_quantile_is_interpolated_within_its_bucket(data, finite, q):
    uppers = [*map(float, finite), math.inf]
    counts = [float(count) for count in data.draw(st.lists(st.integers(0, 9), min_size=len(uppers), max_size=len(uppers)))]
    found = engine_with(uppers, counts).instant(f"histogram_quantile({q}, d_bucket)", 0).values[0, 0]
    expected = quantile(q, uppers, counts)
    assert math.isclose(found, expected, rel_tol=1e-9) or (math.isnan(found) and math.isnan(expected))


@given(st.data(), bounds)
@settings(max_examples=60)
def test_the_fractions_of_neighbouring_ranges_add_up(data, finite):
    uppers = [*map(float, finite), math.inf]
    counts = [float(count) for count in data.draw(st.lists(st.integers(1, 9), min_size=len(uppers), max_size=len(uppers)))]
    engine = engine_with(uppers, counts)
    edges = sorted(data.draw(st.lists(st.integers(-30, 120), min_size=1, max_size=4, unique=True)))
    cuts = ["-Inf", *map(str, edges), "+Inf"]
    parts = [engine.instant(f"histogram_fraction({low}, {high}, d_bucket)", 0).values[0, 0] for low, high in pairwise(cuts)]
    assert math.isclose(math.fsum(parts), 1.0, rel_tol=1e-9)
    assert all(part >= -1e-12 for part in parts)
