"""The engine keeps its limits, stops when told to, and reads each sample once."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest
from tests.promql.memory import MemoryReader

from fusewatch.promql.engine import Engine, QueryLimits, QueryOptions
from fusewatch.promql.errors import (
    ExecutionError,
    ParameterError,
    QueryCanceledError,
    QueryTimeoutError,
    TooManySamplesError,
    UnsupportedError,
)
from fusewatch.promql.warm import histogram_warmups
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import SeriesSet


class CountingReader(MemoryReader):
    """Remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[tuple[str, int, int]] = []

    def fetch(self, matchers, start, end, budget, windows=()):
        self.reads.append((",".join(map(str, matchers)), start, end))
        return super().fetch(matchers, start, end, budget)


@pytest.fixture
def reader() -> CountingReader:
    reader = CountingReader()
    for job in ("api", "web"):
        for index in range(3):
            labels = Labels({"__name__": "requests_total", "job": job, "instance": str(index)})
            reader.add(labels, [(step * 15_000, float(step * (index + 1))) for step in range(200)])
    return reader


def test_an_instant_query_answers_with_a_vector(reader):
    result = Engine(reader).instant("sum by (job) (requests_total)", 600_000)
    assert result.type == "vector"
    assert [str(labels) for labels in result.labels] == ['{job="api"}', '{job="web"}']
    assert result.values.tolist() == [[240.0], [240.0]]
    assert result.steps.tolist() == [600_000]


def test_a_range_query_answers_with_a_matrix_sorted_by_labels(reader):
    result = Engine(reader).range("requests_total", 0, 60_000, 30_000)
    assert result.type == "matrix"
    assert list(result.labels) == sorted(result.labels, key=lambda labels: labels.pairs)
    assert result.points(0)[1].tolist() == [0.0, 2.0, 4.0]


def test_a_scalar_and_a_string_answer_as_themselves(reader):
    scalar = Engine(reader).instant("1 + 1", 0)
    assert (scalar.type, scalar.values.tolist()) == ("scalar", [[2.0]])
    string = Engine(reader).instant('"hello"', 0)
    assert (string.type, string.string) == ("string", "hello")
    assert Engine(reader).range("time()", 0, 2000, 1000).values.tolist() == [[0.0, 1.0, 2.0]]


def test_a_range_selector_answers_with_its_raw_samples(reader):
    result = Engine(reader).instant('requests_total{job="api", instance="1"}[40s]', 600_000)
    assert result.type == "matrix"
    timestamps, values = result.points(0)
    assert timestamps.tolist() == [570_000, 585_000, 600_000]
    assert values.tolist() == [76.0, 78.0, 80.0]


def test_reads_of_one_selector_that_overlap_are_one(reader):
    query = "rate(requests_total[5m]) / rate(requests_total[1m]) + requests_total"
    Engine(reader).range(query, 600_000, 900_000, 60_000)
    assert reader.reads == [('__name__="requests_total"', 300_001, 900_000)]


def test_reads_far_apart_stay_apart(reader):
    Engine(reader).instant("requests_total - requests_total offset 1w", 86_400_000 * 8)
    assert len(reader.reads) == 2


def test_a_range_and_the_lookback_leave_their_far_end_out(reader):
    engine = Engine(reader, lookback_ms=15_000)
    assert len(engine.instant("requests_total", 199 * 15_000 + 14_999)) == 6
    assert len(engine.instant("requests_total", 200 * 15_000)) == 0
    assert engine.instant("count_over_time(requests_total[30s])", 600_000).values[0, 0] == 2


def test_a_limit_on_series_cuts_the_answer(reader):
    assert len(Engine(reader).instant("requests_total", 0, options=QueryOptions(limit=2))) == 2
    assert len(Engine(reader).range("requests_total", 0, 1000, 1000, options=QueryOptions(limit=2))) == 2
    assert len(Engine(reader).instant("requests_total[1m]", 60_000, options=QueryOptions(limit=2))) == 2


@pytest.mark.parametrize(
    ("start", "end", "step", "message"),
    [
        (0, 10, 0, "zero or negative query resolution step widths are not accepted. Try a positive integer"),
        (10, 0, 5, "end timestamp must not be before start time"),
        (
            0,
            11_001_000,
            1000,
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(reader, start, end, step, message):
    with pytest.raises(ParameterError) as caught:
        Engine(reader).range("requests_total", start, end, step)
    assert str(caught.value) == message


def test_a_range_query_of_a_range_vector_is_refused(reader):
    with pytest.raises(ParameterError, match='invalid expression type "range vector" for range query, must be Scalar or instant Vector'):
        Engine(reader).range("requests_total[5m]", 0, 1000, 1000)


def test_too_many_samples_are_refused(reader):
    engine = Engine(reader, QueryLimits(max_samples=100))
    with pytest.raises(TooManySamplesError, match="query processing would load too many samples into memory in query execution"):
        engine.instant("requests_total[10m]", 600_000)


def test_a_subquery_of_too_many_steps_is_refused_before_it_is_evaluated(reader):
    with pytest.raises(TooManySamplesError):
        Engine(reader, QueryLimits(max_samples=10_000)).instant("sum_over_time(vector(1)[1d:1ms])", 600_000)


def test_a_query_whose_time_is_over_stops(reader):
    with pytest.raises(QueryTimeoutError, match="query timed out"):
        Engine(reader, QueryLimits(timeout_s=0)).instant("requests_total", 0)


def test_a_cancelled_query_stops(reader):
    engine = Engine(reader)
    budget = engine.budget()
    budget.cancel()
    with pytest.raises(QueryCanceledError, match="query was canceled"):
        engine.instant("requests_total", 0, budget=budget)


class EndlessReader(MemoryReader):
    """Holds the query until it is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    def fetch(self, matchers, start, end, budget: Budget, windows=()) -> SeriesSet:
        self.reached.set()
        while True:
            budget.check()
            time.sleep(0.001)


def test_a_query_can_be_cancelled_from_another_thread():
    reader = EndlessReader()
    engine = Engine(reader)
    budget = engine.budget()
    threading.Thread(target=lambda: reader.reached.wait(10) and budget.cancel()).start()
    with pytest.raises(QueryCanceledError):
        engine.instant("x", 0, budget=budget)


def test_two_series_that_only_their_name_told_apart_are_an_error():
    reader = MemoryReader()
    reader.add(Labels({"__name__": "a"}), [(0, 1.0)])
    reader.add(Labels({"__name__": "b"}), [(0, 2.0)])
    with pytest.raises(ExecutionError, match="vector cannot contain metrics with the same labelset"):
        Engine(reader).instant('abs({__name__=~"a|b"})', 0)


@pytest.mark.parametrize("query", ["start_timestamp(x)"])
def test_a_missing_function_says_so_by_name(reader, query):
    name = query.partition("(")[0]
    with pytest.raises(UnsupportedError, match=f"the function {name}\\(\\) is not supported yet"):
        Engine(reader).instant(query, 0)


def test_a_nan_is_a_value_and_not_a_gap():
    reader = MemoryReader()
    reader.add(Labels({"__name__": "x"}), [(0, math.nan), (60_000, 1.0)])
    result = Engine(reader).range("x", 0, 60_000, 60_000)
    assert result.present.tolist() == [[True, True]]
    assert np.isnan(result.values[0, 0])
    assert Engine(reader).instant("count(x)", 0).values.tolist() == [[1.0]]


def test_a_rate_of_what_may_be_no_counter_says_so(reader):
    reader.add(Labels({"__name__": "temperature"}), [(0, 1.0), (15_000, 2.0)])
    result = Engine(reader).instant("1 + rate(temperature[1m])", 15_000)
    assert result.infos == (
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "temperature" (1:10)',
    )
    assert result.warnings == ()


def test_statistics_tell_what_was_read_and_how_long_it_took(reader):
    statistics = Engine(reader).instant("sum(requests_total)", 600_000).statistics
    assert (statistics.series, statistics.samples) == (6, 120)
    assert set(statistics.seconds) == {"parse", "plan", "fetch", "evaluate"}


def test_kernels_can_be_compiled_ahead():
    Engine.warm()
    for warm in histogram_warmups():
        warm()


def test_series_that_come_and_go_on_the_one_side_match_at_their_own_time():
    reader = MemoryReader()
    for index in range(50):
        start = index * 60_000
        reader.add(Labels({"__name__": "info", "job": "a", "version": str(index)}), [(start, 1.0)])
    reader.add(Labels({"__name__": "x", "job": "a"}), [(step * 60_000, float(step)) for step in range(50)])
    result = Engine(reader, lookback_ms=60_000).range("x * on(job) group_left(version) info", 0, 49 * 60_000, 60_000)
    assert len(result) == 50
    assert {labels["version"]: result.points(row)[1].tolist() for row, labels in enumerate(result.labels)} == {
        str(index): [float(index)] for index in range(50)
    }


def test_read_only_columns_of_a_store_are_taken():
    class Frozen(MemoryReader):
        def fetch(self, matchers, start, end, budget, windows=()):
            found = super().fetch(matchers, start, end, budget)
            for column in (found.offsets, found.timestamps, found.values):
                column.setflags(write=False)
            return found

    reader = Frozen()
    reader.add(Labels({"__name__": "x_total"}), [(step * 15_000, float(step)) for step in range(20)])
    assert math.isclose(Engine(reader).instant("rate(x_total[1m])", 285_000).values[0, 0], 1 / 15)


class HugeReader(MemoryReader):
    """Many samples at once, so that kernels take a while."""

    def fetch(self, matchers, start, end, budget, windows=()):
        rows, columns = 400, 6_000
        labels = [Labels({"__name__": "x", "i": str(row)}) for row in range(rows)]
        times = np.tile(np.arange(columns, dtype=np.int64) * 15_000, rows)
        values = np.random.default_rng(1).normal(size=rows * columns)
        return SeriesSet(labels, np.arange(rows + 1, dtype=np.int64) * columns, times, values)


def test_a_kernel_at_work_is_cancelled_between_its_shares():
    engine = Engine(HugeReader())
    budget = engine.budget()
    checks = []

    class Watched(Budget):
        def check(self) -> None:
            checks.append(1)
            if len(checks) > 4:
                self.cancel()
            super().check()

    with pytest.raises(QueryCanceledError):
        engine.range("quantile_over_time(0.5, x[1h])", 0, 90_000_000, 60_000, budget=Watched(deadline=budget.deadline))
