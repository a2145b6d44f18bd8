"""Samples, native histograms and exemplars of a stretch of the log as one list of rows, in the order in which they go out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.log_reader import ReadRecord
from fusewatch.storage.records import read_exemplars, read_histograms, read_samples
from fusewatch.storage.series_kernels import UInt8s
from fusewatch.storage.wal import Kind
from fusewatch.telemetry.samples import Bytes, ExemplarRows, HistogramRows, Int64s, UInt64s

N = TypeVar("N", bound=np.generic)

#: What a row is.
SAMPLE, HISTOGRAM, EXEMPLAR, KINDS = range(4)
#: Before any timestamp.
LONG_AGO: Final = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows (n): ``ids`` uint64, ``kinds`` uint8, ``times`` int64 ms; what ``words`` uint64 is depends on the kind.

    Of a sample it is the value's bits; of a histogram, where its binary form begins in ``histograms`` (in words); of an exemplar, its
    number k: its value is ``exemplar_bits[k]``, its canonical labels are ``exemplar_labels[exemplar_offsets[k]:exemplar_offsets[k + 1]]``.
    """

    ids: UInt64s
    kinds: UInt8s
    times: Int64s
    words: UInt64s
    histograms: UInt64s
    exemplar_bits: UInt64s
    exemplar_offsets: Int64s
    exemplar_labels: Bytes

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(slots=True)
class RowList:
    """Rows while they are taken from records. What ``series`` and ``metadata`` say of records is done at once."""

    histograms_wanted: bool
    exemplars_wanted: bool
    count: int = 0
    #: When the first of them was received (ms UTC), 0 without any, and the newest timestamp.
    since: int = 0
    newest: int = LONG_AGO
    _columns: list[tuple[UInt64s, int, Int64s, UInt64s]] = field(default_factory=list)
    _histograms: list[Bytes] = field(default_factory=list)
    _histogram_bytes: int = 0
    _exemplars: list[ExemplarRows] = field(default_factory=list)
    _exemplar_count: int = 0

    def add(self, record: ReadRecord, learn: Callable[[ReadRecord], None]) -> None:
        """Takes what a record holds, in memory of its own; ``learn`` gets series and metadata."""
        match record.kind:
            case Kind.SAMPLES:
                ids, times, bits = read_samples(record.body)
                self._add(record, SAMPLE, ids.copy(), times.copy(), bits.copy())
            case Kind.HISTOGRAMS if self.histograms_wanted:
                self._add_histograms(record, read_histograms(record.body))
            case Kind.EXEMPLARS if self.exemplars_wanted:
                self._add_exemplars(record, read_exemplars(record.body))
            case Kind.SERIES | Kind.METADATA:
                learn(record)
            case _:
                pass

    def _add(self, record: ReadRecord, kind: int, ids: UInt64s, times: Int64s, words: UInt64s) -> None:
        if not len(ids):
            return
        if not self.count:
            self.since = record.received
        self.newest = max(self.newest, int(times.max()))
        self._columns.append((ids, kind, times, words))
        self.count += len(ids)

    def _add_histograms(self, record: ReadRecord, rows: HistogramRows) -> None:
        places = (rows.offsets[:-1] + self._histogram_bytes).astype(np.uint64) // np.uint64(8)
        self._add(record, HISTOGRAM, rows.ids.copy(), rows.timestamps.copy(), places)
        self._histograms.append(rows.bodies.copy())
        self._histogram_bytes += len(rows.bodies)

    def _add_exemplars(self, record: ReadRecord, rows: ExemplarRows) -> None:
        numbers = np.arange(self._exemplar_count, self._exemplar_count + len(rows), dtype=np.uint64)
        self._add(record, EXEMPLAR, rows.ids.copy(), rows.timestamps.copy(), numbers)
        labels = ExemplarRows(rows.ids[:0], rows.timestamps[:0], rows.values.copy(), rows.offsets, rows.labels.copy())
        self._exemplars.append(labels)
        self._exemplar_count += len(rows)

    def rows(self) -> Rows:
        """All rows, in the order of the log."""
        sizes = [len(ids) for ids, *_ in self._columns]
        kinds = np.repeat(np.array([kind for _, kind, _, _ in self._columns], np.uint8), sizes)
        texts = [part.labels for part in self._exemplars]
        lengths = [np.diff(part.offsets) for part in self._exemplars]
        offsets = np.zeros(self._exemplar_count + 1, np.int64)
        np.cumsum(_joined(lengths, np.int64), out=offsets[1:])
        return Rows(
            _joined([ids for ids, *_ in self._columns], np.uint64),
            kinds,
            _joined([times for _, _, times, _ in self._columns], np.int64),
            _joined([words for *_, words in self._columns], np.uint64),
            _joined(self._histograms, np.uint8).view(np.uint64),
            _joined([part.values for part in self._exemplars], np.float64).view(np.uint64),
            offsets,
            _joined(texts, np.uint8),
        )


def _joined(parts: Sequence[NDArray[N]], kind: type[N]) -> NDArray[N]:
    return np.concatenate(parts) if parts else np.empty(0, kind)
