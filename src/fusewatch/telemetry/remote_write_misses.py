"""The unknown series of a remote-write request: their labels in canonical form, and their references where they belong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.hashing import U64, Bytes, fingerprint
from fusewatch.telemetry.kernels import bare_kernel
from fusewatch.telemetry.label_kernels import INVALID, PLAIN, has_metric_name, read_labels, sort_labels, write_labels
from fusewatch.telemetry.remote_write import HISTOGRAM, KIND, MISS, REF, UInt32s
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Canonical label sets (bytes, offsets), fingerprints of the label bytes as they came (low and high halves), and statuses.
CanonicalSets = tuple[Bytes, Int64s, UInt64s, UInt64s, NDArray[np.uint8]]


@bare_kernel
def canonical_sets(buffer: Bytes, misses: Int64s, key: np.uint64, parts: Int64s, out: CanonicalSets) -> None:
    """Brings the labels of ``misses`` (n, 4; as from ``walk_request``) into canonical form, one set behind the other.

    Set i is ``blob[offsets[i]:offsets[i + 1]]``. Where its status is not PLAIN it is empty: ODD takes a closer look, INVALID has a label
    twice, an empty name, no metric name or text that is not UTF-8. ``blob`` must be as long as the labels are in all.
    """
    blob, offsets, lows, highs, statuses = out
    at = 0
    offsets[0] = 0
    for i in range(len(misses)):
        start, end = misses[i, 0], misses[i, 1]
        lows[i], highs[i] = fingerprint(buffer, U64(start), U64(end), key)
        labels, status = read_labels(buffer, start, end, parts)
        if status == PLAIN and not (sort_labels(buffer, parts, labels) and has_metric_name(buffer, parts, labels)):
            status = INVALID
        if status == PLAIN:
            at = write_labels(buffer, parts, labels, blob, at)
        statuses[i] = status
        offsets[i + 1] = at


@bare_kernel
def place_references(misses: Int64s, found: UInt32s, refs: UInt32s, extras: Int64s) -> int:
    """Writes the references of the misses (0: refused) to their rows in ``refs`` and to their ``extras``.

    Returns how many samples and native histograms have none.
    """
    refused = 0
    for i in range(len(misses)):
        first, rows = misses[i, 2], misses[i, 3]
        for row in range(first, first + rows):
            refs[row] = found[i]
        refused += rows if found[i] == 0 else 0
    for k in range(len(extras)):
        if extras[k, MISS] >= 0:
            extras[k, REF] = found[extras[k, MISS]]
            refused += extras[k, REF] == 0 and extras[k, KIND] == HISTOGRAM
    return refused
