"""Reads roll-ups, and puts them and samples together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.catalog import Selection
from fusewatch.storage.chunk_decoding import Samples
from fusewatch.storage.chunk_rows import MOST_IDS
from fusewatch.storage.client import Handle
from fusewatch.storage.partitions import DAY_HOURS
from fusewatch.storage.rollup_kernels import append_words, hide_windows
from fusewatch.storage.rollup_rows import Encoded, read_blocks
from fusewatch.storage.rollup_spans import Span
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.storage.tombstones import Tombstones
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.rollups import WHOLE, Aggregate, Rolled, RolledSpans
from fusewatch.telemetry.samples import Int64s, SeriesSet, is_stale

_WANTED: Final = """resolution = {resolution:UInt32}
  AND day BETWEEN {first:UInt32} AND {last:UInt32}
  AND metric IN {metrics:Array(UInt64)}
  AND id IN {ids:Array(UInt64)}"""


@dataclass(frozen=True, slots=True)
class Part:
    """What was read of all series for a part of the time: rows ``offsets[i]`` up to ``offsets[i + 1]`` are those of series i.

    ``times`` (n) int64 ms: of samples their own, of windows their ends; ``columns`` (n) each.
    """

    offsets: Int64s
    times: Int64s
    columns: Mapping[Aggregate, NDArray[Any]]


def read_rollups(handle: Handle, selection: Selection, span: Span, wanted: Sequence[Aggregate], hidden: Tombstones, budget: Budget) -> Part:
    """The windows of the selected series in a span, without those that ``hidden`` covers in part. Blocks.

    Raises:
        LimitExceededError: more than the budget allows.
        CorruptChunkError: they can't be decoded.
    """
    by_id = np.argsort(selection.ids)
    ids = selection.ids[by_id]
    parameters: dict[str, Any] = {
        "resolution": span.resolution // 1000,
        "first": span.start // HOUR_MS,
        "last": span.end // HOUR_MS - DAY_HOURS + 1,
    }
    blocks: list[dict[str, Any]] = []
    for at in range(0, len(ids), MOST_IDS):
        places = by_id[at : at + MOST_IDS]
        parameters |= {"metrics": np.unique(selection.metrics[places]).tolist(), "ids": ids[at : at + MOST_IDS].tolist()}
        for block in read_blocks(handle, wanted, _WANTED, parameters):
            budget.check()
            # A sample takes two numbers of 8 bytes.
            budget.take(int(block["count"].sum()) * (len(wanted) + 1) // 2)
            blocks.append(block)
    rows = Encoded.of(blocks, wanted)
    series = by_id[np.searchsorted(ids, rows.numbers["id"])]
    order = np.lexsort((rows.numbers["day"], series))
    found, series = rows.ordered(order).decoded(span.resolution), series[order]
    counts = np.bincount(series, np.diff(found.offsets), len(selection)).astype(np.int64)
    part = Part(np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), found.ends, found.columns)
    if not len(hidden):
        return part
    kept = np.ones(len(found.ends), np.uint8)
    hide_windows(found.offsets, found.ends, span.resolution, found.seqs, series, hidden.by_series(selection.ids), kept)
    return _only(part, kept.view(np.bool_))


def part_of_samples(samples: Samples, wanted: Sequence[Aggregate]) -> Part:
    """Samples as rows among windows: each its own sum, first and last."""
    values = samples.bits.view(np.float64)
    columns: dict[Aggregate, NDArray[Any]] = dict.fromkeys(wanted, values)
    for name in columns:
        if name is Aggregate.COUNT:
            columns[name] = np.where(is_stale(values), np.int64(1), np.int64(2))
        elif name in WHOLE:
            columns[name] = samples.times
        elif name is Aggregate.FALLS:
            columns[name] = np.zeros(len(values))
    return Part(samples.offsets, samples.times, columns)


def joined(labels: Sequence[Labels], parts: Sequence[Part], spans: Sequence[Span]) -> SeriesSet:
    """The parts, which follow each other in time, as one; series without rows left out. ``spans``: which each is of."""
    counts = np.sum([np.diff(part.offsets) for part in parts], axis=0)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    columns = {name: _strung([part.columns[name] for part in parts], parts, offsets) for name in parts[0].columns}
    filled = counts > 0
    used = [span for span, part in zip(spans, parts, strict=True) if span.resolution and len(part.times)]
    limits = [np.array([getattr(span, name) for span in used], np.int64) for name in ("start", "end", "resolution")]
    return SeriesSet(
        [labels[k] for k in np.flatnonzero(filled).tolist()],
        np.concatenate([np.zeros(1, np.int64), offsets[1:][filled]]),
        _strung([part.times for part in parts], parts, offsets),
        columns[Aggregate.LAST] if Aggregate.LAST in columns else np.zeros(int(offsets[-1])),
        rolled=Rolled(columns, RolledSpans(limits[0], limits[1] + 1, limits[2])),
    )


def _strung(columns: Sequence[NDArray[Any]], parts: Sequence[Part], offsets: Int64s) -> NDArray[Any]:
    """One column of all parts, series by series."""
    filled = [k for k, column in enumerate(columns) if len(column)]
    if len(filled) == 1:
        return columns[filled[0]]
    out, cursors, everyone = np.empty(int(offsets[-1]), columns[0].dtype), offsets[:-1].copy(), np.arange(len(offsets) - 1)
    for column, part in zip(columns, parts, strict=True):
        append_words(everyone, part.offsets, cursors, column.view(np.uint64), out.view(np.uint64))
        cursors += np.diff(part.offsets)
    return out


def _only(part: Part, kept: NDArray[np.bool_]) -> Part:
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)])
    return Part(before[part.offsets], part.times[kept], {name: column[kept] for name, column in part.columns.items()})
