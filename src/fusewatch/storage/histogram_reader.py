"""Reads native histograms: of the head and of ClickHouse as one, the last write of each timestamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.storage.catalog import Selection
from fusewatch.storage.client import Handle
from fusewatch.storage.head import HeadView
from fusewatch.storage.partitions import DAY_HOURS
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.strings import Strings, gather, offsets_of
from fusewatch.storage.tombstones import Tombstones
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import Bytes, HistogramSet, Int64s, UInt64s

_ROWS: Final = """
SELECT id, timestamp, body, seq
FROM histograms
WHERE metric IN ({{metrics:Array(UInt64)}})
  AND {ids}
  AND timestamp BETWEEN {{start:Int64}} AND {{end:Int64}}
  AND day BETWEEN {{first:UInt32}} AND {{last:UInt32}}
"""
_METRICS: Final = "SELECT DISTINCT metric FROM histograms"
#: More ids than this are looked up by ClickHouse itself rather than sent to it.
_MOST_IDS: Final = 20_000
#: A histogram counts against the limit of samples as so many bytes to a sample, as in Prometheus.
_BYTES_PER_SAMPLE: Final = 16


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows as they were found: ids, timestamps, seqs (n each); the body of row k is ``blob[offsets[k]:offsets[k + 1]]``."""

    ids: UInt64s
    timestamps: Int64s
    seqs: UInt64s
    offsets: Int64s
    blob: Bytes


def metrics_with_histograms(handle: Handle) -> set[int]:
    """The hashes of the names of metrics that have any in ClickHouse. Blocks."""
    return {int(row[0]) for row in handle.rows(_METRICS)}


def head_parts(views: Sequence[HeadView], start: int, end: int) -> list[_Part]:
    """What waits for ClickHouse from ``start`` to ``end`` (ms)."""
    return [
        _Part(rows.ids, rows.timestamps, np.full(len(rows), view.number, np.uint64), rows.offsets, rows.bodies)
        for view in views
        for rows in view.histograms
        if len(rows) and rows.timestamps.min() <= end and rows.timestamps.max() >= start
    ]


def read_histograms(
    handle: Handle, selection: Selection, limits: tuple[int, int], head: Sequence[_Part], tombstones: Tombstones, budget: Budget
) -> HistogramSet | None:
    """The histograms of the selected series within ``limits`` (ms, both ends); None when there are none. Blocks.

    Raises:
        LimitExceededError: more than the budget allows.
    """
    by_id = np.argsort(selection.ids)
    wanted = selection.ids[by_id]
    parts = [*head, *_stored(handle, selection, wanted, limits, budget)]
    if not parts:
        return None
    ids, times, seqs = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "timestamps", "seqs"))
    sizes = np.concatenate([np.diff(part.offsets) for part in parts])
    blob = np.concatenate([part.blob[: int(part.offsets[-1])] for part in parts])
    starts = np.cumsum(sizes) - sizes
    at = np.minimum(np.searchsorted(wanted, ids), len(wanted) - 1)
    good = (wanted[at] == ids) & (times >= limits[0]) & (times <= limits[1]) & ~_hidden(ids, times, seqs, tombstones)
    places = by_id[at]
    order = np.lexsort((seqs, times, places))
    order = order[good[order]]
    if not len(order):
        return None
    same = (places[order][:-1] == places[order][1:]) & (times[order][:-1] == times[order][1:])
    order = order[np.append(~same, True)]
    ends = offsets_of(sizes[order])
    budget.take(int(ends[-1]) // _BYTES_PER_SAMPLE)
    bodies = np.empty(int(ends[-1]), np.uint8)
    gather(blob, starts[order], ends, bodies)
    offsets = np.zeros(len(selection) + 1, np.int64)
    np.cumsum(np.bincount(places[order], minlength=len(selection)), out=offsets[1:])
    return HistogramSet(offsets, times[order], ends, bodies)


def _stored(handle: Handle, selection: Selection, wanted: UInt64s, limits: tuple[int, int], budget: Budget) -> list[_Part]:
    start, end = limits
    parameters = {
        "metrics": np.unique(selection.metrics).tolist(),
        "start": start,
        "end": end,
        "first": _day(start),
        "last": _day(end),
    }
    condition = "1"
    if len(wanted) <= _MOST_IDS:
        condition = "id IN ({ids:Array(UInt64)})"
        parameters["ids"] = wanted.tolist()
    parts = []
    for block in handle.blocks(_ROWS.format(ids=condition), parameters):
        budget.check()
        bodies: Strings = block["body"]
        parts.append(_Part(block["id"], block["timestamp"], block["seq"], bodies.offsets, bodies.blob))
    return parts


def _hidden(ids: UInt64s, times: Int64s, seqs: UInt64s, tombstones: Tombstones) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    hidden = np.zeros(len(ids), np.bool_)
    for series, start, end, seq in zip(tombstones.ids, tombstones.starts, tombstones.ends, tombstones.seqs, strict=True):
        hidden |= (ids == series) & (times >= start) & (times <= end) & (seqs <= seq)
    return hidden


def _day(timestamp: int) -> int:
    hour = min(max(timestamp // HOUR_MS, 0), (1 << 32) - 1)
    return hour - hour % DAY_HOURS
