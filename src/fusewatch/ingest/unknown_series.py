"""Making the unknown series of a request known: in bulk where their labels are plain, one by one where they are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import numpy as np

from fusewatch.telemetry.known_series import KnownSeries, UInt32s
from fusewatch.telemetry.label_kernels import INVALID, LARGE, PLAIN
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.remote_write_misses import CanonicalSets

#: Fills in the canonical label sets of the unknown series (:func:`canonical_sets` of 1.0 or 2.0).
Canonicalise = Callable[[CanonicalSets], None]
#: The labels of an unknown series by its number, read exactly and slowly; raises SamplesRejectedError where they can't be stored.
ReadExactly = Callable[[int], Labels]


def learn_series(
    series: KnownSeries, count: int, canonicalise: Canonicalise, read_exactly: ReadExactly, *, room: int
) -> tuple[UInt32s, SamplesRejectedError | None]:
    """The references (``count``) of unknown series, which are recognised from now on.

    A reference is 0 where the series is refused; the error says why the first of them is. ``room`` bytes are for their labels.
    """
    blob, offsets, statuses = np.empty(room, np.uint8), np.empty(count + 1, np.int64), np.empty(count, np.uint8)
    lows, highs = np.empty(count, np.uint64), np.empty(count, np.uint64)
    canonicalise((blob, offsets, lows, highs, statuses))
    refs, problems = np.zeros(count, np.uint32), {}
    plain = statuses == PLAIN
    # Those that are not plain have no bytes in the blob, so that the others' offsets still follow each other.
    refs[plain], limit = series.learn_many(blob[: offsets[-1]], np.append(offsets[:-1][plain], offsets[-1]))
    if limit is not None:
        problems[int(np.flatnonzero(plain & (refs == 0))[0])] = limit
    for k in np.flatnonzero(~plain).tolist():
        if problems and min(problems) < k and statuses[k] in {INVALID, LARGE}:
            continue  # refused as well, and only the first one is told
        try:
            refs[k] = series.learn(read_exactly(k) if statuses[k] != LARGE else _too_large(room))
        except SamplesRejectedError as error:
            problems[k] = error
    series.remember_many(lows, highs, refs)
    return refs, problems[min(problems)] if problems else None


def _too_large(room: int) -> NoReturn:
    raise SamplesRejectedError(f"the labels of the request's new series take more than {room} bytes: send fewer at a time", 1)
