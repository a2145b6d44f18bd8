"""The answer to a query as JSON: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import orjson

from fusewatch.api.prometheus.answers import envelope
from fusewatch.api.prometheus.histogram_numbers import print_histograms
from fusewatch.api.prometheus.numbers import print_series
from fusewatch.promql.explain import Explained
from fusewatch.promql.numbers import format_value
from fusewatch.promql.result import QueryResult, Statistics
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import Float64s, Int64s

#: Points that are printed in one go: bounds what is held beside the answer itself, and how long a copy of it holds the GIL (3 ms).
_POINTS_AT_ONCE: Final = 1 << 18
_TRUNCATED: Final = "results truncated due to limit"

#: ``labels``, ``offsets`` (series + 1), ``timestamps`` and ``values`` of the points.
Columns = tuple[Sequence[Labels], Int64s, Int64s, Float64s]


def print_result(result: QueryResult, *, limit: int = 0, stats: bool = False, notes: Sequence[str] = ()) -> bytes:
    """The whole body of a successful answer; at most ``limit`` series (0: all), with a warning where more were found."""
    warnings = [*result.warnings, *notes]
    if 0 < limit < len(result) and result.type in {"vector", "matrix"}:
        warnings.append(_TRUNCATED)
    parts = [b'{"resultType":"', result.type.encode(), b'","result":', *_value(result, limit)]
    if stats:
        parts += [b',"stats":', orjson.dumps(statistics(result.statistics))]
    if result.explained is not None:
        parts += [b',"explain":', orjson.dumps(explanation(result.explained))]
    return envelope([*parts, b"}"], warnings=warnings, infos=result.infos)


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
    form = (b',"value":', b"}") if result.type == "vector" else (b',"values":[', b"]}")
    opening = b"["
    has_histograms = result.histograms is not None or result.raw_histograms is not None
    for piece in _mixed_pieces(result, limit) if has_histograms else _pieces(_columns(result), limit, *form):
        yield opening
        yield piece
        opening = b","
    yield b"[]" if opening == b"[" else b"]"


def _seconds(timestamp: int) -> float:
    return timestamp // 1000 if timestamp % 1000 == 0 else timestamp / 1000


def _columns(result: QueryResult) -> Columns:
    if result.raw is not None:
        return result.raw.labels, result.raw.offsets, result.raw.timestamps, result.raw.values
    counts = result.present.sum(axis=1)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    timestamps = np.broadcast_to(result.steps, result.present.shape)[result.present]
    return result.labels, offsets, timestamps, result.values[result.present]


def _mixed_pieces(result: QueryResult, limit: int) -> Iterator[bytes]:
    """The series one by one, where some of their points may be native histograms."""
    names = (b',"value":', b',"histogram":') if result.type == "vector" else (b',"values":[', b',"histograms":[')
    closing = b"" if result.type == "vector" else b"]"
    shown = 0
    for row, labels in enumerate(result.labels):
        parts = []
        times, values = result.points(row)
        if len(times):
            points = print_series([b""], b"", np.array([0, len(times)], np.int64), times, values)
            parts += [names[0], points, closing]
        times, numbers, pool = result.histogram_points(row)
        if len(times):
            parts += [names[1], print_histograms(pool, numbers, times), closing]
        if parts:
            yield b"".join((b'{"metric":', orjson.dumps(labels.as_dict()), *parts, b"}"))
            shown += 1
        if shown == limit > 0:
            return


def _pieces(columns: Columns, limit: int, opening: bytes, tail: bytes) -> Iterator[bytes]:
    """The series in groups of bounded size; series without points are no part of an answer."""
    labels, offsets, timestamps, values = columns
    filled = np.flatnonzero(np.diff(offsets))
    rows = filled[:limit] if limit else filled
    first = 0
    while first < len(rows):
        last = first + max(1, int(np.searchsorted(offsets[rows[first:] + 1], offsets[rows[first]] + _POINTS_AT_ONCE)))
        group = rows[first:last]
        start, end = offsets[group[0]], offsets[group[-1] + 1]
        heads = [b'{"metric":' + orjson.dumps(labels[row].as_dict()) + opening for row in group.tolist()]
        bounds = np.append(offsets[group], end) - start
        yield print_series(heads, tail, bounds, timestamps[start:end], values[start:end])
        first = last
