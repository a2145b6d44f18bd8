"""What is known of windows is what their samples say, and comes back bit for bit."""

from __future__ import annotations

import math
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusewatch.storage.chunk_writer import SortedSamples
from fusewatch.storage.rollup_codec import decode_column, encode_column
from fusewatch.storage.rollup_writer import RolledSeries
from fusewatch.telemetry.rollups import Aggregate, RolledSpans, Windows
from fusewatch.telemetry.samples import STALE_BITS, STALE_NAN

R = 300_000
values = st.sampled_from([0.0, 1.0, 2.0, -3.5, math.nan, math.inf, -math.inf, STALE_NAN]) | st.floats(-1e6, 1e6)
samples = st.dictionaries(st.tuples(st.integers(1, 3), st.integers(-3, 40).map(lambda k: k * 60_000)), values, min_size=1, max_size=60)


def is_stale(value: float) -> bool:
    return int(np.float64(value).view(np.uint64)) == STALE_BITS


def expected(points: list[tuple[int, float]]) -> tuple[float, ...]:
    """The obvious way, in the order of the aggregates."""
    live = [(time, value) for time, value in points if not is_stale(value)]
    count = 2 * len(live) + is_stale(points[-1][1])
    if not live:
        return (count, 0.0, math.nan, math.nan, points[-1][0], math.nan, points[-1][0], math.nan, 0.0)
    numbers = [value for _, value in live]
    real = [value for value in numbers if not math.isnan(value)] or [math.nan]
    total = sum(numbers) if not all(map(math.isfinite, numbers)) else math.fsum(numbers)
    falls = sum(before for before, after in pairwise(numbers) if after < before)
    return (count, total, min(real), max(real), live[0][0], numbers[0], live[-1][0], numbers[-1], falls)


@given(samples)
def test_a_window_knows_what_its_samples_say(samples: dict[tuple[int, int], float]) -> None:
    rows = sorted((series, time, value) for (series, time), value in samples.items())
    ids, times = np.array([row[0] for row in rows], np.uint64), np.array([row[1] for row in rows], np.int64)
    bits = np.array([row[2] for row in rows], np.float64).view(np.uint64)
    rolled = RolledSeries.of(SortedSamples(ids * np.uint64(7), ids, times, bits), R)
    windows = groupby(rows, key=lambda row: (row[0], -(-row[1] // R) * R))
    wanted = [(*key, *expected([row[1:] for row in group])) for key, group in windows]
    owners = np.repeat(rolled.ids, np.diff(rolled.offsets)).tolist()
    found = list(zip(owners, rolled.ends.tolist(), *(rolled.columns[name].tolist() for name in Aggregate), strict=True))
    np.testing.assert_allclose(np.array(found), np.array(wanted), rtol=1e-12, atol=1e-9)
    assert (rolled.metrics == rolled.ids * np.uint64(7)).all()


numbers = st.integers(0, (1 << 64) - 1) | st.sampled_from([0, STALE_BITS, 1 << 63])
columns = st.lists(st.lists(numbers, min_size=1, max_size=6) | arrays(np.uint64, 100).map(np.ndarray.tolist), min_size=1, max_size=6)


@given(columns, st.booleans())
@example([[7] * 300, [1, *[7] * 200, 2], [5], [5, 5], [5, 6], [5, 6, 7]], True)
@example([np.arange(500.0).view(np.uint64).tolist()], False)
def test_a_column_comes_back_bit_for_bit(parts: list[list[int]], whole: bool) -> None:
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    bits = np.array([number for part in parts for number in part], np.uint64)
    data = encode_column(offsets, bits.view(np.int64 if whole else np.float64))
    out = np.zeros(len(bits), np.uint64)
    decode_column(data, offsets, out)
    assert (out == bits).all()


def test_what_is_the_same_as_another_column_takes_one_byte() -> None:
    column = np.arange(10.0)
    assert encode_column(np.array([0, 5, 10]), column, column.copy()) == [b"\x05", b"\x05"]


def test_edges_within_a_span_move_back_to_the_end_of_a_whole_window() -> None:
    spans = RolledSpans(np.array([0, 7_200_000]), np.array([3_600_000, 10_800_000]), np.array([R, 3_600_000]))
    edges = np.array([-5, 0, R - 1, R, 3_599_999, 3_600_001, 7_100_000, 9_000_000, 10_800_000, 20_000_000])
    assert spans.moved(edges).tolist() == [-5, 0, 0, R, 3_300_000, 3_600_001, 7_100_000, 7_200_000, 10_800_000, 20_000_000]
    assert spans.within(3_600_000, 7_200_001) == [3_600_000]
    assert spans.within(0, 10_000_000) == [R, 3_600_000]


@pytest.mark.parametrize(("function", "edges"), [("", [10, 30]), ("rate", [5, 25, 10, 30])])
def test_a_plain_selector_looks_back_from_its_ends_alone(function: str, edges: list[int]) -> None:
    assert Windows(function, 10, 20, 2, 5).edges().tolist() == edges
