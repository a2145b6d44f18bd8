"""In slices of time a query has the same answer as in one go, from the same samples."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.promql.memory import MemoryReader

from fusewatch.promql import slices
from fusewatch.promql.engine import Engine, QueryLimits, QueryOptions
from fusewatch.promql.errors import QueryError
from fusewatch.promql.matrix import Grid
from fusewatch.promql.parse import parse
from fusewatch.promql.plan import plan
from fusewatch.promql.result import QueryResult
from fusewatch.promql.slices import can_be_sliced
from fusewatch.promql.splicing import followed, since
from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import STALE_NAN, SeriesSet

#: A day of these tests: ten minutes, forty samples.
DAY, EVERY, MINUTE = 600_000, 15_000, 60_000
START = 1_700_000_400_000
SAMPLES = 300
UNSLICED = QueryOptions()


@contextlib.contextmanager
def short_days(most_samples: int = 1) -> Iterator[None]:
    """Slices of at least a test's day, of about so many samples."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(slices, "_DAY_MS", DAY)
        patched.setattr(slices, "_BEHIND_MS", DAY)
        patched.setattr(slices, "_BEHIND_SUBQUERY_MS", DAY)
        patched.setattr(slices, "_MOST_SAMPLES", most_samples)
        yield


def histogram(number: int) -> Histogram:
    counts = (float(number), float(number // 2), 1.0)
    return Histogram(
        schema=0,
        count=sum(counts),
        sum=3.5 * number,
        positive_spans=(Span(0, 2), Span(number % 2, 1)),
        positive_buckets=counts,
        is_float=True,
    )


def filled() -> MemoryReader:
    """Counters that fall, gauges with gaps and markers, series that come and go, classic and native histograms, and both in one."""
    reader, random = MemoryReader(), np.random.default_rng(7)
    times = [START + number * EVERY for number in range(SAMPLES)]
    for job in "ab":
        for instance in "123":
            labels = {"job": job, "instance": instance}
            counts = np.cumsum(random.integers(0, 9, SAMPLES)).astype(float)
            counts[int(random.integers(50, 250)) :] -= 100.0
            first, last = sorted(random.integers(0, SAMPLES, 2).tolist()) if instance == "3" else (0, SAMPLES)
            reader.add(Labels({METRIC_NAME: "c_total", **labels}), list(zip(times, counts.tolist(), strict=True))[first:last])
            gauge = [(time, STALE_NAN if random.random() < 0.02 else float(random.normal())) for time in times if random.random() < 0.9]
            reader.add(Labels({METRIC_NAME: "g", **labels}), gauge)
        buckets = np.cumsum(random.integers(0, 6, (3, SAMPLES)), axis=1).cumsum(axis=0).astype(float)
        for bound, column in zip(("0.5", "1", "+Inf"), buckets, strict=True):
            column[random.integers(0, SAMPLES, 20)] += 50.0  # not monotonic: histogram_quantile has something to correct
            reader.add(Labels({METRIC_NAME: "h_bucket", "job": job, "le": bound}), list(zip(times, column.tolist(), strict=True)))
        reader.add(
            Labels({METRIC_NAME: "n", "job": job}), [(time, histogram(number)) for number, time in enumerate(times) if number != 100]
        )
        mixed = [(time, histogram(number) if number // 60 % 2 else float(number)) for number, time in enumerate(times)]
        reader.add(Labels({METRIC_NAME: "m", "job": job}), mixed)
    reader.add(Labels({METRIC_NAME: "late", "job": "a"}), [(time, 1.0) for time in times[250:]])
    return reader


READER = filled()


def shown(result: QueryResult) -> dict[Labels, dict[int, object]]:
    """Every point, numbers by their bits and histograms by what is in them."""
    found: dict[Labels, dict[int, object]] = {}
    for row, labels in enumerate(result.labels):
        times, values = result.points(row)
        points: dict[int, object] = dict(zip(times.tolist(), values.view(np.uint64).tolist(), strict=True))
        times, numbers, pool = result.histogram_points(row)
        for time, number in zip(times.tolist(), numbers.tolist(), strict=True):
            first, stop, low, high = pool.kinds[number, 2:6].tolist()
            buckets = pool.keys[first:stop].tolist(), pool.counts[first:stop].tobytes(), pool.bounds[low:high].tobytes()
            points[time] = (int(pool.kinds[number, 0]), pool.numbers[number].tobytes(), buckets)
        found[labels] = points
    return found


def answered(engine: Engine, query: str, grid: tuple[int, int, int], options: QueryOptions = UNSLICED):
    """Everything that an answer says, or its error."""
    try:
        result = engine.range(query, *grid, options=options)
    except QueryError as error:
        return type(error), str(error)
    counted = result.statistics.samples, result.statistics.series
    return list(result.labels), shown(result), sorted(result.warnings), sorted(result.infos), counted


selectors = st.sampled_from(("c_total", "g", 'g{job="a"}', '{__name__=~"g|c_total"}', "late", "nothing", "m", "n"))
offsets = st.sampled_from((*[""] * 6, " offset 3m", " offset -2m", " offset 20m", " @ 1700001600", " @ end()"))
ranges = st.sampled_from(("1m", "2m30s", "5m", "12m"))
of_ranges = st.sampled_from(
    (
        *("rate", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets", "sum_over_time", "avg_over_time", "min_over_time"),
        *(
            "max_over_time",
            "count_over_time",
            "last_over_time",
            "stddev_over_time",
            "mad_over_time",
            "absent_over_time",
            "present_over_time",
        ),
    )
)


extended = st.sampled_from(("", "", "", " anchored", " smoothed"))
of_histograms = st.sampled_from(("rate", "increase", "sum_over_time", "resets"))
of_vectors = st.sampled_from(("absent", "abs", "timestamp", "sort", "sgn", "day_of_week", "histogram_count"))
aggregations = st.sampled_from(("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk(2, ", "bottomk(1, ", "limitk(2, "))
groupings = st.sampled_from(("", " by (job)", " without (instance)"))
steps = st.sampled_from(("30s", "1m", ""))
operators = st.sampled_from(("+", "/", ">", "== bool", "and", "or", "unless"))


def written(form: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The form with something of each part in its place."""
    return st.tuples(*parts).map(lambda found: form.format(*found))


def aggregated(name: str, by: str, below: str) -> str:
    return f"{name}{below}){by}" if name.endswith(" ") else f"{name}{by} ({below})"


leaves = st.one_of(
    written("{}{}", selectors, offsets),
    written("{}({}[{}]{}{})", of_ranges, selectors, ranges, extended, offsets),
    written("{}(n[{}])", of_histograms, ranges),
    written("quantile_over_time(0.7, g[{}])", ranges),
    st.just("histogram_quantile(0.9, sum by (job, le) (rate(h_bucket[5m])))"),
    written("histogram_quantile(0.9, sum(rate(n[{}])))", ranges),
)


def larger(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions of expressions."""
    return st.one_of(
        st.builds(aggregated, aggregations, groupings, below),
        written("{}({})", of_vectors, below),
        written("max_over_time(({})[{}:{}]{})", below, ranges, steps, offsets),
        written("({}) {} ({})", below, operators, below),
        written("({}) * on (job) group_left () count by (job) (g)", below),
        written('label_replace({}, "x", "$1", "instance", "(.*)")', below),
        written('count_values("value", {})', below),
        written("quantile(scalar({}) / 2, {})", below, below),
    )


vectors = st.recursive(leaves, larger, max_leaves=4)


@st.composite
def grids(draw) -> tuple[int, int, int]:
    """Start, end and step: mostly more than two of these tests' days, on no particular boundaries."""
    start = START + draw(st.integers(-10, 60)) * EVERY + draw(st.sampled_from((0, 1, 7_300)))
    return start, start + draw(st.integers(90, 260)) * EVERY, draw(st.sampled_from((EVERY, 17_000, MINUTE, 5 * MINUTE, DAY)))


@given(vectors, grids(), st.sampled_from((1, 700, 10_000)), st.sampled_from((0, 0, 2)))
@example("m", (START, START + 200 * EVERY, MINUTE), 1, 0)
@example("n", (START, START + 200 * EVERY, MINUTE), 1, 1)
@example("sum by (job) (increase(n[5m]))", (START + 1, START + 290 * EVERY, 17_000), 1, 0)
@example("histogram_quantile(0.9, sum by (job, le) (rate(h_bucket[5m])))", (START, START + 290 * EVERY, MINUTE), 1, 0)
@example("c_total + on (job, instance) g offset 5m", (START, START + 290 * EVERY, MINUTE), 1, 0)
@example("scalar(sum(g))", (START, START + 290 * EVERY, MINUTE), 1, 0)
@settings(max_examples=300)
def test_in_slices_the_answer_is_the_same(query, grid, most_samples, limit):
    options, engine = QueryOptions(limit=limit), Engine(READER)
    whole = answered(engine, query, grid, options)
    with short_days(most_samples):
        assert answered(engine, query, grid, options) == whole


@pytest.mark.parametrize(
    "query", ["sum(rate(c_total[5m]))", "g", "n", "histogram_quantile(0.9, sum(rate(n[5m])))", "max_over_time(g[5m:1m])"]
)
def test_what_is_read_at_a_time_is_short_and_nothing_is_read_twice(query):
    reader = filled()
    grid = START + 5 * MINUTE, START + 290 * EVERY, MINUTE
    read = Engine(reader).range(query, *grid).statistics.samples
    assert reader.widest > 6 * DAY
    reader.widest, budget = 0, Budget()
    with short_days():
        result = Engine(reader).range(query, *grid, budget=budget)
    assert reader.widest < 3 * DAY
    assert result.statistics.samples == read
    # What is held in the end is the last slice.
    assert 0 < budget.samples < read / 2


def test_few_samples_are_read_in_few_slices_or_one():
    reads: list[tuple[int, int]] = []

    class Counting(MemoryReader):
        def fetch(self, matchers, start, end, *others):
            reads.append((start, end))
            return READER.fetch(matchers, start, end, *others)

    for most_samples in (1 << 22, 1000):
        reads.clear()
        with short_days(most_samples):
            counted = Engine(Counting()).range("g", START, START + 290 * EVERY, MINUTE).statistics.samples
        # As a whole it is read, or refused before anything is held.
        assert reads[0][1] == START + 290 * EVERY // MINUTE * MINUTE
        if most_samples > counted:
            assert len(reads) == 1
        else:
            assert len(reads) == 5
            assert [start for start, _ in reads[2:]] == [end + 1 for _, end in reads[1:-1]]


def test_the_limit_on_samples_holds_for_those_of_a_slice():
    """As a whole the query reads more than it may hold; in slices it never holds half of that."""
    grid = START, START + 290 * EVERY, MINUTE
    read = Engine(READER).range("sum(g)", *grid).statistics.samples
    with pytest.raises(QueryError, match="too many samples"):
        Engine(READER, QueryLimits(max_samples=read - 1)).range("sum(g)", *grid)
    with short_days():
        assert Engine(READER, QueryLimits(max_samples=read // 2)).range("sum(g)", *grid).statistics.samples == read
        with pytest.raises(QueryError, match="too many samples"):
            Engine(READER, QueryLimits(max_samples=read // 20)).range("sum(g)", *grid)


def test_an_answer_of_too_many_points_is_refused_in_slices():
    grid = START, START + 290 * EVERY, 1_000
    points = 6 * ((grid[1] - grid[0]) // 1_000 + 1)
    with short_days():
        assert len(Engine(READER, QueryLimits(max_samples=points, max_steps=20_000)).range("g", *grid)) == 6
        with pytest.raises(QueryError, match="too many samples"):
            Engine(READER, QueryLimits(max_samples=points - 1, max_steps=20_000)).range("g", *grid)


def test_what_is_answered_from_rollups_is_read_as_a_whole():
    """The third slice meets a roll-up: what was read until then does not count, and the answer is that of one go."""
    reads: list[tuple[int, int]] = []

    class Rolling(MemoryReader):
        def fetch(self, matchers, start, end, *others):
            reads.append((start, end))
            found = READER.fetch(matchers, start, end, *others)
            return replace(found, rolled=object()) if len(reads) == 3 else found

    grid = START, START + 290 * EVERY, MINUTE
    with short_days():
        found = answered(Engine(Rolling()), "sum(rate(c_total[5m]))", grid)
    assert found == answered(Engine(READER), "sum(rate(c_total[5m]))", grid)
    assert len(reads) == 4
    assert reads[3] == (reads[0][0], START + 290 * EVERY // MINUTE * MINUTE)


@pytest.mark.parametrize(
    ("query", "sliced"),
    [
        ("sum(rate(x[5m]))", True),
        ("x offset 7d", True),
        ("x / y offset 1d", True),
        ("max_over_time(x[1d])", True),
        ("max_over_time(x[2d])", False),
        ("max_over_time(x[6h:1m])", False),
        ("max_over_time(x[5h:1m])", True),
        ("x - x offset 1h", True),
        ("x - x offset 2d", False),
        ("x - x offset 60d", False),
        ("x @ 0", False),
        ("x - y @ start()", False),
        ("time()", False),
    ],
)
def test_what_can_be_sliced(query, sliced):
    grid = Grid(START, MINUTE, 30 * 1440)
    assert can_be_sliced(plan(parse(query), grid, 300_000)) is sliced


def test_short_ranges_and_long_steps_are_left_alone():
    expr = parse("x")
    assert not can_be_sliced(plan(expr, Grid(START, MINUTE, 2 * 1440 - 10), 300_000))
    assert not can_be_sliced(plan(expr, Grid(START, 25 * 60 * MINUTE, 40), 300_000))
    assert can_be_sliced(plan(expr, Grid(START, 24 * 60 * MINUTE, 40), 300_000))


@given(st.integers(0, 310), st.integers(0, 310), st.integers(0, 310))
def test_samples_are_cut_and_joined_as_they_were(one, two, three):
    first, middle, last = (START + number * EVERY for number in sorted((one, two, three)))

    def fetched(start: int, end: int) -> SeriesSet:
        return READER.fetch((), start, end, Budget())

    joined, wanted = followed(fetched(first, middle), fetched(middle + 1, last)), fetched(first, last)
    assert list(joined.labels) == list(wanted.labels)
    assert numbers_of(joined) == numbers_of(wanted)
    assert histograms_of(joined) == histograms_of(wanted)
    cut, wanted = since(joined, middle), fetched(middle, last)
    assert set(wanted.labels) <= set(cut.labels) <= set(joined.labels)
    assert {labels: points for labels, points in numbers_of(cut).items() if points} == numbers_of(wanted)
    before, kept = histograms_of(joined), histograms_of(cut)
    assert {point for points in kept.values() for point in points if point[0] >= middle} == {
        point for points in histograms_of(wanted).values() for point in points
    }
    for labels, points in kept.items():
        # At most one goes before, and only where no number lies between.
        assert len([point for point in points if point[0] < middle]) <= 1
        assert points == before[labels][len(before[labels]) - len(points) :]


def numbers_of(series: SeriesSet) -> dict[Labels, list[tuple[int, int]]]:
    """What each series with numbers has of them, by their bits."""
    points = list(zip(series.timestamps.tolist(), series.values.view(np.uint64).tolist(), strict=True))
    found = {labels: points[series.offsets[row] : series.offsets[row + 1]] for row, labels in enumerate(series.labels)}
    return {labels: rows for labels, rows in found.items() if rows}


def histograms_of(series: SeriesSet) -> dict[Labels, list[tuple[int, bytes]]]:
    """What each series with histograms has of them, in binary form."""
    found = series.histograms
    if found is None:
        return {}
    points = [(time, found.bodies[found.ends[k] : found.ends[k + 1]].tobytes()) for k, time in enumerate(found.timestamps.tolist())]
    rows = {labels: points[found.offsets[row] : found.offsets[row + 1]] for row, labels in enumerate(series.labels)}
    return {labels: some for labels, some in rows.items() if some}
