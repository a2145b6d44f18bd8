"""Remote write 1.0: https://prometheus.io/docs/specs/prw/remote_write_spec/."""

from __future__ import annotations

import numpy as np

from fusewatch.ingest.refusals import Refusals
from fusewatch.ingest.scratch import Scratch
from fusewatch.ingest.unknown_series import learn_series
from fusewatch.telemetry.histogram_checks import problem_message
from fusewatch.telemetry.histogram_parts import HEAD_WORDS
from fusewatch.telemetry.known_series import Decoded, DecodedExemplars, DecodedHistograms, KnownSeries
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.remote_write import (
    END,
    EXEMPLAR,
    HISTOGRAM,
    KIND,
    MALFORMED,
    START,
    TOO_MANY,
    UNUSUAL,
    RemoteWriteError,
    parse_metadata,
    walk_request,
)
from fusewatch.telemetry.remote_write_extras import read_exemplars, read_histograms
from fusewatch.telemetry.remote_write_misses import place_references
from fusewatch.telemetry.samples import Int64s

_NOT_A_REQUEST = "proto: the body is not a remote-write 1.0 WriteRequest"


class RemoteWriteDecoder:
    """Decodes requests against ``series``.

    An instance is for one thread at a time, and what :meth:`decode` gives is good until its next call: it reuses its scratch. Large
    bodies take milliseconds, so that a server decodes them in a thread, with another instance.
    """

    def __init__(self, series: KnownSeries) -> None:
        self._series = series
        self._scratch = Scratch()

    def decode(self, body: bytes) -> Decoded:
        """The request in columns; series that are new are known afterwards.

        Raises:
            RemoteWriteError: not a remote-write 1.0 request; nothing of it is used.
        """
        epoch, scratch, refusals = self._series.epoch, self._scratch, Refusals()
        rows, missed, described, extra = self._walk(scratch.unpack(body))
        refs, times, bits = scratch.refs[:rows], scratch.times[:rows], scratch.bits[:rows]
        extras = scratch.extras[:extra]
        if missed:
            misses = scratch.misses[:missed]
            found, reason = learn_series(self._series, scratch.buffer, misses, scratch.labels)
            refused = place_references(misses, found, refs, extras)
            if reason is not None:
                refusals.add(reason, refused)
                good = refs > 0
                refs, times, bits = refs[good], times[good], bits[good]
        return Decoded(
            epoch,
            refs,
            times,
            bits,
            histograms=self._histograms(extras, refusals),
            exemplars=self._exemplars(extras),
            metadata=[parse_metadata(scratch.buffer[start:end].tobytes()) for start, end in scratch.metadata[:described].tolist()],
            problem=refusals.problem,
        )

    def _walk(self, length: int) -> tuple[int, int, int, int]:
        scratch, series = self._scratch, self._series
        while True:
            table = (*series.fingerprints, series.key)
            columns = (scratch.refs, scratch.times, scratch.bits)
            counts = walk_request(scratch.buffer, length, table, columns, scratch.misses, scratch.metadata, scratch.extras)
            if counts[0] != TOO_MANY:
                break
            scratch.widen()
        if counts[0] == MALFORMED:
            raise RemoteWriteError(_NOT_A_REQUEST)
        if counts[0] == UNUSUAL:
            raise RemoteWriteError("proto: a TimeSeries must list its labels before its samples")
        return counts

    def _histograms(self, extras: Int64s, refusals: Refusals) -> DecodedHistograms:
        count, size = _measure(extras, HISTOGRAM)
        if not count:
            return DecodedHistograms.empty()
        refs, times = np.empty(count, np.uint32), np.empty(count, np.int64)
        offsets, words = np.empty(count + 1, np.int64), np.empty(size + HEAD_WORDS * count, np.uint64)
        problem = np.zeros(4)
        out = (refs, times, offsets, words)
        rows, bad = read_histograms(self._scratch.buffer, extras, self._scratch.histogram, out, problem)
        if rows == MALFORMED:
            raise RemoteWriteError(_NOT_A_REQUEST)
        if bad:
            refusals.add(SamplesRejectedError(problem_message(problem), bad), bad)
        bodies = words[: offsets[rows]].view(np.uint8)
        return DecodedHistograms(refs[:rows], times[:rows], offsets[: rows + 1] * 8, bodies)

    def _exemplars(self, extras: Int64s) -> DecodedExemplars:
        count, size = _measure(extras, EXEMPLAR)
        if not count:
            return DecodedExemplars.empty()
        refs, times, bits = np.empty(count, np.uint32), np.empty(count, np.int64), np.empty(count, np.uint64)
        offsets, labels = np.empty(count + 1, np.int64), np.empty(size, np.uint8)
        rows = read_exemplars(self._scratch.buffer, extras, self._scratch.labels, (refs, times, bits, offsets, labels))
        values = bits[:rows].view(np.float64)
        return DecodedExemplars(refs[:rows], times[:rows], values, offsets[: rows + 1], labels[: offsets[rows]])


def _measure(extras: Int64s, kind: int) -> tuple[int, int]:
    """How many extras of a kind there are, and the bytes of their messages."""
    if not len(extras):
        return 0, 0
    some = extras[extras[:, KIND] == kind]
    return len(some), int((some[:, END] - some[:, START]).sum())
