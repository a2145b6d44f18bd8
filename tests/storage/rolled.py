"""Samples that try everything that roll-ups could get wrong, and queries of them with roll-ups and without."""

from __future__ import annotations

import math

import numpy as np
from tests.storage.conftest import DAY
from tests.storage.test_sealing import write_bits

from fusewatch.promql.engine import Engine, QueryOptions
from fusewatch.promql.result import QueryResult
from fusewatch.promql.rollups import RollupUse
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import STALE_BITS

MINUTE = 60_000
SERIES = [Labels({"__name__": "x_total", "k": str(k)}) for k in range(4)]
FUNCTIONS = (
    "rate",
    "increase",
    "delta",
    *(f"{name}_over_time" for name in ("sum", "avg", "min", "max", "count", "first", "last", "present", "absent")),
)
Points = dict[str, dict[int, float | str]]


def write_day(store: MetricStore, day: int, seed: int, minutes: int = 1) -> None:
    """A day (ms) of counters that start again, gauges with gaps, NaN and infinities, and series that end and begin again."""
    random = np.random.default_rng(seed)
    for k, labels in enumerate(SERIES):
        times = day + MINUTE * np.arange(0, 24 * 60, minutes) + (0 if k == 0 else int(random.integers(0, MINUTE)))
        values = np.cumsum(random.integers(0, 5, len(times))).astype(float)
        if k % 2:
            values = np.round(random.normal(0, 100, len(times)), 2)
            values[random.random(len(times)) < 0.02] = math.nan
            values[random.random(len(times)) < 0.002] = math.inf
        else:
            for at in random.integers(0, len(times), 12):
                values[at:] -= values[at]
        bits = values.view(np.uint64).copy()
        bits[random.random(len(times)) < 0.01] = STALE_BITS
        kept = (times < day + DAY) & (random.random(len(times)) < 0.95)
        gap = int(random.integers(0, len(times)))
        kept[gap : gap + int(random.integers(1, 400))] = False
        kept[0] |= k == 0  # the very first moment of a day belongs to a window of the day before
        write_bits(store, labels, times[kept], bits[kept])


def points(result: QueryResult) -> Points:
    """The answer as series -> time -> value; NaN as a text, which is equal to itself."""
    return {
        str(labels): {
            time: "NaN" if math.isnan(value) else value for time, value in zip(*map(np.ndarray.tolist, result.points(row)), strict=True)
        }
        for row, labels in enumerate(result.labels)
    }


def both(
    store: MetricStore, query: str, start: int, end: int, step: int, lookback_ms: int | None = None
) -> tuple[QueryResult, QueryResult]:
    """The answers with roll-ups, as far as they are exact, and without."""
    engine = Engine(store)
    found = [
        engine.range(query, start, end, step, options=QueryOptions(rollups=use, lookback_ms=lookback_ms))
        for use in (RollupUse.EXACT, RollupUse.NEVER)
    ]
    return found[0], found[1]


def used(result: QueryResult) -> bool:
    """Whether the answer says that roll-ups were read."""
    return any("roll-ups" in info for info in result.infos)


def assert_same(left: QueryResult, right: QueryResult) -> None:
    """Up to what rounding makes of sums in another order."""
    one, other = points(left), points(right)
    assert one.keys() == other.keys()
    for key, found in one.items():
        assert found.keys() == other[key].keys(), key
        values, wanted = (np.array(list(column.values()), np.float64) for column in (found, other[key]))
        np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-9, err_msg=key)
