"""Runs one case of a PromQL test script and says what differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest
from tests.promql.memory import MemoryReader
from tests.promql.promqltest.histograms import flat, flat_of, native_series
from tests.promql.promqltest.script import Case, Load

from fusewatch.promql.engine import Engine
from fusewatch.promql.errors import QueryError
from fusewatch.promql.notation.histograms import Written
from fusewatch.promql.notation.series import Point
from fusewatch.promql.result import QueryResult
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import is_stale

_EPSILON = 1e-6
_MINUTE = 60_000


@lru_cache(maxsize=2)
def loaded(loads: tuple[Load, ...]) -> MemoryReader:
    """A store with these loads."""
    reader = MemoryReader()
    for load in loads:
        numbers: dict[Labels, list[tuple[int, float]]] = {}
        for labels, points in load.series:
            samples = [(index * load.interval, point) for index, point in enumerate(points) if point is not None]
            reader.add(labels, [(time, point.histogram if isinstance(point, Written) else point) for time, point in samples])
            numbers.setdefault(labels, []).extend((time, point) for time, point in samples if isinstance(point, float))
        if load.with_nhcb:
            for labels, histograms in native_series(numbers).items():
                reader.add(labels, histograms)
    return reader


def check(case: Case) -> None:
    """Raises AssertionError when the engine's answer is not what the case expects."""
    engine = Engine(loaded(case.loads))
    fails = case.expects("fail")
    if fails:
        with pytest.raises(QueryError) as caught:
            _answer(engine, case)
        assert all(expected.allows(str(caught.value)) for expected in fails), f"failed with other words: {caught.value}"
        return
    result = _answer(engine, case)
    _check_annotations(case, result)
    if case.string is not None:
        assert (result.type, result.string) == ("string", case.string)
    elif case.window is not None:
        _check_series(case, _points(result), range(case.window[0], case.window[1] + 1, case.window[2]))
    elif case.scalar is not None:
        assert result.type == "scalar", f"expected a scalar, got {result.type}"
        assert almost_equal(float(result.values[0, 0]), case.scalar), f"{result.values[0, 0]} != {case.scalar}"
    else:
        _check_series(case, _points(result), result.steps.tolist())
        _check_order(case, result)
        _check_as_range(engine, case)


def _answer(engine: Engine, case: Case) -> QueryResult:
    if case.instant:
        return engine.instant(case.query, case.start)
    return engine.range(case.query, case.start, case.end, case.step)


@dataclass(frozen=True)
class Found:
    """A histogram of an answer."""

    parts: dict[str, float]
    hint: int


def _points(result: QueryResult) -> dict[Labels, dict[int, float | Found]]:
    found: dict[Labels, dict[int, float | Found]] = {}
    for row, labels in enumerate(result.labels):
        timestamps, values = result.points(row)
        points: dict[int, float | Found] = dict(zip(timestamps.tolist(), values.tolist(), strict=True))
        others, numbers, pool = result.histogram_points(row)
        points.update({time: Found(*flat_of(pool, k)) for time, k in zip(others.tolist(), numbers.tolist(), strict=True)})
        found[labels] = dict(sorted(points.items()))
    assert len(found) == len(result.labels), f"labels twice: {result.labels}"
    return found


def _check_annotations(case: Case, result: QueryResult) -> None:
    for kind, found in (("warn", result.warnings), ("info", result.infos)):
        if case.expects(f"no_{kind}"):
            assert not found, f"unexpected {kind}: {found}"
        expected = case.expects(kind)
        for one in expected:
            assert any(one.allows(text) for text in found), f"no {kind} like {one}; got {found}"
        if expected:
            assert all(any(one.allows(text) for one in expected) for text in found), f"unexpected {kind}: {found}"


def _check_series(case: Case, found: dict[Labels, dict[int, float | Found]], steps: Sequence[int]) -> None:
    expected = {labels: _numbered(points, steps) for labels, points in case.series}
    assert set(found) == set(expected), f"series {sorted(map(str, found))} instead of {sorted(map(str, expected))}"
    for labels, points in expected.items():
        assert list(found[labels]) == list(points), f"{labels}: samples at {list(found[labels])} instead of {list(points)}"
        for step, value in points.items():
            assert same(found[labels][step], value), f"{labels} at {step}: {found[labels][step]} instead of {value}"


def same(found: float | Found, expected: float | Written) -> bool:
    """Whether a sample of an answer is what is expected."""
    if isinstance(expected, float):
        return isinstance(found, float) and almost_equal(found, expected)
    if isinstance(found, float) or (expected.hinted and found.hint != expected.histogram.reset_hint):
        return False
    wanted = flat(expected.histogram)
    return set(wanted) == set(found.parts) and all(almost_equal(found.parts[name], number) for name, number in wanted.items())


def _numbered(points: tuple[Point, ...], steps: Sequence[int]) -> dict[int, float | Written]:
    return {step: point for step, point in zip(steps, points, strict=False) if point is not None}


def _check_order(case: Case, result: QueryResult) -> None:
    if case.expects("ordered"):
        assert list(result.labels) == [labels for labels, _ in case.series]


def _check_as_range(engine: Engine, case: Case) -> None:
    """An instant query answers like the middle step of a range query."""
    words = ("range(", "start(", "end(", "step(")
    if not case.instant or case.expects("ordered") or any(word in case.query.replace(" ", "").lower() for word in words):
        return
    result = engine.range(case.query, case.start - _MINUTE, case.start + _MINUTE, _MINUTE)
    middle = {labels: {case.start: points[case.start]} for labels, points in _points(result).items() if case.start in points}
    _check_series(case, middle, [case.start])


def almost_equal(left: float, right: float) -> bool:
    """Whether two values agree to a relative error of 10⁻⁶, as Prometheus' own tests compare."""
    if math.isnan(left) or math.isnan(right):
        stale = is_stale(np.array([left, right]))
        return math.isnan(left) and math.isnan(right) and stale[0] == stale[1]
    if left == right:
        return True
    total, difference = abs(left) + abs(right), abs(left - right)
    if not left or not right or total < np.finfo(np.float64).tiny:
        return difference < _EPSILON * float(np.finfo(np.float64).tiny)
    return difference / min(total, np.finfo(np.float64).max) < _EPSILON
