"""Native histograms as Prometheus prints them in JSON: compiled loops over bytes, no Python object per bucket.

https://prometheus.io/docs/prometheus/latest/querying/api/#native-histograms
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.api.prometheus.numbers import LONGEST_TIMESTAMP, LONGEST_VALUE, Bytes, write_bytes, write_timestamp, write_value
from fusewatch.promql.kernels.native.edges import bucket, bucket_total, closed_bounds, negatives
from fusewatch.promql.kernels.native.pool import COUNT, FIRST, STOP, SUM, Pool, room_for
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s

_COUNT: Final = np.frombuffer(b',{"count":"', np.uint8)
_SUM: Final = np.frombuffer(b'","sum":"', np.uint8)
_BUCKETS: Final = np.frombuffer(b'","buckets":[', np.uint8)
_NO_BUCKETS: Final = np.frombuffer(b'"}]', np.uint8)
_END: Final = np.frombuffer(b"]}]", np.uint8)
_BETWEEN: Final = np.frombuffer(b'","', np.uint8)
#: What surrounds the numbers of a histogram, and of a bucket.
_FRAME: Final = 40 + LONGEST_TIMESTAMP + 2 * LONGEST_VALUE
_BUCKET_FRAME: Final = 16 + 3 * LONGEST_VALUE


@inlined
def _write_number(out: Bytes, at: int, value: float) -> int:
    return write_value(out, at, np.float64(value).view(np.uint64), value)


@inlined
def _write_bucket(out: Bytes, at: int, pool: Pool, k: int, below: int, number: int) -> int:
    lower, upper, count = bucket(pool, k, below, number)
    closed = closed_bounds(pool, k, lower, upper)
    out[at] = 91
    # Prometheus' numbers for it: 0 closed above, 1 closed below, 2 open, 3 closed.
    out[at + 1] = 48 + (3 if closed == 3 else (1 if closed == 1 else (0 if closed == 2 else 2)))
    out[at + 2] = 44
    out[at + 3] = 34
    at = _write_number(out, at + 4, lower)
    at = write_bytes(out, at, _BETWEEN, 0, 3)
    at = _write_number(out, at, upper)
    at = write_bytes(out, at, _BETWEEN, 0, 3)
    at = _write_number(out, at, count)
    out[at] = 34
    out[at + 1] = 93
    return at + 2


@kernel
def write_histograms(pool: Pool, numbers: Int64s, timestamps: Int64s, out: Bytes) -> int:
    """Prints histogram ``numbers[i]`` at ``timestamps[i]`` (ms), for every i, separated by commas; how much of ``out`` is used."""
    at = 0
    for point in range(len(numbers)):
        k = numbers[point]
        if point:
            out[at] = 44
            at += 1
        out[at] = 91
        at = write_timestamp(out, at + 1, timestamps[point])
        at = write_bytes(out, at, _COUNT, 0, len(_COUNT))
        at = _write_number(out, at, pool.numbers[k, COUNT])
        at = write_bytes(out, at, _SUM, 0, len(_SUM))
        at = _write_number(out, at, pool.numbers[k, SUM])
        below, total = negatives(pool, k), bucket_total(pool, k)
        if total == 0:
            at = write_bytes(out, at, _NO_BUCKETS, 0, len(_NO_BUCKETS))
            continue
        at = write_bytes(out, at, _BUCKETS, 0, len(_BUCKETS))
        for number in range(total):
            if number:
                out[at] = 44
                at += 1
            at = _write_bucket(out, at, pool, k, below, number)
        at = write_bytes(out, at, _END, 0, len(_END))
    return at


def print_histograms(pool: Pool, numbers: Int64s, timestamps: Int64s) -> bytes:
    """The JSON of the histograms with these ``numbers`` (n) at these ``timestamps`` (n) ms, without the brackets around them."""
    numbers, timestamps = (np.require(column, np.int64, ["C", "W"]) for column in (numbers, timestamps))
    buckets = int((pool.kinds[numbers, STOP] - pool.kinds[numbers, FIRST]).sum()) + len(numbers)
    out = np.empty(len(numbers) * _FRAME + buckets * _BUCKET_FRAME, np.uint8)
    return out[: write_histograms(pool, numbers, timestamps, out)].tobytes()


def warm() -> None:
    """Compiles the kernel, or loads it from its cache; once, before the first query needs it."""
    pool = room_for(1, 0, 0)
    print_histograms(pool, np.zeros(1, np.int64), np.zeros(1, np.int64))
