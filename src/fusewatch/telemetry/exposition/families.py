"""The messages of the protobuf exposition, field by field, inside kernels.

A page is MetricFamily messages, each behind its length as a varint (io/prometheus/client/metrics.proto)::

    MetricFamily  1: name    2: help    3: type    4: repeated Metric    5: unit
    Metric        1: repeated LabelPair   2: Gauge  3: Counter  4: Summary  5: Untyped  6: int64 timestamp (ms)  7: Histogram
    Gauge, Untyped  1: double value
    Counter       1: double value         2: Exemplar               3: Timestamp of its start
    Summary       1: uint64 count         2: double sum             3: repeated Quantile (1: double quantile, 2: double value)
                  4: Timestamp of its start
    Histogram     1: uint64 count         2: double sum             3: repeated Bucket    4: double count    16: repeated Exemplar
                  5 to 14: of native histograms, see histogram_kernels     15: Timestamp of its start
    Bucket        1: uint64 cumulative count   2: double upper bound   3: Exemplar   4: double cumulative count
    Exemplar      1: repeated LabelPair   2: double value           3: Timestamp (1: int64 seconds, 2: int32 nanoseconds)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.hashing import U64, Bytes, fingerprint, fold, load64
from fusewatch.telemetry.kernels import bare
from fusewatch.telemetry.protobuf_kernels import field_at, varint
from fusewatch.telemetry.samples import Int64s

#: Types of families.
COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = range(6)
#: Tags of the message that holds a metric's value, by type.
VALUE_TAGS: Final = np.array([0x1A, 0x12, 0x22, 0x2A, 0x3A, 0x3A], np.uint64)
#: What a sample is of its metric.
VALUE, COUNT, SUM, QUANTILE, BUCKET, NATIVE, ABOUT = range(7)
#: Added to COUNT, SUM and BUCKET of a classic histogram that is stored as a native one.
CONVERTED: Final = 7
_K0: Final = U64(0xE7037ED1A0B428DB)
_K1: Final = U64(0x589965CC75374CC3)

#: Where something begins and ends in the page.
Place = tuple[np.int64, np.int64]
NOWHERE: Final[Place] = (np.int64(0), np.int64(0))
#: Of a family: its type, and where name, help and unit are.
Family = tuple[int, Place, Place, Place]
#: Timestamp of a sample and when its metric began (ms, NO_TIMESTAMP and 0 where they are not told).
When = tuple[int, int]
#: Two halves of a fingerprint.
Print = tuple[np.uint64, np.uint64]


@bare
def read_family(page: Bytes, start: np.uint64, end: np.uint64) -> tuple[Family, bool]:
    """What a MetricFamily says beside its metrics, and whether it is readable."""
    kind, name, about, unit = U64(COUNTER), NOWHERE, NOWHERE, NOWHERE
    good, i = True, start
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if i > end:
            good = False
        elif tag == U64(0x0A):
            name = (np.int64(first), np.int64(i))
        elif tag == U64(0x12):
            about = (np.int64(first), np.int64(i))
        elif tag == U64(0x2A):
            unit = (np.int64(first), np.int64(i))
        elif tag == U64(0x18):
            kind = varint(page, first, end)[0]
    return (int(np.int64(min(kind, U64(GAUGE_HISTOGRAM + 1)))), name, about, unit), good


@bare
def text_print(page: Bytes, text: Place, key: np.uint64) -> Print:
    """Of a text."""
    return fingerprint(page, U64(text[0]), U64(text[1]), key)


@bare
def combine(left: Print, right: Print) -> Print:
    """Of two things in this order."""
    return fold(left[0] ^ right[0], right[1] ^ _K0), fold(left[1] ^ right[1], right[0] ^ _K1)


@bare
def sample_print(metric: Print, part: int, bound: np.uint64) -> Print:
    """Of one sample of a metric; ``bound``: bits of the bucket's upper bound or the quantile."""
    return fold(metric[0] ^ bound, metric[1] ^ _K0) ^ U64(part), fold(metric[1] ^ bound, metric[0] ^ _K1) ^ U64(part)


@bare
def read_metric(page: Bytes, start: np.uint64, end: np.uint64, tag_of_value: np.uint64) -> tuple[np.int64, Place, int, bool]:
    """Where the labels end that a Metric begins with, where its value is, its timestamp, and whether it is readable.

    Labels elsewhere than at the beginning, as no known sender writes them, count as unreadable.
    """
    i = start
    while i < end and page[i] == 0x0A:
        _, _, i = field_at(page, i, end)
    labels_end, value, timestamp, good = np.int64(i), NOWHERE, NO_TIMESTAMP, bool(i <= end)
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if i > end or tag == U64(0x0A):
            good = False
        elif tag == tag_of_value:
            value = (np.int64(first), np.int64(i))
        elif tag == U64(0x30):
            number = int(np.int64(varint(page, first, end)[0]))
            timestamp = number if number != 0 else NO_TIMESTAMP
    return labels_end, value, timestamp, good


@bare
def read_plain(page: Bytes, value: Place) -> tuple[np.uint64, Place, int, bool]:
    """Value bits, exemplar and start of a Gauge, Untyped or Counter, and whether it is readable."""
    bits, exemplar, start, good = U64(0), NOWHERE, 0, True
    i, end = U64(value[0]), U64(value[1])
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if i > end:
            good = False
        elif tag == U64(0x09):
            bits = load64(page, first)
        elif tag == U64(0x12):
            exemplar = (np.int64(first), np.int64(i))
        elif tag == U64(0x1A):
            start = read_timestamp(page, first, i)
    return bits, exemplar, start, good


@bare
def read_pair(page: Bytes, start: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64, bool]:
    """Quantile and value bits of a Quantile, and whether it is readable."""
    quantile, bits, good, i = U64(0), U64(0), True, start
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if i > end:
            good = False
        elif tag == U64(0x09):
            quantile = load64(page, first)
        elif tag == U64(0x11):
            bits = load64(page, first)
    return quantile, bits, good


@bare
def as_bits(count: np.uint64, real: np.uint64, scratch: Int64s) -> np.uint64:
    """The bits of a count as a float; ``real``, the bits of a float, takes its place where it is above 0. ``scratch`` (1) converts."""
    floats, bits = scratch.view(np.float64), scratch.view(np.uint64)
    bits[0] = real
    if not floats[0] > 0:
        floats[0] = float(count)
    return U64(bits[0])


@bare
def read_bucket(page: Bytes, start: np.uint64, end: np.uint64, scratch: Int64s) -> tuple[np.uint64, np.uint64, Place, bool]:
    """Upper bound and count bits, and exemplar of a Bucket, and whether it is readable."""
    bound, count, real, exemplar, good, i = U64(0), U64(0), U64(0), NOWHERE, True, start
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if i > end:
            good = False
        elif tag == U64(0x08):
            count = varint(page, first, end)[0]
        elif tag == U64(0x11):
            bound = load64(page, first)
        elif tag == U64(0x1A):
            exemplar = (np.int64(first), np.int64(i))
        elif tag == U64(0x21):
            real = load64(page, first)
    return bound, as_bits(count, real, scratch), exemplar, good


@bare
def read_shape(page: Bytes, value: Place, scratch: Int64s) -> tuple[np.uint64, np.uint64, bool, int, int, int, bool]:
    """Of a Histogram: count and sum bits, whether it is native, how many classic buckets and own exemplars, start, whether it is readable.

    It is native by a span, a zero threshold or observations of zero (Prometheus: isNativeHistogram).
    """
    count, real, total, native, buckets, exemplars, start = U64(0), U64(0), U64(0), False, 0, 0, 0
    good, i, end = True, U64(value[0]), U64(value[1])
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if i > end:
            good = False
        elif tag == U64(0x08):
            count = varint(page, first, end)[0]
        elif tag == U64(0x11):
            total = load64(page, first)
        elif tag == U64(0x21):
            real = load64(page, first)
        elif tag == U64(0x1A):
            buckets += 1
        elif tag == U64(0x82):
            exemplars += 1
        elif tag == U64(0x7A):
            start = read_timestamp(page, first, i)
        elif tag == U64(0x4A) or tag == U64(0x62):
            native = True
        elif tag == U64(0x31):
            scratch[0] = np.int64(load64(page, first))
            native = native or scratch.view(np.float64)[0] > 0
        elif tag == U64(0x38):
            native = native or varint(page, first, end)[0] != U64(0)
    return as_bits(count, real, scratch), total, native, buckets, exemplars, start, good


@bare
def read_timestamp(page: Bytes, start: np.uint64, end: np.uint64) -> int:
    """A Timestamp as milliseconds."""
    seconds, nanos, i = np.int64(0), np.int64(0), start
    while i < end:
        tag, first, i = field_at(page, i, end)
        if tag == U64(0x08):
            seconds = np.int64(varint(page, first, end)[0])
        elif tag == U64(0x10):
            nanos = np.int64(varint(page, first, end)[0])
    return int(seconds * 1000 + nanos // 1_000_000)
