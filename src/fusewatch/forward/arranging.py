"""Which rows go out, in which order, in which request.

Rows are sorted by id, so that those of a series stand together, by kind and time within it, and cut into shards by ranges of ids: a
series is always in one shard. What goes out depends on the stretch of the log and its cut alone, so that the same requests can be made
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.forward.rows import EXEMPLAR, HISTOGRAM, KINDS, Rows
from fusewatch.storage.series_kernels import UInt8s, UInt32s
from fusewatch.telemetry.chunks.bits import whole
from fusewatch.telemetry.chunks.layout import KIND, schema_of
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Why a row does not go out.
DROPPED_SERIES, UNKNOWN_SERIES, TOO_OLD, CUSTOM_BUCKETS, REPEATED, REASON_COUNT = range(6)
#: The same by Prometheus' names; a row that was written twice is none of them, its later writing goes out.
REASONS: Final = ("dropped_series", "unintentionally_dropped_series", "too_old", "nhcb_in_rw1_not_supported")
_HIGH: Final = np.uint64(32)
_ROW_BITS: Final = np.uint64((1 << 24) - 1)


@dataclass(frozen=True, slots=True)
class Arranged:
    """Rows as they go out.

    ``order`` (m) int64: the rows' numbers; ``slots`` (n) uint32: of each row, that of its labels; shard k has the places ``bounds[k]`` to
    ``bounds[k + 1]`` of the order. ``dropped`` (REASON_COUNT, KINDS) int64 counts what stays behind.
    """

    order: Int64s
    slots: UInt32s
    bounds: Int64s
    dropped: Int64s

    def requests(self, shard: int, per_request: int) -> Iterator[tuple[int, int]]:
        """The places, from and to, of each request of a shard."""
        stop = int(self.bounds[shard + 1])
        for first in range(int(self.bounds[shard]), stop, per_request):
            yield first, min(first + per_request, stop)


def arrange(rows: Rows, slots: UInt32s, sizes: Int64s, *, shards: int, oldest: int, custom_buckets: bool) -> Arranged:
    """Arranges rows (n) whose labels are in ``slots`` (n) and have ``sizes`` (n) bytes: none where the series is dropped.

    ``oldest`` (ms): what is before it stays behind; ``custom_buckets``: whether native histograms with such buckets can be sent.
    """
    order = _by_id(rows.ids)
    if not in_order(order, rows.ids, rows.kinds, rows.times):
        order = np.lexsort((rows.times, rows.kinds, rows.ids))
    dropped, kept = np.zeros((REASON_COUNT, KINDS), np.int64), np.empty(len(order), np.int64)
    columns = (rows.ids, rows.kinds, rows.times, rows.words)
    count = choose(order, columns, (slots, sizes), rows.histograms, (oldest, custom_buckets), dropped, kept)
    order = kept[:count]
    return Arranged(order, slots, _bounds(rows.ids[order], shards), dropped)


def _by_id(ids: UInt64s) -> Int64s:
    """The numbers of rows (n) by their ids, those of one id in their order; not quite where two ids begin with the same 40 bits.

    Sorting the first bits of the ids together with the rows' numbers takes 4 ns a row, a stable sort of the ids 54.
    """
    if len(ids) > int(_ROW_BITS):
        return np.argsort(ids, kind="stable")
    keys = ids & ~_ROW_BITS | np.arange(len(ids), dtype=np.uint64)
    keys.sort()
    return (keys & _ROW_BITS).astype(np.int64)


def _bounds(ids: UInt64s, shards: int) -> Int64s:
    """Where each shard of sorted ids (n) begins and the last one ends (shards + 1): equal ranges of their higher halves."""
    return np.searchsorted((ids >> _HIGH) * np.uint64(shards) >> _HIGH, np.arange(shards + 1, dtype=np.uint64)).astype(np.int64)


@kernel
def in_order(order: Int64s, ids: UInt64s, kinds: UInt8s, times: Int64s) -> bool:
    """Whether rows are sorted by id, and within each by kind and time."""
    for place in range(1, len(order)):
        before, row = order[place - 1], order[place]
        if ids[before] > ids[row]:
            return False
        if ids[before] == ids[row] and (kinds[before] > kinds[row] or (kinds[before] == kinds[row] and times[before] > times[row])):
            return False
    return True


@kernel
def choose(
    order: Int64s,
    columns: tuple[UInt64s, UInt8s, Int64s, UInt64s],
    labels: tuple[UInt32s, Int64s],
    histograms: UInt64s,
    limits: tuple[int, bool],
    dropped: NDArray[np.int64],
    kept: Int64s,
) -> int:
    """Fills ``kept`` with the rows of ``order`` that go out; how many. Of two of one kind, series and time the later one."""
    ids, kinds, times, words = columns
    slots, sizes = labels
    oldest, custom_buckets = limits
    count = 0
    for place in range(len(order)):
        row = order[place]
        kind, reason = kinds[row], -1
        if slots[row] == 0:
            reason = UNKNOWN_SERIES
        elif sizes[row] == 0:
            reason = DROPPED_SERIES
        elif times[row] < oldest:
            reason = TOO_OLD
        elif kind == HISTOGRAM and not custom_buckets and schema_of(histograms[whole(words[row]) + KIND]) == CUSTOM_SCHEMA:
            reason = CUSTOM_BUCKETS
        elif kind != EXEMPLAR and place + 1 < len(order):
            after = order[place + 1]
            if ids[after] == ids[row] and kinds[after] == kind and times[after] == times[row]:
                reason = REPEATED
        if reason >= 0:
            dropped[reason, kind] += 1
        else:
            kept[count] = row
            count += 1
    return count
