"""Remote write 2.0: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.ingest.native_histograms import decode_histograms, measure
from fusewatch.ingest.refusals import Refusals
from fusewatch.ingest.scratch import Scratch, SymbolScratch
from fusewatch.ingest.symbolised import SymbolTable, exemplar_problem, read_metadata, read_series
from fusewatch.ingest.told_metadata import ToldMetadata
from fusewatch.ingest.unknown_series import learn_series
from fusewatch.telemetry.known_series import Decoded, DecodedExemplars, KnownSeries, UInt32s
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.remote_write import END, EXEMPLAR, MALFORMED, MAX_DECODED_BYTES, START, TOO_MANY, RemoteWriteError
from fusewatch.telemetry.remote_write_misses import place_references
from fusewatch.telemetry.remote_write_v2 import (
    EXTRA_COLUMNS_V2,
    METADATA_COLUMNS,
    MISS_COLUMNS,
    MISS_END,
    MISS_START,
    OWNER_END,
    OWNER_START,
    Symbols,
    read_symbols,
    walk_request_v2,
)
from fusewatch.telemetry.remote_write_v2_misses import canonical_sets_v2, read_exemplars_v2
from fusewatch.telemetry.samples import Int64s
from fusewatch.telemetry.zero_samples import ZeroSamples

_NOT_A_REQUEST: Final = "proto: the body is not a remote-write 2.0 Request"


@dataclass(frozen=True, slots=True)
class Written:
    """What of a request can be stored: the numbers of the answer's ``X-Prometheus-Remote-Write-*-Written`` headers."""

    samples: int
    histograms: int
    exemplars: int


@dataclass(frozen=True, slots=True)
class DecodedV2:
    """A request, decoded.

    ``starts`` and ``histogram_starts``: the start timestamp (ms, 0: none) of each sample and histogram of ``decoded``. Injected zeros are
    among these, but not counted as ``written``.
    """

    decoded: Decoded
    written: Written
    starts: Int64s
    histogram_starts: Int64s


class RemoteWriteV2Decoder:
    """Decodes requests against ``series``; with ``zero_samples``, start timestamps become samples of their own.

    As with 1.0, an instance is for one thread at a time, and what it gives is good until its next call. Of the metadata that comes with
    every series it tells what is new; where a request was not stored after all, :meth:`forget_metadata` makes it news again.
    """

    def __init__(self, series: KnownSeries, *, zero_samples: bool = False) -> None:
        self._series = series
        self._zeros = ZeroSamples() if zero_samples else None
        self._told = ToldMetadata()
        self._symbols = SymbolScratch()
        self._scratch = Scratch(miss_columns=MISS_COLUMNS, metadata_columns=METADATA_COLUMNS, extra_columns=EXTRA_COLUMNS_V2)

    def forget_metadata(self) -> None:
        """What was told does not count."""
        self._told.forget()

    def decode(self, body: bytes) -> DecodedV2:
        """The request in columns; series that are new are known afterwards.

        Raises:
            RemoteWriteError: not a remote-write 2.0 request; nothing of it is used.
        """
        epoch, scratch, refusals = self._series.epoch, self._scratch, Refusals()
        length = scratch.unpack(body)
        symbols = self._read_symbols(length)
        table = SymbolTable(scratch.buffer, symbols[0][: symbols[2]])
        rows, missed, described, extra = self._walk(length, symbols)
        refs, times, bits, starts = scratch.refs[:rows], scratch.times[:rows], scratch.bits[:rows], scratch.starts[:rows]
        extras = scratch.extras[:extra]
        if missed:
            misses = scratch.misses[:missed]
            found, reason = self._learn(misses, symbols, table)
            refused = place_references(misses, found, scratch.refs, extras)
            if reason is not None:
                refusals.add(reason, refused)
                good = refs > 0
                refs, times, bits, starts = refs[good], times[good], bits[good], starts[good]
        histograms, histogram_starts = decode_histograms(scratch.buffer, extras, scratch.histogram, refusals)
        exemplars = self._exemplars(extras, symbols, table, refusals)
        written = Written(len(refs), len(histograms), len(exemplars))
        if self._zeros is not None:
            refs, times, bits, starts = self._zeros.samples(epoch, (refs, times, bits, starts))
            histograms, histogram_starts = self._zeros.histograms(epoch, histograms, histogram_starts)
        metadata = read_metadata(scratch.metadata[:described], table)
        decoded = Decoded(epoch, refs, times, bits, histograms, exemplars, metadata, refusals.problem)
        return DecodedV2(decoded, written, starts, histogram_starts)

    def _read_symbols(self, length: int) -> Symbols:
        symbols = self._symbols
        while True:
            count, name = read_symbols(self._scratch.buffer, length, self._series.key, symbols.places, symbols.prints)
            if count == MALFORMED:
                raise RemoteWriteError(_NOT_A_REQUEST)
            if count != TOO_MANY:
                return symbols.places, symbols.prints, count, name
            symbols.widen()

    def _walk(self, length: int, symbols: Symbols) -> tuple[int, int, int, int]:
        scratch, series, told = self._scratch, self._series, self._told
        while True:
            table = (*series.fingerprints, series.key)
            out = ((scratch.refs, scratch.times, scratch.bits, scratch.starts), scratch.misses, scratch.metadata, scratch.extras)
            counts = walk_request_v2(scratch.buffer, length, symbols, table, told.table(len(scratch.metadata)), out)
            if counts[0] >= 0:
                told.add(counts[2])
                return counts
            told.forget()  # some of it may be from this walk, and was not told
            if counts[0] == MALFORMED:
                raise RemoteWriteError(_NOT_A_REQUEST)
            scratch.widen()

    def _learn(self, misses: Int64s, symbols: Symbols, table: SymbolTable) -> tuple[UInt32s, SamplesRejectedError | None]:
        scratch = self._scratch
        texts = np.zeros(len(table), np.uint8)
        return learn_series(
            self._series,
            len(misses),
            lambda out: canonical_sets_v2(scratch.buffer, misses, symbols, texts, scratch.labels, out),
            lambda k: read_series(scratch.buffer[misses[k, MISS_START] : misses[k, MISS_END]].tobytes(), table),
            room=MAX_DECODED_BYTES,
        )

    def _exemplars(self, extras: Int64s, symbols: Symbols, table: SymbolTable, refusals: Refusals) -> DecodedExemplars:
        count, _ = measure(extras, EXEMPLAR)
        if not count:
            return DecodedExemplars.empty()
        buffer, texts = self._scratch.buffer, np.zeros(len(table), np.uint8)
        refs, times, bits = np.empty(count, np.uint32), np.empty(count, np.int64), np.empty(count, np.uint64)
        offsets, labels = np.empty(count + 1, np.int64), np.empty(MAX_DECODED_BYTES, np.uint8)
        out = (refs, times, bits, offsets, labels)
        rows, bad = read_exemplars_v2(buffer, extras, symbols, texts, self._scratch.labels, out)
        if bad >= 0:
            owner, exemplar = extras[bad, OWNER_START : OWNER_END + 1], extras[bad, START : END + 1]
            refusals.add(exemplar_problem(_cut(buffer, owner), _cut(buffer, exemplar), table), 0)
        values = bits[:rows].view(np.float64)
        return DecodedExemplars(refs[:rows], times[:rows], values, offsets[: rows + 1], labels[: offsets[rows]].copy())


def _cut(buffer: np.ndarray[tuple[int], np.dtype[np.uint8]], bounds: Int64s) -> bytes:
    return buffer[bounds[0] : bounds[1]].tobytes()
