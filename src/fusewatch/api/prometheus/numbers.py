"""Numbers as Prometheus prints them in JSON, for columns of samples: compiled loops over bytes, no Python object per point.

The text of a value is Go's ``strconv`` with the fewest digits that read back: plain decimals from 1e-6 up to 1e21, an exponent of at least
two digits outside (https://github.com/prometheus/prometheus/blob/main/util/jsonutil/marshal.go).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.api.prometheus.shortest import shortest_decimal
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s, UInt64s

Bytes = NDArray[np.uint8]

#: No value takes more: sign, 17 digits, six places of padding, point, exponent.
LONGEST_VALUE: Final = 32
#: ``-9223372036854775.808``
LONGEST_TIMESTAMP: Final = 20
#: Whole numbers below this are printed as they are: every one of them is exact.
_WHOLE: Final = 1e15
_NAN: Final = np.frombuffer(b"NaN", np.uint8)
_INF: Final = np.frombuffer(b"Inf", np.uint8)
_MAGNITUDE: Final = np.uint64((1 << 63) - 1)
#: 00, 01 … 99.
_PAIRS: Final = np.frombuffer(b"".join(b"%02d" % number for number in range(100)), np.uint8)


@inlined
def write_bytes(out: Bytes, at: int, text: Bytes, start: int, end: int) -> int:
    """Copies ``text[start:end]`` to ``out[at:]``; returns where it ends."""
    for i in range(start, end):
        out[at] = text[i]
        at += 1
    return at


@inlined
def write_whole(out: Bytes, at: int, number: int | np.uint64) -> int:
    """Prints a number that is not negative; returns where it ends.

    Two digits at a time and unsigned: Python's division of signed numbers costs four times as much.
    """
    rest, size, power = np.uint64(number), 1, np.uint64(10)
    while size < 19 and rest >= power:
        size += 1
        power *= np.uint64(10)
    place = at + size
    while rest >= np.uint64(100):
        higher = rest // np.uint64(100)
        pair = np.uint64(2) * (rest - higher * np.uint64(100))
        rest = higher
        place -= 2
        out[place] = _PAIRS[pair]
        out[place + 1] = _PAIRS[pair + np.uint64(1)]
    if rest >= np.uint64(10):
        out[at] = _PAIRS[np.uint64(2) * rest]
    out[place - 1] = _PAIRS[np.uint64(2) * rest + np.uint64(1)]
    return at + size


@inlined
def write_timestamp(out: Bytes, at: int, timestamp: int) -> int:
    """Prints milliseconds as seconds, with three decimals unless they are whole; returns where it ends."""
    if timestamp < 0:
        out[at] = 45
        at += 1
        timestamp = -timestamp
    seconds = np.uint64(timestamp) // np.uint64(1000)
    rest = np.uint64(timestamp) - seconds * np.uint64(1000)
    at = write_whole(out, at, seconds)
    if rest:
        write_whole(out, at, rest + np.uint64(1000))  # the leading 1 keeps the zeros, and gives way to the point
        out[at] = 46
        at += 4
    return at


@inlined
def _write_exponent(out: Bytes, at: int, exponent: int) -> int:
    out[at] = 101
    out[at + 1] = 45 if exponent < 0 else 43
    at += 2
    exponent = abs(exponent)
    if exponent < 10:
        out[at] = 48
        at += 1
    return write_whole(out, at, exponent)


@inlined
def _write_decimal(out: Bytes, at: int, digits: np.uint64, power: int) -> int:
    """Prints ``digits * 10**power`` as Go would; returns where it ends."""
    while digits % np.uint64(10) == np.uint64(0):
        digits //= np.uint64(10)
        power += 1
    end = write_whole(out, at, digits)
    exponent = power + end - at - 1
    if exponent < -6 or exponent >= 21:
        if end - at > 1:
            end = _insert_point(out, at + 1, end)
        return _write_exponent(out, end, exponent)
    if power >= 0:
        for i in range(end, end + power):
            out[i] = 48
        return end + power
    if exponent >= 0:
        return _insert_point(out, at + exponent + 1, end)
    shift = 1 - exponent
    for i in range(end - 1, at - 1, -1):
        out[i + shift] = out[i]
    for i in range(at, at + shift):
        out[i] = 48
    out[at + 1] = 46
    return end + shift


@inlined
def _insert_point(out: Bytes, at: int, end: int) -> int:
    """Moves ``out[at:end]`` up by one for a point; returns where it ends."""
    for i in range(end, at, -1):
        out[i] = out[i - 1]
    out[at] = 46
    return end + 1


@inlined
def write_value(out: Bytes, at: int, bits: np.uint64, value: float) -> int:
    """Prints one value, which is given as bits, too; returns where it ends."""
    if value != value:  # noqa: PLR0124  the kernel's way to ask for NaN
        return write_bytes(out, at, _NAN, 0, 3)
    if bits >> np.uint64(63):
        out[at] = 45
        at += 1
    elif value == math.inf:
        out[at] = 43
        at += 1
    size = abs(value)
    if size == math.inf:
        return write_bytes(out, at, _INF, 0, 3)
    if size < _WHOLE and size == math.floor(size):
        return write_whole(out, at, int(size))
    digits, power = shortest_decimal(bits & _MAGNITUDE)
    return _write_decimal(out, at, digits, power)


@kernel
def write_points(
    heads: Bytes,
    head_offsets: Int64s,
    tail: Bytes,
    offsets: Int64s,
    timestamps: Int64s,
    values: Float64s,
    bits: UInt64s,
    out: Bytes,
) -> int:
    """Prints, for every series i, ``heads[i]``, its points as ``[seconds,"value"]`` and ``tail``, all separated by commas.

    ``offsets`` (series + 1) says which of ``timestamps`` and ``values`` are its points; ``bits`` are the values' own.
    Returns how much of ``out`` is used.
    """
    at = 0
    for series in range(len(offsets) - 1):
        if series > 0:
            out[at] = 44
            at += 1
        at = write_bytes(out, at, heads, head_offsets[series], head_offsets[series + 1])
        for point in range(offsets[series], offsets[series + 1]):
            if point > offsets[series]:
                out[at] = 44
                at += 1
            out[at] = 91
            at = write_timestamp(out, at + 1, timestamps[point])
            out[at] = 44
            out[at + 1] = 34
            at = write_value(out, at + 2, bits[point], values[point])
            out[at] = 34
            out[at + 1] = 93
            at += 2
        at = write_bytes(out, at, tail, 0, len(tail))
    return at


def print_series(heads: list[bytes], tail: bytes, offsets: Int64s, timestamps: Int64s, values: Float64s) -> bytes:
    """The JSON of some series, without the brackets around them: see :func:`write_points`; ``heads`` has one entry per series."""
    # One layout, whatever came: for another the kernel would be compiled anew, while a client waits.
    offsets, timestamps = (np.require(column, np.int64, ["C", "W"]) for column in (offsets, timestamps))
    values = np.require(values, np.float64, ["C", "W"])
    head_offsets = np.cumsum([0, *map(len, heads)], dtype=np.int64)
    longest = LONGEST_VALUE + LONGEST_TIMESTAMP + 6
    room = int(head_offsets[-1]) + len(heads) * (len(tail) + 1) + len(values) * longest
    out = np.empty(room, np.uint8)
    used = write_points(
        np.frombuffer(b"".join(heads), np.uint8),
        head_offsets,
        np.frombuffer(tail, np.uint8),
        offsets,
        timestamps,
        values,
        values.view(np.uint64),
        out,
    )
    return out[:used].tobytes()


def warm() -> None:
    """Compiles the kernel, or loads it from its cache; once, before the first query needs it."""
    print_series([b""], b"", np.array([0, 2], np.int64), np.array([0, 1], np.int64), np.array([0.5, 1e300]))
