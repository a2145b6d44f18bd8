"""What is held at a start: the rows that no chunk has yet, where they are few. Otherwise every read would ask ClickHouse for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fusewatch.storage.client import Handle
from fusewatch.storage.head import Columns
from fusewatch.storage.id_table import IdTable
from fusewatch.storage.partitions import BlockRows
from fusewatch.storage.recent import Run
from fusewatch.telemetry.samples import UInt64s

_ROWS: Final = "SELECT id, timestamp, reinterpretAsUInt64(value) AS bits, seq FROM samples ORDER BY seq"
#: What a row takes in a run, about.
_ROW_BYTES: Final = 17
#: More rows than this, and a start would wait for them.
_MOST_ROWS: Final = 4_000_000
#: So many runs, so that not all goes at once when room is needed.
_RUNS: Final = 8
#: Runs of one level are merged; these are not.
_LEVEL: Final = 1 << 16


def runs_at_start(handle: Handle, blocks: Sequence[BlockRows], table: IdTable, committed: int, limit: int) -> tuple[Run, ...]:
    """All rows of ClickHouse as runs, ready to be held, or none where they are too many for ``limit`` (bytes) or for a quick start.

    ``committed`` is the last segment that ClickHouse has. Blocks.
    """
    rows = sum(one.rows for one in blocks)
    if not 0 < rows <= min(_MOST_ROWS, limit // (2 * _ROW_BYTES)):
        return ()
    found = list(handle.blocks(_ROWS))
    ids, times, bits, seqs = (np.concatenate([block[name] for block in found]) for name in ("id", "timestamp", "bits", "seq"))
    refs, _ = table.find(ids)
    known = refs > 0
    if not known.any():
        return ()
    columns = Columns(refs[known], times[known], bits[known])
    return tuple(_runs(columns, seqs[known], committed))


def _runs(columns: Columns, seqs: UInt64s, committed: int) -> list[Run]:
    """Rows in the order of their segments, as runs that end with one of these; the first begins with the log, the last ends with it."""
    made: list[Run] = []
    start, first = 0, 0
    for part in range(1, _RUNS + 1):
        last = committed if part == _RUNS else int(seqs[min(len(seqs) * part // _RUNS, len(seqs) - 1)])
        stop = len(seqs) if part == _RUNS else int(np.searchsorted(seqs, last, side="right"))
        if stop > start:
            rows = Columns(columns.refs[start:stop], columns.timestamps[start:stop], columns.bits[start:stop])
            made.append(Run.spanning(first, max(last, first), rows, _LEVEL))
            start, first = stop, last + 1
    return made
