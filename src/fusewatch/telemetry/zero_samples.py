"""A zero where a counter began: start timestamps made into samples.

The first sample of a counter says nothing of what it counted before; with a zero at its start, ``rate`` and ``increase`` see that too. This
is what Prometheus does with ``--enable-feature=created-timestamp-zero-ingestion`` (AppendSTZeroSample in tsdb/head_append.go): a zero is
injected before a sample whose start lies before it, and after every sample that its series had before. There the head takes no samples
more than an hour older than the newest, here a start more than an hour before its sample is passed over: the counter is an old one.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes
from fusewatch.telemetry.histograms import ResetHint
from fusewatch.telemetry.kernels import bare, bare_kernel
from fusewatch.telemetry.known_series import DecodedHistograms, UInt32s
from fusewatch.telemetry.samples import Int64s, UInt64s

HOUR_MS: Final = 3_600_000
#: The parts of a histogram's head that a zero keeps: kind of counts, schema, number of bounds; it says itself that it is a reset.
_HEAD_MASK: Final = U64(0xFFFFFFFF00FF00FF)
_RESET: Final = U64(int(ResetHint.YES) << 8)
_NEVER: Final = np.iinfo(np.int64).min

#: Reference, timestamp, value bits and start of each row.
StartedColumns = tuple[UInt32s, Int64s, UInt64s, Int64s]
#: Reference, timestamp, start and offsets (in words, one more than rows) of each row, and bodies in words of eight bytes.
StartedHistograms = tuple[UInt32s, Int64s, Int64s, Int64s, UInt64s]


@bare
def _begins(timestamp: int, start: int, newest: int) -> bool:
    return start != 0 and timestamp != 0 and newest < start < timestamp and timestamp - start <= HOUR_MS


@bare_kernel
def add_zeros(rows: StartedColumns, newest: Int64s, out: StartedColumns) -> int:
    """Copies ``rows`` (n) to ``out`` (at least 2 n) with a zero before each that begins a counter; how many there are then.

    ``newest`` (references) is the newest timestamp of each series so far, and is moved on.
    """
    refs, times, bits, starts = rows
    out_refs, out_times, out_bits, out_starts = out
    count = 0
    for k in range(len(refs)):
        ref = refs[k]
        if _begins(times[k], starts[k], newest[ref]):
            out_refs[count], out_times[count], out_bits[count], out_starts[count] = ref, starts[k], 0, 0
            count += 1
        newest[ref] = max(newest[ref], times[k])
        out_refs[count], out_times[count], out_bits[count], out_starts[count] = ref, times[k], bits[k], starts[k]
        count += 1
    return count


@bare_kernel
def add_zero_histograms(rows: StartedHistograms, newest: Int64s, out: StartedHistograms) -> int:
    """The same for histograms; a zero has the schema, zero threshold and bounds of the one it stands before. ``out``: twice the room."""
    refs, times, starts, offsets, words = rows
    out_refs, out_times, out_starts, out_offsets, out_words = out
    count, at = 0, 0
    out_offsets[0] = 0
    for k in range(len(refs)):
        ref, first, last = refs[k], offsets[k], offsets[k + 1]
        if _begins(times[k], starts[k], newest[ref]):
            bounds = int(np.int64(words[first] >> U64(32)))
            out_words[at] = words[first] & _HEAD_MASK | _RESET
            for place in range(1, 6):
                out_words[at + place] = words[first + 3] if place == 3 else 0
            for place in range(bounds):
                out_words[at + 6 + place] = words[last - bounds + place]
            at += 6 + bounds
            out_refs[count], out_times[count], out_starts[count], out_offsets[count + 1] = ref, starts[k], 0, at
            count += 1
        newest[ref] = max(newest[ref], times[k])
        for place in range(first, last):
            out_words[at] = words[place]
            at += 1
        out_refs[count], out_times[count], out_starts[count], out_offsets[count + 1] = ref, times[k], starts[k], at
        count += 1
    return count


class ZeroSamples:
    """Injects zeros; knows the newest timestamp of each series that came this way (8 bytes a series).

    After a restart it knows none: a zero may then be written a second time, over itself.
    """

    def __init__(self) -> None:
        self._epoch = -1
        self._newest: Int64s = np.empty(0, np.int64)

    def samples(self, epoch: int, rows: StartedColumns) -> StartedColumns:
        """The rows, zeros among them."""
        newest = self._fit(epoch, rows[0])
        size = 2 * len(rows[0])
        out = (np.empty(size, np.uint32), np.empty(size, np.int64), np.empty(size, np.uint64), np.empty(size, np.int64))
        count = add_zeros(rows, newest, out)
        refs, times, bits, starts = out
        return refs[:count], times[:count], bits[:count], starts[:count]

    def histograms(self, epoch: int, rows: DecodedHistograms, starts: Int64s) -> tuple[DecodedHistograms, Int64s]:
        """The histograms, empty ones among them, and the starts of all."""
        newest = self._fit(epoch, rows.refs)
        size, words = 2 * len(rows), rows.bodies.view(np.uint64)
        out = (
            np.empty(size, np.uint32),
            np.empty(size, np.int64),
            np.empty(size, np.int64),
            np.empty(size + 1, np.int64),
            np.empty(2 * len(words), np.uint64),
        )
        count = add_zero_histograms((rows.refs, rows.timestamps, starts, rows.offsets // 8, words), newest, out)
        refs, times, out_starts, offsets, bodies = out
        data: Bytes = bodies[: offsets[count]].view(np.uint8)
        return DecodedHistograms(refs[:count], times[:count], offsets[: count + 1] * 8, data), out_starts[:count]

    def _fit(self, epoch: int, refs: UInt32s) -> Int64s:
        """The newest timestamps with a place for each reference."""
        if epoch != self._epoch:
            self._epoch, self._newest = epoch, np.empty(0, np.int64)
        need = int(refs.max(initial=0)) + 1
        if need > len(self._newest):
            grown = np.full(need + need // 2, _NEVER, np.int64)
            grown[: len(self._newest)] = self._newest
            self._newest = grown
        return self._newest
