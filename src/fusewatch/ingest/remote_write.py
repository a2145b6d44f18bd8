"""Remote write 1.0: https://prometheus.io/docs/specs/prw/remote_write_spec/."""

from __future__ import annotations

import numpy as np

from fusewatch.ingest.native_histograms import decode_histograms, measure
from fusewatch.ingest.refusals import Refusals, checked_labels
from fusewatch.ingest.scratch import Scratch
from fusewatch.ingest.unknown_series import learn_series
from fusewatch.telemetry.known_series import Decoded, DecodedExemplars, KnownSeries, UInt32s
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.protobuf import ProtobufError
from fusewatch.telemetry.remote_write import (
    EXEMPLAR,
    EXTRA_COLUMNS,
    MALFORMED,
    TOO_MANY,
    UNUSUAL,
    RemoteWriteError,
    parse_labels,
    parse_metadata,
    walk_request,
)
from fusewatch.telemetry.remote_write_extras import read_exemplars
from fusewatch.telemetry.remote_write_misses import canonical_sets, place_references
from fusewatch.telemetry.samples import Int64s


class RemoteWriteDecoder:
    """Decodes requests against ``series``.

    An instance is for one thread at a time, and what :meth:`decode` gives is good until its next call: it reuses its scratch. Large
    bodies take milliseconds, so that a server decodes them in a thread, with another instance.
    """

    def __init__(self, series: KnownSeries) -> None:
        self._series = series
        self._scratch = Scratch(miss_columns=4, metadata_columns=2, extra_columns=EXTRA_COLUMNS)

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
            found, reason = self._learn(misses)
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
            histograms=decode_histograms(scratch.buffer, extras, scratch.histogram, refusals)[0],
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
            raise RemoteWriteError("proto: the body is not a remote-write 1.0 WriteRequest")
        if counts[0] == UNUSUAL:
            raise RemoteWriteError("proto: a TimeSeries must list its labels before its samples")
        return counts

    def _learn(self, misses: Int64s) -> tuple[UInt32s, SamplesRejectedError | None]:
        scratch, series = self._scratch, self._series
        return learn_series(
            series,
            len(misses),
            lambda out: canonical_sets(scratch.buffer, misses, series.key, scratch.labels, out),
            lambda k: _read_labels(scratch.buffer[misses[k, 0] : misses[k, 1]].tobytes()),
            room=int((misses[:, 1] - misses[:, 0]).sum()),
        )

    def _exemplars(self, extras: Int64s) -> DecodedExemplars:
        count, size = measure(extras, EXEMPLAR)
        if not count:
            return DecodedExemplars.empty()
        refs, times, bits = np.empty(count, np.uint32), np.empty(count, np.int64), np.empty(count, np.uint64)
        offsets, labels = np.empty(count + 1, np.int64), np.empty(size, np.uint8)
        rows = read_exemplars(self._scratch.buffer, extras, self._scratch.labels, (refs, times, bits, offsets, labels))
        values = bits[:rows].view(np.float64)
        return DecodedExemplars(refs[:rows], times[:rows], values, offsets[: rows + 1], labels[: offsets[rows]])


def _read_labels(data: bytes) -> Labels:
    """The labels in the Label fields of a series, read exactly.

    Raises:
        SamplesRejectedError: no valid label set.
    """
    try:
        return checked_labels(parse_labels(data))
    except ProtobufError as error:
        raise SamplesRejectedError(str(error), 0) from error
