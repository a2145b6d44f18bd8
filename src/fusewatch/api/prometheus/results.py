"""The answer to a query as JSON: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

import numpy as np
import orjson

from fusewatch.api.prometheus.answers import envelope
from fusewatch.api.prometheus.histogram_numbers import print_histograms
from fusewatch.api.prometheus.numbers import print_series
from fusewatch.promql.explain import Explained
from fusewatch.promql.kernels.native.pool import Pool
from fusewatch.promql.numbers import format_value
from fusewatch.promql.result import QueryResult, Statistics
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import Float64s, Int64s

#: Points (a megabyte) and native histograms (some) that are printed in one go: bounds what is held beside the result, and for how long
#: copies of it hold the GIL.
_POINTS_AT_ONCE: Final = 1 << 15
_HISTOGRAMS_AT_ONCE: Final = 1 << 8
_TRUNCATED: Final = "results truncated due to limit"


def print_result(result: QueryResult, *, limit: int = 0, stats: bool = False, notes: Sequence[str] = ()) -> Iterator[bytes]:
    """The body of a successful answer, in parts that are printed as they are taken.

    At most ``limit`` series (0: all), with a warning where more were found.
    """
    return envelope(_data(result, limit, stats=stats), warnings=_warnings(result, limit, notes), infos=result.infos)


def _warnings(result: QueryResult, limit: int, notes: Sequence[str]) -> Sequence[str]:
    warnings = [*result.warnings, *notes]
    if 0 < limit < len(result) and result.type in {"vector", "matrix"}:
        warnings.append(_TRUNCATED)
    return warnings


def _data(result: QueryResult, limit: int, *, stats: bool) -> Iterator[bytes]:
    yield b'{"resultType":"%b","result":' % result.type.encode()
    yield from _value(result, limit)
    if stats:
        yield b',"stats":' + orjson.dumps(statistics(result.statistics))
    if result.explained is not None:
        yield b',"explain":' + orjson.dumps(explanation(result.explained))
    yield b"}"


def statistics(found: Statistics) -> Mapping[str, object]:
    """What ``stats=all`` shows: seconds and samples, under Prometheus' names."""
    seconds = found.seconds
    preparation = seconds.get("parse", 0.0) + seconds.get("plan", 0.0)
    evaluation = seconds.get("fetch", 0.0) + seconds.get("evaluate", 0.0)
    return {
        "timings": {
            "evalTotalTime": preparation + evaluation,
            "resultSortTime": 0.0,
            "queryPreparationTime": preparation,
            "innerEvalTime": evaluation,
            "execQueueTime": 0.0,
            "execTotalTime": preparation + evaluation,
        },
        "samples": {"totalQueryableSamples": found.samples, "peakSamples": found.samples},
    }


def explanation(found: Explained) -> dict[str, object]:
    """What each part of a query found, in what time; ``reason`` says why it is empty, where that can be told."""
    return {
        "query": found.text,
        "series": found.series,
        "seconds": found.seconds,
        "ownSeconds": found.own_seconds,
        **({"reason": found.reason} if found.reason else {}),
        "parts": [explanation(part) for part in found.parts],
    }


def _value(result: QueryResult, limit: int) -> Iterator[bytes]:
    if result.type in {"string", "scalar"}:
        text = result.string if result.type == "string" else format_value(float(result.values[0, 0]))
        yield orjson.dumps([_seconds(int(result.steps[0])), text])
        return
    has_histograms = result.histograms is not None or result.raw_histograms is not None
    yield b"["
    yield from _listed(_mixed_series(result, limit) if has_histograms else _series(result, limit))
    yield b"]"


def _listed(members: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    """The parts of all members, with commas between those."""
    for number, parts in enumerate(members):
        if number:
            yield b","
        yield from parts


def _seconds(timestamp: int) -> float:
    return timestamp // 1000 if timestamp % 1000 == 0 else timestamp / 1000


def _series(result: QueryResult, limit: int) -> Iterator[Iterable[bytes]]:
    """The series in groups of bounded size; series without points are no part of an answer."""
    opening, tail = (b',"value":', b"}") if result.type == "vector" else (b',"values":[', b"]}")
    counts = result.present.sum(axis=1) if result.raw is None else np.diff(result.raw.offsets)
    rows = np.flatnonzero(counts)
    rows = rows[:limit] if limit else rows
    ends = np.cumsum(counts[rows])
    first = printed = 0
    while first < len(rows):
        last = max(first + 1, int(np.searchsorted(ends, printed + _POINTS_AT_ONCE, side="right")))
        heads = [_metric(result.labels[row]) + opening for row in rows[first:last].tolist()]
        points = _points(result, slice(int(rows[first]), int(rows[last - 1]) + 1))
        if last - first == 1:
            yield chain((heads[0],), _numbers(*points), (tail,))
        else:
            bounds = np.concatenate((np.zeros(1, np.int64), ends[first:last] - printed))
            yield (print_series(heads, tail, bounds, *points),)
        first, printed = last, int(ends[last - 1])


def _points(result: QueryResult, rows: slice) -> tuple[Int64s, Float64s]:
    """The timestamps and values of series in a row."""
    if result.raw is not None:
        found = slice(int(result.raw.offsets[rows.start]), int(result.raw.offsets[rows.stop]))
        return result.raw.timestamps[found], result.raw.values[found]
    present = result.present[rows]
    return np.broadcast_to(result.steps, present.shape)[present], result.values[rows][present]


def _metric(labels: Labels) -> bytes:
    return b'{"metric":' + orjson.dumps(labels.as_dict())


def _numbers(times: Int64s, values: Float64s) -> Iterator[bytes]:
    """The points of one series."""

    def some(at: int) -> bytes:
        chosen = slice(at, at + _POINTS_AT_ONCE)
        return print_series([b""], b"", np.array([0, len(times[chosen])], np.int64), times[chosen], values[chosen])

    return _listed((some(at),) for at in range(0, len(times), _POINTS_AT_ONCE))


def _histograms(times: Int64s, numbers: Int64s, pool: Pool) -> Iterator[bytes]:
    """The native histograms of one series."""

    def some(at: int) -> bytes:
        chosen = slice(at, at + _HISTOGRAMS_AT_ONCE)
        return print_histograms(pool, numbers[chosen], times[chosen])

    return _listed((some(at),) for at in range(0, len(times), _HISTOGRAMS_AT_ONCE))


def _mixed_series(result: QueryResult, limit: int) -> Iterator[Iterable[bytes]]:
    """The series one by one, where some of their points may be native histograms."""
    names = (b',"value":', b',"histogram":') if result.type == "vector" else (b',"values":[', b',"histograms":[')
    closing = b"" if result.type == "vector" else b"]"

    def parts(row: int) -> Iterator[bytes]:
        yield _metric(result.labels[row])
        times, values = result.points(row)
        if len(times):
            yield from chain((names[0],), _numbers(times, values), (closing,))
        times, numbers, pool = result.histogram_points(row)
        if len(times):
            yield from chain((names[1],), _histograms(times, numbers, pool), (closing,))
        yield b"}"

    filled = (row for row in range(len(result)) if len(result.points(row)[0]) or len(result.histogram_points(row)[0]))
    return (parts(row) for row in (islice(filled, limit) if limit else filled))
