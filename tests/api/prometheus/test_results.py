"""Answers of any size and shape are printed whole, and each piece of them where it belongs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fusewatch.api.prometheus import results
from fusewatch.api.prometheus.answers import envelope
from fusewatch.api.prometheus.results import print_result
from fusewatch.promql.result import QueryResult
from fusewatch.telemetry.labels import Labels


def matrix(values, present):
    labels = [Labels({"row": str(row)}) for row in range(len(values))]
    return QueryResult("matrix", labels, 1_000 * np.arange(values.shape[1], dtype=np.int64), values, present)


shapes = st.tuples(st.integers(0, 6), st.integers(1, 5))


@given(st.data(), shapes, st.integers(0, 4))
def test_a_matrix_is_printed_as_it_reads(data, shape, limit):
    values = data.draw(arrays.arrays(np.float64, shape, elements=st.floats(-1e6, 1e6)))
    present = data.draw(arrays.arrays(np.bool_, shape))
    body = json.loads(print_result(matrix(values, present), limit=limit))
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
    printed = json.loads(print_result(matrix(values, np.ones(values.shape, np.bool_))))["data"]["result"]
    assert [row["metric"]["row"] for row in printed] == list("01234")
    assert [len(row["values"]) for row in printed] == [steps] * 5
    assert [row["values"][-1] for row in printed] == [[steps - 1, str(steps * (row + 1) - 1)] for row in range(5)]


@pytest.mark.parametrize(("count", "last"), [(10, "w9"), (13, "3 more warning annotations omitted")])
def test_at_most_ten_warnings_are_shown(count, last):
    shown = json.loads(envelope([b"1"], warnings=[f"w{number}" for number in range(count)]))["warnings"]
    assert shown[-1] == last
    assert len(shown) == min(count, 11)
