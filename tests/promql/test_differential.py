"""Random expressions over random data have the same answers as in a real Prometheus.

Debian's Prometheus is 2.42, whose windows are closed on the left: so all times that are asked for lie between samples, and those of
subqueries, too. Samples lie 4.7 s after a multiple of 15 s, the steps of subqueries on multiples of 5 s, and what is asked for 1.3 s after.
"""

from __future__ import annotations

import math
import os
import time
import urllib.error

import cramjam
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st
from tests.promql.memory import MemoryReader
from tests.real_prometheus import Prometheus, prometheus
from tests.telemetry.wire import series as time_series

from fusewatch.promql.engine import Engine
from fusewatch.promql.errors import QueryError
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import STALE_NAN

_SAMPLES, _INTERVAL = 100, 15_000
_RANGES = ("1m", "2m30s", "5m")
#: What two numbers differ by that only rounding keeps apart is nothing then: where a step, a zero or an equality decides.
_OFF = "0.123"


class Pair:
    """A Prometheus and our engine with the same samples."""

    def __init__(self, server: Prometheus) -> None:
        self._server = server
        self.reader = MemoryReader()
        self.engine = Engine(self.reader)
        #: 25 minutes of samples that end a minute ago.
        self.first = (int(time.time() * 1000) - _SAMPLES * _INTERVAL - 60_000) // _INTERVAL * _INTERVAL + 4_700
        self._written: set[int] = set()

    def write(self, seed: int) -> None:
        """Counters, gauges and a classic histogram whose names end in ``seed``."""
        if seed in self._written:
            return
        self._written.add(seed)
        body = b""
        for labels, samples in _series(seed, self.first):
            self.reader.add(Labels(labels), samples)
            body += time_series(sorted(labels.items()), samples)
        self._server.post("/api/v1/write", bytes(cramjam.snappy.compress_raw(body)))

    def theirs(self, query: str, start: int, end: int, step: int) -> dict[Labels, dict[int, float]] | None:
        """Prometheus' answer, None for an error."""
        window = {"start": start / 1000, "end": end / 1000, "step": step / 1000}
        try:
            found = self._server.result("query_range", query=query, **window)
        except urllib.error.HTTPError as error:
            note(error.read().decode())
            error.close()
            return None
        return {Labels(row["metric"]): {round(float(moment) * 1000): float(value) for moment, value in row["values"]} for row in found}

    def ours(self, query: str, start: int, end: int, step: int) -> dict[Labels, dict[int, float]] | None:
        """Our answer, None for an error."""
        try:
            found = self.engine.range(query, start, end, step)
        except QueryError as error:
            note(str(error))
            return None
        points = {labels: found.points(row) for row, labels in enumerate(found.labels)}
        return {labels: dict(zip(times.tolist(), values.tolist(), strict=True)) for labels, (times, values) in points.items()}


def _series(seed: int, first: int):
    random = np.random.default_rng(seed)
    times = [first + number * _INTERVAL for number in range(_SAMPLES)]
    for job in "ab":
        for instance in "12":
            labels = {"job": job, "instance": instance}
            yield {METRIC_NAME: f"c{seed}_total", **labels}, list(zip(times, _counter(random), strict=True))
            yield {METRIC_NAME: f"g{seed}", **labels}, _with_gaps(random, list(zip(times, _gauge(random), strict=True)))
        observed = np.cumsum(random.integers(0, 6, (4, _SAMPLES)), axis=1).cumsum(axis=0).astype(float)
        for bound, counts in zip(("0.5", "1", "5", "+Inf"), observed, strict=True):
            yield {METRIC_NAME: f"h{seed}_bucket", "job": job, "le": bound}, list(zip(times, counts.tolist(), strict=True))


def _counter(random: np.random.Generator) -> list[float]:
    """Grows by up to ten, from so high that its zero lies far before any window; now and then it falls."""
    steps = random.integers(0, 10, _SAMPLES).astype(float)
    values = 1e6 + np.cumsum(steps)
    for fall in random.integers(1, _SAMPLES, random.integers(0, 3)).tolist():
        values[fall:] -= random.integers(1, 1000)
    return values.tolist()


def _gauge(random: np.random.Generator) -> list[float]:
    return (np.round(random.normal(0, 20, _SAMPLES)) / 2).tolist()


def _with_gaps(random: np.random.Generator, samples: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Without some samples, and with a staleness marker."""
    start = int(random.integers(0, _SAMPLES - 10))
    kept = samples[:start] + samples[start + int(random.integers(0, 10)) :]
    stale = int(random.integers(0, len(kept)))
    return [(moment, STALE_NAN if place == stale else value) for place, (moment, value) in enumerate(kept)]


def _call(name: str, *args: str) -> str:
    return f"{name}({', '.join(args)})"


numbers = st.sampled_from(("0", "1", "2", "0.5", "-3", "10"))
matchers = st.sampled_from(("", '{job="a"}', '{instance!="1"}', '{job=~"a|b"}'))
offsets = st.sampled_from(("", "", " offset 1m", " offset -30s", " offset 2m"))
of_ranges = st.sampled_from(
    (
        *("avg", "sum", "min", "max", "count", "last", "present", "stddev", "stdvar"),
        *("delta", "idelta", "deriv", "changes", "resets"),
    )
)
counter_functions = st.sampled_from(("rate", "increase", "irate"))
of_vectors = st.sampled_from(("abs", "ceil", "floor", "round", "sgn", "exp", "timestamp", "sort", "absent", "atan", "minute"))
aggregations = st.sampled_from(("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"))
groupings = st.sampled_from(("", " by (job)", " by (instance)", " without (instance)", " by (job, instance)"))


@st.composite
def leaves(draw, seed):
    """A vector straight from the store."""
    gauge = f"g{seed}{draw(matchers)}"
    match draw(st.integers(0, 6)):
        case 0:
            return gauge + draw(offsets)
        case 1:
            return f"c{seed}_total{draw(matchers)}{draw(offsets)}"
        case 2:
            return _call(draw(counter_functions), f"c{seed}_total{draw(matchers)}[{draw(st.sampled_from(_RANGES))}]{draw(offsets)}")
        case 3:
            name = draw(of_ranges)
            known = name in ("delta", "idelta", "deriv", "changes", "resets")
            return _call(name if known else f"{name}_over_time", f"{gauge}[{draw(st.sampled_from(_RANGES))}]{draw(offsets)}")
        case 4:
            return _call("quantile_over_time", draw(st.sampled_from(("0", "0.3", "0.9", "1"))), f"{gauge}[5m]")
        case 5:
            return _call("predict_linear", f"{gauge}[5m]", draw(numbers))
        case _:
            return _call("histogram_quantile", draw(st.sampled_from(("0.1", "0.5", "0.99"))), f"rate(h{seed}_bucket[2m30s])")


def vectors(seed):
    return st.recursive(leaves(seed), _larger, max_leaves=4)


@st.composite
def _larger(draw, inner):
    one = draw(inner)
    match draw(st.integers(0, 7)):
        case 0:
            return _call(draw(of_vectors), f"({one}) + {_OFF}")
        case 1:
            return f"{draw(aggregations)}{draw(groupings)} ({one})"
        case 2:
            # The sum, because which of several equal series is taken is anybody's choice.
            grouping = draw(groupings)
            return f"sum{grouping} ({draw(st.sampled_from(('topk', 'bottomk')))}{grouping} ({draw(st.sampled_from('123'))}, {one}))"
        case 3:
            return f"quantile{draw(groupings)} ({draw(st.sampled_from(('0.2', '0.5', '0.9')))}, {one})"
        case 4:
            comparison = draw(st.sampled_from(("==", "!=", "<", ">=", "> bool", "<= bool")))
            op = draw(st.sampled_from(("+", "-", "*", "/", "%", "^", comparison)))
            return f"(({one}) + {_OFF}) {op} {draw(numbers)}"
        case 5:
            op = draw(st.sampled_from(("+", "-", "*", "/", "<", ">= bool", "and", "or", "unless")))
            on = draw(st.sampled_from(("", " on (job, instance)", " ignoring (le)")))
            other = draw(inner)
            return f"({one}) {op}{on} ({other})" if op in ("and", "or", "unless") else f"({one}) {op}{on} (({other}) + {_OFF})"
        case 6:
            assume(":" not in one)  # the steps of the inner one would lie on the edges of the outer one's windows
            name = draw(st.sampled_from(("max", "min", "avg", "sum", "count", "last")))
            return f"{name}_over_time(({one})[{draw(st.sampled_from(_RANGES))}:{draw(st.sampled_from(('20s', '30s', '1m')))}])"
        case _:
            return f'label_replace({one}, "{draw(st.sampled_from(("host", "job")))}", "$1-x", "instance", "(.*)")'


def close(ours: float, theirs: float) -> bool:
    """Equal to a relative error of 10⁻⁶, as Prometheus' own tests compare; sums of numbers of this size lose less than 10⁻⁶."""
    if math.isnan(ours) or math.isnan(theirs):
        return math.isnan(ours) and math.isnan(theirs)
    return ours == theirs or math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-6)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    with prometheus(tmp_path_factory.mktemp("prometheus"), "", "--web.enable-remote-write-receiver") as server:
        yield Pair(server)


@settings(
    max_examples=int(os.environ.get("FUSEWATCH_DIFFERENTIAL_EXAMPLES", "300")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), seed=st.integers(0, 20), step=st.sampled_from((15_000, 60_000)))
def test_prometheus_answers_the_same(pair, data, seed, step):
    pair.write(seed)
    query = data.draw(vectors(seed))
    # From where all windows are full: where a counter's first samples are seen, 2.42 extrapolates in another way.
    start = pair.first - 4_700 + 12 * 60_000 + 1_300
    window = (query, start, start + 8 * 60_000, step)
    theirs, ours = pair.theirs(*window), pair.ours(*window)
    note(query)
    assert (ours is None) == (theirs is None)
    if ours is None or theirs is None:
        return
    assert ours.keys() == theirs.keys()
    for labels, points in theirs.items():
        assert ours[labels].keys() == points.keys(), labels
        wrong = [(moment, ours[labels][moment], value) for moment, value in points.items() if not close(ours[labels][moment], value)]
        assert not wrong, labels
