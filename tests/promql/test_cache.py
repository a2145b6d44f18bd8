from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promql.memory import MemoryReader
from tests.storage.conftest import ManualClock

from fusewatch.promql.cache import ResultCache, asked_of
from fusewatch.promql.engine import Engine, QueryOptions
from fusewatch.promql.matrix import Grid
from fusewatch.promql.parse import parse
from fusewatch.promql.plan import resolve
from fusewatch.promql.result import QueryResult
from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SETTLED_MS

MINUTE, HOUR = 60_000, 3_600_000
#: On the grids of the queries below.
NOW = 1_790_553_600_000
QUERIES = (
    "x",
    "sum(rate(x[5m]))",
    "y or x",
    "count(x) + on () count(y)",
    "x offset -2m",
    "x offset 3m",
    "max_over_time(x[10m:1m])",
    "x @ start() - x @ end()",
    f"x @ {NOW // 1000 - 3600}",
    f"x @ {NOW // 1000 + 60}",
    "x smoothed",
    "rate(x[5m] anchored)",
    'count by (__name__) ({__name__=~"x|y"})',
    "time()",
    "x * 0 + start()",
    "end() - range() + step()",
    "sort(x)",
    "absent(z)",
    "vector(1)",
)
UNCACHED = QueryOptions(cache=False)


def shown(result: QueryResult) -> dict[Labels, dict[int, float]]:
    rows = {labels: result.points(row) for row, labels in enumerate(result.labels)}
    return {labels: dict(zip(times.tolist(), map(repr, values.tolist()), strict=True)) for labels, (times, values) in rows.items()}


def series(name: str, instance: int) -> Labels:
    return Labels({"__name__": name, "instance": str(instance)})


def filled(reader: MemoryReader, until: int) -> None:
    for name in "xy":
        for instance in range(3):
            points = [(time, float(time % 7919 + instance)) for time in range(NOW - 2 * HOUR + instance, until, 15_000)]
            reader.add(series(name, instance), points)


@st.composite
def things(draw) -> tuple[str, int, int, int]:
    """Something that happens, and numbers that say how."""
    kinds = st.sampled_from(["time passes", "ask", "ask", "ask", "late", "in time", "delete", "clock back"])
    return draw(kinds), draw(st.integers(0, 20)), draw(st.integers(0, 20)), draw(st.integers(0, 2))


@given(st.lists(things(), max_size=25), st.sampled_from(QUERIES), st.sampled_from([1 << 20, 20_000]))
def test_with_the_cache_every_answer_is_the_same(happening, query, limit):
    reader, clock = MemoryReader(), ManualClock(NOW)
    filled(reader, NOW)
    cache = ResultCache(limit, clock)
    engine = Engine(reader, cache=cache)
    for what, one, two, instance in happening:
        match what:
            case "time passes":
                for name in "xy":
                    times = range(clock.now, clock.now + one * 15_000, 15_000)
                    for time in times:
                        reader.add(series(name, instance), [(time, float(time % 7))], received=time)
                clock.now += one * 15_000
            case "late":
                reader.add(series("xy"[one % 2], instance), [(clock.now - two * 5 * MINUTE - 61_000, 99.0)], received=clock.now)
            case "in time":
                reader.add(series("xy"[one % 2], instance), [(clock.now - two * 3000, 77.0)], received=clock.now)
            case "delete":
                reader.delete(clock.now - one * 5 * MINUTE, clock.now - two * 5 * MINUTE)
            case "clock back":
                clock.now -= one * MINUTE
            case _:
                end = clock.now // MINUTE * MINUTE - two * MINUTE * (instance == 2)
                start = end - (60 - one) * MINUTE
                found, expected = engine.range(query, start, end, MINUTE), engine.range(query, start, end, MINUTE, options=UNCACHED)
                assert shown(found) == shown(expected)
                assert list(found.labels) == list(expected.labels)
                assert (set(found.warnings), set(found.infos)) == (set(expected.warnings), set(expected.infos))
        kept = [block for _, blocks in cache._kept.values() for block in blocks]
        assert cache.statistics.bytes == sum(block.size for block in kept) + sum(key.size for key in cache._kept) <= limit


@pytest.fixture
def reader() -> MemoryReader:
    reader = MemoryReader()
    filled(reader, NOW)
    return reader


def test_a_panel_that_asks_again_has_its_newest_steps_computed_alone(reader):
    clock = ManualClock(NOW)
    cache = ResultCache(1 << 20, clock)
    engine = Engine(reader, cache=cache)
    engine.range("sum(rate(x[5m]))", NOW - HOUR, NOW, MINUTE)
    assert (cache.statistics.steps_asked, cache.statistics.steps_found) == (61, 0)
    assert reader.widest > HOUR
    reader.widest, clock.now = 0, NOW + MINUTE
    result = engine.range("sum(rate(x[5m]))", NOW - HOUR + MINUTE, NOW + MINUTE, MINUTE)
    assert reader.widest < 10 * MINUTE
    assert cache.statistics.steps_found == 58
    assert result.statistics.samples < 200
    reader.widest = 0
    engine.range("sum(rate(x[5m]))", NOW - HOUR + MINUTE, NOW + MINUTE, MINUTE, options=UNCACHED)
    assert reader.widest > HOUR


def test_queries_that_find_nothing_take_room_as_well():
    cache = ResultCache(1 << 20, ManualClock(NOW))
    engine = Engine(MemoryReader(), cache=cache)
    for number in range(2000):
        engine.range(f"nothing_{number}", NOW - HOUR, NOW, MINUTE)
    assert 0 < len(cache._kept) < 1000


def test_a_late_sample_of_another_metric_changes_nothing(reader):
    clock = ManualClock(NOW)
    cache = ResultCache(1 << 20, clock)
    engine = Engine(reader, cache=cache)
    for _ in range(2):
        engine.range("x", NOW - HOUR, NOW, MINUTE)
        engine.range('{__name__=~"x.*"}', NOW - HOUR, NOW, MINUTE)
        reader.add(series("y", 0), [(NOW - HOUR, 1.0)], received=NOW)
    # The regular expression might mean y as well.
    assert cache.statistics.steps_found == 60 - SETTLED_MS // MINUTE


@pytest.mark.parametrize(
    ("query", "ahead"),
    [
        ("x", 0),
        ("x offset 5m", 0),
        ("x offset -2m", 2 * MINUTE),
        ("max_over_time(x[10m:1m] offset -1m)", MINUTE),
        ("max_over_time((x offset -3m)[10m:1m] offset 1m)", 2 * MINUTE),
        ("x smoothed", 5 * MINUTE),
        (f"x @ {NOW // 1000 - 1}", 0),
        (f"x @ {NOW // 1000} offset 1s", 0),
        (f"x @ {NOW // 1000 + 1}", None),
        (f"x @ {NOW // 1000} offset -1s", None),
        (f"max_over_time((x offset -1s)[10m:1m] @ {NOW // 1000})", None),
        ("x - start()", None),
        ("x - step()", 0),
    ],
)
def test_how_far_a_query_looks_ahead_is_known(query, ahead):
    grid = Grid(NOW - HOUR, MINUTE, 61)
    found = asked_of(resolve(parse(query), grid), grid, query, None, lookback_ms=5 * MINUTE, settled=NOW)
    assert (None if found is None else found.ahead_ms) == ahead


def test_a_warning_goes_with_the_steps_that_it_is_about():
    reader, clock = MemoryReader(), ManualClock(NOW)
    one = Histogram(schema=0, count=1.0, sum=1.0, positive_spans=(Span(0, 1),), positive_buckets=(1.0,), is_float=True)
    start = NOW - 3 * HOUR
    reader.add(series("x", 0), [(start + k * MINUTE, one if k == 30 else float(k)) for k in range(180)])
    engine = Engine(reader, cache=ResultCache(1 << 20, clock))
    query = "count(rate(x[5m]))"
    assert engine.range(query, start, start + HOUR, MINUTE).warnings
    assert engine.range(query, start + 20 * MINUTE, start + 80 * MINUTE, MINUTE).warnings
    assert engine.range(query, start + 50 * MINUTE, start + 110 * MINUTE, MINUTE).warnings
    assert not engine.range(query, start + 80 * MINUTE, start + 140 * MINUTE, MINUTE).warnings


def test_native_histograms_are_computed_each_time():
    reader, clock = MemoryReader(), ManualClock(NOW)
    for k in range(60):
        found = Histogram(schema=0, count=k + 1.0, sum=1.0, positive_spans=(Span(0, 1),), positive_buckets=(k + 1.0,), is_float=True)
        reader.add(series("h", 0), [(NOW - HOUR + k * MINUTE, found)])
    cache = ResultCache(1 << 20, clock)
    engine = Engine(reader, cache=cache)
    for _ in range(2):
        result = engine.range("h", NOW - HOUR, NOW, MINUTE)
        assert result.histograms is not None
        assert np.count_nonzero(result.present) == 61
    assert cache.statistics.bytes == 0
