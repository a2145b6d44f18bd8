"""Making the unknown series of a request known: in bulk where their labels are plain, one by one where they are not."""

from __future__ import annotations

import numpy as np

from fusewatch.ingest.refusals import checked_labels
from fusewatch.telemetry.hashing import Bytes
from fusewatch.telemetry.known_series import KnownSeries, UInt32s
from fusewatch.telemetry.label_kernels import INVALID, PLAIN
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.protobuf import ProtobufError
from fusewatch.telemetry.remote_write import parse_labels
from fusewatch.telemetry.remote_write_misses import canonical_sets
from fusewatch.telemetry.samples import Int64s


def learn_series(series: KnownSeries, buffer: Bytes, misses: Int64s, parts: Int64s) -> tuple[UInt32s, SamplesRejectedError | None]:
    """The references (n) of the series whose Label fields ``misses`` (n, 4) names in ``buffer``, which are recognised from now on.

    A reference is 0 where the series is refused; the error says why the first of them is. ``parts`` is scratch for a label set.
    """
    count = len(misses)
    blob = np.empty(int((misses[:, 1] - misses[:, 0]).sum()), np.uint8)
    offsets, statuses = np.empty(count + 1, np.int64), np.empty(count, np.uint8)
    lows, highs = np.empty(count, np.uint64), np.empty(count, np.uint64)
    canonical_sets(buffer, misses, series.key, parts, (blob, offsets, lows, highs, statuses))
    refs, problems = np.zeros(count, np.uint32), {}
    plain = statuses == PLAIN
    # Those that are not plain have no bytes in the blob, so that the others' offsets still follow each other.
    refs[plain], limit = series.learn_many(blob[: offsets[-1]], np.append(offsets[:-1][plain], offsets[-1]))
    if limit is not None:
        problems[int(np.flatnonzero(plain & (refs == 0))[0])] = limit
    for k in np.flatnonzero(~plain).tolist():
        if problems and statuses[k] == INVALID:
            continue  # refused as well, and only the first one is told
        try:
            refs[k] = _learn(series, buffer[misses[k, 0] : misses[k, 1]].tobytes())
        except SamplesRejectedError as error:
            problems[k] = error
    series.remember_many(lows, highs, refs)
    return refs, problems[min(problems)] if problems else None


def _learn(series: KnownSeries, data: bytes) -> int:
    """The reference of a label set that takes a closer look.

    Raises:
        SamplesRejectedError: no valid label set.
        SeriesLimitError: no new series are taken.
    """
    try:
        pairs = parse_labels(data)
    except ProtobufError as error:
        raise SamplesRejectedError(str(error), 0) from error
    return series.learn(checked_labels(pairs))
