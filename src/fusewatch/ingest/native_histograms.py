"""The native histograms of a request, from their messages to columns."""

from __future__ import annotations

import numpy as np

from fusewatch.ingest.refusals import Refusals
from fusewatch.telemetry.hashing import Bytes
from fusewatch.telemetry.histogram_checks import problem_message
from fusewatch.telemetry.histogram_parts import HEAD_WORDS, HistogramParts
from fusewatch.telemetry.known_series import DecodedHistograms
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.remote_write import END, HISTOGRAM, KIND, MALFORMED, START, RemoteWriteError
from fusewatch.telemetry.remote_write_extras import read_histograms
from fusewatch.telemetry.samples import Int64s


def decode_histograms(buffer: Bytes, extras: Int64s, parts: HistogramParts, refusals: Refusals) -> tuple[DecodedHistograms, Int64s]:
    """The histograms among ``extras``, and the start timestamp (ms, 0: none) of each. Invalid ones are left out and told.

    Raises:
        RemoteWriteError: one can't be read.
    """
    count, size = measure(extras, HISTOGRAM)
    if not count:
        return DecodedHistograms.empty(), np.empty(0, np.int64)
    refs, times, starts = np.empty(count, np.uint32), np.empty(count, np.int64), np.empty(count, np.int64)
    # A bucket takes one byte of the message at the least, and eight of the binary form.
    offsets, words, problem = np.empty(count + 1, np.int64), np.empty(size + HEAD_WORDS * count, np.uint64), np.zeros(4)
    rows, bad = read_histograms(buffer, extras, parts, (refs, times, starts, offsets, words), problem)
    if rows == MALFORMED:
        raise RemoteWriteError("proto: a native histogram can't be read")
    if bad:
        refusals.add(SamplesRejectedError(problem_message(problem), bad), bad)
    bodies = words[: offsets[rows]].view(np.uint8)
    return DecodedHistograms(refs[:rows], times[:rows], offsets[: rows + 1] * 8, bodies), starts[:rows]


def measure(extras: Int64s, kind: int) -> tuple[int, int]:
    """How many extras of a kind there are, and the bytes of their messages."""
    if not len(extras):
        return 0, 0
    some = extras[extras[:, KIND] == kind]
    return len(some), int((some[:, END] - some[:, START]).sum())
