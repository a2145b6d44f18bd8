"""The compiled walk over a protobuf page: known series become samples without a Python object each, all others are put on a list.

A sample is known by a keyed fingerprint of its family's name and type, the bytes of its metric's labels, and which part of it it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.families import (
    ABOUT,
    BUCKET,
    CONVERTED,
    COUNT,
    COUNTER,
    GAUGE_HISTOGRAM,
    HISTOGRAM,
    QUANTILE,
    SUM,
    SUMMARY,
    VALUE,
    VALUE_TAGS,
    Family,
    Place,
    Print,
    as_bits,
    combine,
    read_bucket,
    read_family,
    read_metric,
    read_pair,
    read_plain,
    read_shape,
    read_timestamp,
    sample_print,
    text_print,
)
from fusewatch.telemetry.exposition.family_rows import (
    A_NATIVE,
    A_PART,
    A_SERIES,
    BAD_FAMILY,
    CLASSIC_TOO,
    CONVERT_CLASSIC,
    FINE,
    HONOR_TIMESTAMPS,
    NATIVE_WANTED,
    STATUS,
    UNKNOWN_TYPE,
    UNREADABLE,
    Extras,
    State,
    Where,
    find,
    list_exemplar,
    list_native,
    note,
    write_sample,
)
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.hashing import U64, fingerprint, load64
from fusewatch.telemetry.kernels import bare_kernel, merged
from fusewatch.telemetry.protobuf_kernels import field_at, varint
from fusewatch.telemetry.samples import Int64s, UInt64s

_INFINITY = U64(0x7FF0000000000000)


@merged
def _summary(state: State, metric: Print, where: Where, value: Place, timestamp: int, scratch: Int64s) -> bool:
    """Writes the samples of a Summary; whether it is readable."""
    page, start, end = state[0], U64(value[0]), U64(value[1])
    count, total, began, good, i = U64(0), U64(0), 0, True, start
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if i > end:
            good = False
        elif tag == U64(0x08):
            count = varint(page, first, end)[0]
        elif tag == U64(0x11):
            total = load64(page, first)
        elif tag == U64(0x22):
            began = read_timestamp(page, first, i)
    if not good:
        return False
    when = (timestamp, began)
    write_sample(state, metric, where, COUNT, U64(0), when, as_bits(count, U64(0), scratch))
    write_sample(state, metric, where, SUM, U64(0), when, total)
    i = start
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if tag == U64(0x1A):
            quantile, bits, good = read_pair(page, first, i)
            write_sample(state, metric, where, QUANTILE, quantile, when, bits)
    return good


@merged
def _histogram(state: State, metric: Print, where: Where, family: Family, value: Place, timestamp: int, extras: Extras) -> bool:
    """Writes a Histogram: a native one, the samples of a classic one (or the parts of one to convert), or both; whether it is readable."""
    histograms, exemplars, scratch = extras
    page, numbers = state[0], state[5]
    bits, total, native, buckets, own, began, good = read_shape(page, value, scratch)
    if not good:
        return False
    when = (timestamp, began)
    native = native and numbers[NATIVE_WANTED] != 0
    native_slot = list_native(state, metric, where, family[0], value, when, histograms) if native else -1
    classic = not native or (numbers[CLASSIC_TOO] != 0 and buckets > 0)
    converted = not native and numbers[CONVERT_CLASSIC] != 0 and family[0] == HISTOGRAM
    part = CONVERTED if converted else 0
    if classic:
        count_slot = write_sample(state, metric, where, COUNT + part, U64(0), when, bits)
        native_slot = count_slot if converted else native_slot
        write_sample(state, metric, where, SUM + part, U64(0), when, total)
    i, end, open_end = U64(value[0]), U64(value[1]), True
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if tag == U64(0x1A):
            bound, number, exemplar, good = read_bucket(page, first, i, scratch)
            if classic and open_end:
                slot = write_sample(state, metric, where, BUCKET + part, bound, when, number)
                if not converted or own == 0:
                    list_exemplar(numbers, exemplars, exemplar, slot, A_PART if converted else A_SERIES)
                open_end = bound != _INFINITY
            if own == 0 and not converted:
                list_exemplar(numbers, exemplars, exemplar, native_slot, A_NATIVE)
        elif tag == U64(0x82):
            list_exemplar(numbers, exemplars, (np.int64(first), np.int64(i)), native_slot, A_NATIVE)
    if classic and open_end:
        write_sample(state, metric, where, BUCKET + part, _INFINITY, when, bits)
    return good


@merged
def _metric(state: State, metric: Print, where: Where, family: Family, value: Place, timestamp: int, extras: Extras) -> bool:
    """Writes all samples of a Metric; whether it is readable."""
    _, exemplars, scratch = extras
    kind = family[0]
    if kind == SUMMARY:
        return _summary(state, metric, where, value, timestamp, scratch)
    if kind >= HISTOGRAM:
        return _histogram(state, metric, where, family, value, timestamp, extras)
    bits, exemplar, began, good = read_plain(state[0], value)
    slot = write_sample(state, metric, where, VALUE, U64(0), (timestamp, began if kind == COUNTER else 0), bits)
    if kind == COUNTER:
        list_exemplar(state[5], exemplars, exemplar, slot, A_SERIES)
    return good


@merged
def _family(state: State, key: np.uint64, start: np.uint64, end: np.uint64, extras: Extras) -> int:
    """Writes all of a MetricFamily; FINE, UNREADABLE or UNKNOWN_TYPE."""
    page, keys, entries, _, _, numbers, _, unread = state
    family, good = read_family(page, start, end)
    kind, name, about, unit = family
    if not good or kind > GAUGE_HISTOGRAM:
        return UNKNOWN_TYPE if good else UNREADABLE
    known = combine(text_print(page, name, key), (U64(kind), U64(kind)))
    said = sample_print(combine(combine(known, text_print(page, about, key)), text_print(page, unit, key)), ABOUT, U64(0))
    told, i = False, start
    while i < end and good:
        tag, first, i = field_at(page, i, end)
        if tag != U64(0x22):
            continue
        where = (np.int64(start), np.int64(end), np.int64(first), np.int64(first))
        if not told and find(keys, entries, said) == 0:
            note(numbers, unread, where, ABOUT, U64(0), said)
        told = True
        labels_end, value, timestamp, good = read_metric(page, first, i, VALUE_TAGS[kind])
        if good:
            metric = combine(known, fingerprint(page, first, U64(labels_end), key))
            where = (np.int64(start), np.int64(end), np.int64(first), labels_end)
            if not numbers[HONOR_TIMESTAMPS]:
                timestamp = NO_TIMESTAMP
            good = _metric(state, metric, where, family, value, timestamp, extras)
    return FINE if good else UNREADABLE


@bare_kernel
def walk_families(state: State, size: int, key: np.uint64, extras: Extras) -> None:
    """Writes the samples of known series in the page's first ``size`` bytes, and lists what is unknown: see family_rows for the arrays.

    Numbers go on counting where there is no room; a page with a status other than FINE can't be used.
    """
    page, _, _, _, _, numbers, _, _ = state
    n, i = U64(size), U64(0)
    while i < n:
        length, start = varint(page, i, n)
        if start > n or length > n - start:
            numbers[STATUS] = UNREADABLE
            break
        i = start + length
        status = _family(state, key, start, i, extras)
        if status != FINE and numbers[STATUS] == FINE:
            numbers[STATUS], numbers[BAD_FAMILY] = status, np.int64(start)


@bare_kernel
def enter_prints(keys: UInt64s, entries: NDArray[np.uint32], prints: UInt64s, values: NDArray[np.uint32]) -> int:
    """Enters what ``prints`` (n, 2) stand for, ``values`` (n, none 0), those aside that are known already; how many are new."""
    new = 0
    for k in range(len(values)):
        known = (prints[k, 0], prints[k, 1])
        if find(keys, entries, known) == 0:
            place = known[0] & U64(len(entries) - 1)
            while entries[place]:
                place = (place + U64(1)) & U64(len(entries) - 1)
            keys[place, 0], keys[place, 1], entries[place] = known[0], known[1], values[k]
            new += 1
    return new
