"""Exemplars of a request, after its walk: each to its series, with trace and span as labels in canonical form."""

from __future__ import annotations

from typing import Final

import numpy as np

from fusewatch.telemetry.hashing import U64, Bytes, load64
from fusewatch.telemetry.kernels import bare_kernel, merged
from fusewatch.telemetry.otlp.columns import Columns, UInt8s, UInt32s
from fusewatch.telemetry.otlp.points import BOUNDS_END, BOUNDS_START, EXEMPLAR_END, EXEMPLAR_ROW, EXEMPLAR_START
from fusewatch.telemetry.otlp.wire import field, whole
from fusewatch.telemetry.samples import Bytes as Labels
from fusewatch.telemetry.samples import Float64s, Int64s

#: What trace and span take as labels: ``span_id ff 16 digits ff trace_id ff 32 digits ff``.
LABEL_BYTES: Final = 8 + 16 + 1 + 9 + 32 + 1
_SPAN: Final = np.frombuffer(b"span_id\xff", np.uint8)
_TRACE: Final = np.frombuffer(b"trace_id\xff", np.uint8)
_DIGITS: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_MS: Final = 1_000_000
#: Columns that come out: reference, time (ms), value, end of the labels, and 1 where filtered attributes are to be added.
ExemplarColumns = tuple[UInt32s, Int64s, Float64s, Int64s, UInt8s]


@merged
def _write_id(buffer: Bytes, start: np.uint64, size: int, name: Bytes, labels: Labels, at: int) -> int:
    """Writes name and hexadecimal digits of an id, unless it is all zeros; the place behind them."""
    empty = True
    for k in range(size):
        empty = empty and buffer[start + U64(k)] == 0
    if empty:
        return at
    for k in range(len(name)):
        labels[at + k] = name[k]
    at += len(name)
    for k in range(size):
        byte = buffer[start + U64(k)]
        labels[at], labels[at + 1] = _DIGITS[byte >> 4], _DIGITS[byte & 15]
        at += 2
    labels[at] = 0xFF
    return at + 1


@merged
def _bucket(buffer: Bytes, bounds: np.uint64, size: int, value: float) -> int:
    """How many of the ascending bounds are below a value; a NaN is above all."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if value <= U64(load64(buffer, bounds + U64(8 * middle))).view(np.float64):
            high = middle
        else:
            low = middle + 1
    return low


@bare_kernel
def finish_exemplars(buffer: Bytes, count: int, columns: Columns, labels: Labels, out: ExemplarColumns) -> int:
    """Fills ``out`` (n each) from the first ``count`` exemplars that a walk listed; how many are left.

    Left out are those without a value and those of samples that were refused (reference 0). ``labels`` has room for
    :data:`LABEL_BYTES` each. An exemplar without a time has that of its sample.
    """
    refs, times, values, ends, attributed = out
    n, end = 0, 0
    for k in range(count):
        one = columns.exemplars[k]
        i, stop, row = U64(one[EXEMPLAR_START]), U64(one[EXEMPLAR_END]), one[EXEMPLAR_ROW]
        time, value, has_value, extra = 0, 0.0, False, 0
        span, span_size, trace, trace_size = U64(0), 0, U64(0), 0
        while i < stop:
            tag, start, i = field(buffer, i, stop)
            if i > stop:
                break
            if tag == U64(0x11):
                time = whole(load64(buffer, start)) // _MS
            elif tag == U64(0x19):
                value, has_value = U64(load64(buffer, start)).view(np.float64), True
            elif tag == U64(0x31):
                value, has_value = np.float64(whole(load64(buffer, start))), True
            elif tag == U64(0x22) and i - start == U64(8):
                span, span_size = start, 8
            elif tag == U64(0x2A) and i - start == U64(16):
                trace, trace_size = start, 16
            elif tag == U64(0x3A):
                extra = 1
        if not has_value:
            continue
        row += _bucket(buffer, U64(one[BOUNDS_START]), (one[BOUNDS_END] - one[BOUNDS_START]) // 8, value)
        ref = columns.refs[row] if row >= 0 else columns.native_refs[-1 - row]
        if ref == 0:
            continue
        end = _write_id(buffer, span, span_size, _SPAN, labels, end)
        end = _write_id(buffer, trace, trace_size, _TRACE, labels, end)
        refs[n], values[n], ends[n], attributed[n] = ref, value, end, extra
        times[n] = time if time > 0 else (columns.times[row] if row >= 0 else columns.native_times[-1 - row])
        columns.exemplars[n, EXEMPLAR_START], columns.exemplars[n, EXEMPLAR_END] = one[EXEMPLAR_START], one[EXEMPLAR_END]
        n += 1
    return n
