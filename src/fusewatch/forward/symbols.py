"""The texts of a target's series, each once and by number, as remote write 2.0 has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from fusewatch.forward.labels import Renamer
from fusewatch.forward.metadata import type_number
from fusewatch.storage.records import SeriesRows
from fusewatch.storage.series_kernels import UInt8s, UInt32s
from fusewatch.storage.series_table import metric_of
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import Bytes, Int64s

#: How the series of a family are named, by its type, beside the family's own name.
_SUFFIXES: Final = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "summary": ("_count", "_sum"),
    "info": ("_info",),
}


class Symbols:
    """Texts by number; number 0 is "". A series is its metric's number, and then those of its labels' names and values.

    ``types`` uint8, ``helps`` and ``units`` uint32 say by the metric's number what it is.
    """

    def __init__(self, renamer: Renamer) -> None:
        self._renamer = renamer
        self.types: UInt8s = np.zeros(1 << 8, np.uint8)
        self.helps: UInt32s = np.zeros(1 << 8, np.uint32)
        self.units: UInt32s = np.zeros(1 << 8, np.uint32)
        self._described: dict[str, MetricMetadata] = {}
        self.clear()

    def clear(self) -> None:
        """Forgets all texts and series, but not what metrics are."""
        self._numbers: dict[str, int] = {"": 0}
        self._metrics: dict[str, int] = {}
        self._offsets: Int64s = np.zeros(1 << 10, np.int64)
        self._blob: Bytes = np.empty(1 << 14, np.uint8)

    @property
    def size(self) -> int:
        """Bytes of all texts."""
        return int(self._offsets[len(self._numbers)])

    @property
    def texts(self) -> tuple[Int64s, Bytes]:
        """Text k is ``blob[offsets[k]:offsets[k + 1]]``."""
        return self._offsets[: len(self._numbers) + 1], self._blob

    def encode(self, rows: SeriesRows) -> tuple[Int64s, Bytes]:
        """See :class:`fusewatch.forward.label_book.LabelEncoder`; the bytes are 32-bit numbers."""
        offsets, numbers = np.zeros(len(rows) + 1, np.int64), []
        for row, canonical in enumerate(rows.canonical):
            labels = self._renamer.rename(canonical)
            if labels is not None:
                numbers.append(self._metric(metric_of(canonical).decode()))
                numbers += [self._number(text) for pair in labels.items() for text in pair]
            offsets[row + 1] = 4 * len(numbers)
        return offsets, np.array(numbers, np.uint32).view(np.uint8)

    def describe(self, entries: Sequence[MetricMetadata]) -> None:
        """Learns what metrics are."""
        for entry in entries:
            for name in _names(entry):
                self._described[name] = entry
                if name in self._metrics:
                    self._write(self._metrics[name], entry)

    def _metric(self, name: str) -> int:
        number = self._metrics.get(name)
        if number is None:
            number = self._metrics[name] = len(self._metrics)
            if number == len(self.types):
                self.types = np.resize(self.types, 2 * number)
                self.helps, self.units = np.resize(self.helps, 2 * number), np.resize(self.units, 2 * number)
            self._write(number, self._described.get(name))
        return number

    def _write(self, number: int, entry: MetricMetadata | None) -> None:
        if entry is None:
            self.types[number] = self.helps[number] = self.units[number] = 0
        else:
            self.types[number] = type_number(entry.type)
            self.helps[number], self.units[number] = self._number(entry.help), self._number(entry.unit)

    def _number(self, text: str) -> int:
        number = self._numbers.get(text)
        if number is None:
            number = len(self._numbers)
            self._append(number, text.encode())
            self._numbers[text] = number
        return number

    def _append(self, number: int, text: bytes) -> None:
        start = int(self._offsets[number])
        if number + 1 >= len(self._offsets):
            self._offsets = np.resize(self._offsets, 2 * len(self._offsets))
        if start + len(text) > len(self._blob):
            self._blob = np.resize(self._blob, max(start + len(text), 2 * len(self._blob)))
        self._blob[start : start + len(text)] = np.frombuffer(text, np.uint8)
        self._offsets[number + 1] = start + len(text)


def _names(entry: MetricMetadata) -> Iterator[str]:
    yield entry.metric
    for suffix in _SUFFIXES.get(entry.type, ()):
        yield entry.metric + suffix
