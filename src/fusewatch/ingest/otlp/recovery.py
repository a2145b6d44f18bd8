"""What the sums of delta series come to after a restart of the receiver.

The sums are written beside the log each time a segment of it ends, before the engine may take the segment over; the ids of series that are
new since then are written before their first sum is logged. So at a start whatever is later than the snapshot is in the segments that
follow it, which are all still there, and it is known which series to look for. The same file is in a backup, where it says what the sums
came to at the end of the last segment that is in it (storage/backup/freezing.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import structlog

from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.storage.log_end import cut_log
from fusewatch.storage.log_reader import SegmentReader
from fusewatch.storage.log_snapshot import SNAPSHOT, pack_snapshot, unpack_snapshot
from fusewatch.storage.records import read_histograms, read_samples
from fusewatch.storage.wal import Kind, SegmentFile, find_segments
from fusewatch.telemetry.samples import STALE_BITS, Float64s, Int64s, UInt64s

_IDS_FILE: Final = f"{SNAPSHOT}.ids"
_STALE: Final = np.uint64(STALE_BITS)

#: Ids, times (ms) and values of some samples.
Columns = tuple[UInt64s, Int64s, Float64s]


class DeltaSnapshots:
    """Keeps the sums in files of the log's folder."""

    def __init__(self, folder: Path, state: DeltaState) -> None:
        self._path = folder / SNAPSHOT
        self._ids_path = folder / _IDS_FILE
        self._folder = folder
        self._state = state

    def load(self) -> None:
        """Brings the sums to what was logged last. Blocks; must be done before the log is written again.

        Raises:
            OSError: the sums can't be written.
        """
        cut_log(self._folder)
        number = self._read_snapshot()
        ids = self._state.ids | self._read_ids()
        segments = [file for file in find_segments(self._folder) if file.number > number]
        if not ids or not segments:
            return
        wanted = np.sort(np.fromiter(ids, np.uint64, len(ids)))
        histograms: dict[int, tuple[int, bytes]] = {}
        for file in segments:
            found, times, values = _latest(_read_segment(file, wanted, histograms))
            slots = np.array([self._state.slot(one) for one in found.tolist()], np.int32)
            self._state.seed(slots, times, values)
        for one, stored in histograms.items():
            self._state.seed_native(self._state.slot(one), *stored)
        self.save(segments[-1].number)

    def note_new(self) -> None:
        """Writes which series are new; to be called before their first sums are logged.

        Raises:
            OSError: they can't be written, so nothing of them must be logged.
        """
        if self._state.fresh:
            with self._ids_path.open("ab") as file:
                file.write(np.array(self._state.fresh, np.uint64).tobytes())
            self._state.fresh.clear()

    def save(self, number: int) -> None:
        """Writes the sums as they are at the end of that segment, where there are or were any.

        Raises:
            OSError: they can't be written.
        """
        if not len(self._state) and not self._path.exists():
            return
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(pack_snapshot(number, self._state.dump()))
        fresh.replace(self._path)
        self._ids_path.unlink(missing_ok=True)
        self._state.fresh.clear()

    def _read_snapshot(self) -> int:
        """The segment at whose end the sums were so; 0 without any."""
        try:
            number, content = unpack_snapshot(self._path.read_bytes())
            self._state.load(content)
        except FileNotFoundError:
            return 0
        except ValueError as error:
            structlog.get_logger(component="otlp").warning("the sums of delta series can't be read; they begin anew", reason=str(error))
            return 0
        self._state.fresh.clear()
        return number

    def _read_ids(self) -> set[int]:
        try:
            data = self._ids_path.read_bytes()
        except FileNotFoundError:
            return set()
        return set(np.frombuffer(data, np.uint64, len(data) // 8).tolist())


def _read_segment(file: SegmentFile, wanted: UInt64s, histograms: dict[int, tuple[int, bytes]]) -> list[Columns]:
    """The float samples of some series (sorted ids) in a segment that are no staleness markers; the series' histograms are entered."""
    parts: list[Columns] = [(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0))]
    reader = SegmentReader(file)
    while records := reader.read(reader.size):
        for record in records:
            if record.kind is Kind.SAMPLES:
                ids, times, bits = read_samples(record.body)
                good = (bits != _STALE) & (wanted[np.minimum(np.searchsorted(wanted, ids), len(wanted) - 1)] == ids)
                parts.append((ids[good], times[good], bits[good].view(np.float64)))
            elif record.kind is Kind.HISTOGRAMS:
                rows = read_histograms(record.body)
                for k, one in enumerate(rows.ids.tolist()):
                    if wanted[min(np.searchsorted(wanted, one), len(wanted) - 1)] != one:
                        continue
                    body = rows.bodies[rows.offsets[k] : rows.offsets[k + 1]].tobytes()
                    histograms[one] = max(histograms.get(one, (-1, b"")), (int(rows.timestamps[k]), body))
    reader.close()
    return parts


def _latest(parts: list[Columns]) -> Columns:
    """The latest sample of each id, ascending by id; of one time the one that came later."""
    ids, times, values = (np.concatenate([part[k] for part in parts]) for k in range(3))
    order = np.lexsort((times, ids))
    last = np.ones(len(order), np.bool_)
    last[:-1] = ids[order][:-1] != ids[order][1:]
    order = order[last]
    return ids[order], times[order], values[order]
