"""Answers of any size and shape are printed whole, and each piece of them where it belongs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.promql.memory import MemoryReader
from tests.telemetry.histogram_strategies import histograms

from fusewatch.api.prometheus import results
from fusewatch.api.prometheus.answers import envelope
from fusewatch.api.prometheus.results import print_result
from fusewatch.promql.engine import Engine
from fusewatch.promql.result import QueryResult
from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.labels import METRIC_NAME, Labels


def matrix(values, present):
    labels = [Labels({"row": str(row)}) for row in range(len(values))]
    return QueryResult("matrix", labels, 1_000 * np.arange(values.shape[1], dtype=np.int64), values, present)


shapes = st.tuples(st.integers(0, 6), st.integers(1, 5))


@given(st.data(), shapes, st.integers(0, 4))
def test_a_matrix_is_printed_as_it_reads(data, shape, limit):
    values = data.draw(arrays.arrays(np.float64, shape, elements=st.floats(-1e6, 1e6)))
    present = data.draw(arrays.arrays(np.bool_, shape))
    body = json.loads(b"".join(print_result(matrix(values, present), limit=limit)))
    expected = [
        {"metric": {"row": str(row)}, "values": [[step, values[row, step]] for step in range(shape[1]) if present[row, step]]}
        for row in range(shape[0])
        if present[row].any()
    ]
    shown = [{**row, "values": [[step, float(text)] for step, text in row["values"]]} for row in body["data"]["result"]]
    assert shown == (expected[:limit] if limit else expected)
    assert ("warnings" in body) == (0 < limit < shape[0])


def test_a_large_matrix_is_printed_in_several_pieces():
    steps = results._POINTS_AT_ONCE // 3
    values = np.arange(5 * steps, dtype=np.float64).reshape(5, steps)
    printed = json.loads(b"".join(print_result(matrix(values, np.ones(values.shape, np.bool_)))))["data"]["result"]
    assert [row["metric"]["row"] for row in printed] == list("01234")
    assert [len(row["values"]) for row in printed] == [steps] * 5
    assert [row["values"][-1] for row in printed] == [[steps - 1, str(steps * (row + 1) - 1)] for row in range(5)]


@pytest.mark.parametrize(("count", "last"), [(10, "w9"), (13, "3 more warning annotations omitted")])
def test_at_most_ten_warnings_are_shown(count, last):
    shown = json.loads(b"".join(envelope([b"1"], warnings=[f"w{number}" for number in range(count)])))["warnings"]
    assert shown[-1] == last
    assert len(shown) == min(count, 11)


def test_native_histograms_are_printed_with_their_buckets():
    """The numbers before the bounds say which of them belong to the bucket: 0 the upper, 1 the lower, 3 both."""
    one = Histogram(
        schema=0, count=12.0, sum=18.5, zero_threshold=0.001, zero_count=2.0,
        positive_spans=(Span(0, 2),), positive_buckets=(4.0, 5.0), negative_spans=(Span(1, 1),), negative_buckets=(1.0,), is_float=True,
    )  # fmt: skip
    reader = MemoryReader()
    reader.add(Labels({METRIC_NAME: "h"}), [(0, 1.5), (60_000, one)])
    whole = {
        "count": "12",
        "sum": "18.5",
        "buckets": [[1, "-2", "-1", "1"], [3, "-0.001", "0.001", "2"], [0, "0.5", "1", "4"], [0, "1", "2", "5"]],
    }
    engine = Engine(reader)
    instant = json.loads(b"".join(print_result(engine.instant("h", 60_000))))["data"]["result"]
    assert instant == [{"metric": {"__name__": "h"}, "histogram": [60, whole]}]
    graph = json.loads(b"".join(print_result(engine.range("h", 0, 120_000, 60_000))))["data"]["result"]
    assert graph == [{"metric": {"__name__": "h"}, "values": [[0, "1.5"]], "histograms": [[60, whole], [120, whole]]}]
    raw = json.loads(b"".join(print_result(engine.instant("h[5m]", 60_000))))["data"]["result"]
    assert raw == [{"metric": {"__name__": "h"}, "values": [[0, "1.5"]], "histograms": [[60, whole]]}]


def test_a_histogram_without_observations_has_no_buckets():
    reader = MemoryReader()
    reader.add(Labels({METRIC_NAME: "h"}), [(0, Histogram(schema=0, count=0.0, sum=0.0, is_float=True))])
    assert json.loads(b"".join(print_result(Engine(reader).instant("h", 0))))["data"]["result"][0]["histogram"] == [
        0,
        {"count": "0", "sum": "0"},
    ]


@given(st.lists(histograms(), min_size=1, max_size=5), st.integers(0, 3))
def test_histograms_are_printed_as_they_read(found, limit):
    reader = MemoryReader()
    for row, one in enumerate(found):
        reader.add(Labels({METRIC_NAME: "h", "row": str(row)}), [(0, one)])
    shown = json.loads(b"".join(print_result(Engine(reader).instant("h", 0), limit=limit)))["data"]["result"]
    assert len(shown) == (min(limit, len(found)) if limit else len(found))
    for answer in shown:
        one = found[int(answer["metric"]["row"])]
        count, buckets = answer["histogram"][1]["count"], answer["histogram"][1].get("buckets", [])
        assert float(count) == one.count
        filled = sorted(filter(None, (*one.positive_buckets, *one.negative_buckets, one.zero_count)))
        assert sorted(float(bucket[3]) for bucket in buckets) == filled
        assert [float(bucket[1]) for bucket in buckets] == sorted(float(bucket[1]) for bucket in buckets)
