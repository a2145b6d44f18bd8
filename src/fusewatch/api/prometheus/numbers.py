"""Numbers as Prometheus prints them in JSON, for columns of samples: compiled loops over bytes, no Python object per point.

The text of a value is Go's ``strconv`` with the fewest digits that read back: plain decimals from 1e-6 up to 1e21, an exponent of at least
two digits outside (https://github.com/prometheus/prometheus/blob/main/util/jsonutil/marshal.go).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Float64s, Int64s

Bytes = NDArray[np.uint8]

#: No value takes more: sign, 17 digits, six places of padding, point, exponent.
LONGEST_VALUE: Final = 32
#: ``-9223372036854775.808``
LONGEST_TIMESTAMP: Final = 20
#: Whole numbers below this are printed without asking for the shortest digits: every one of them is exact.
_WHOLE: Final = 1e15
_NAN: Final = np.frombuffer(b"NaN", np.uint8)
_INF: Final = np.frombuffer(b"+Inf", np.uint8)
#: 00, 01 … 99.
_PAIRS: Final = np.frombuffer(b"".join(b"%02d" % number for number in range(100)), np.uint8)


def shortest_digits(values: Float64s) -> tuple[Bytes, Int64s]:
    """The shortest text of those ``values`` (n) that :func:`write_value` does not print itself.

    Returns the texts end to end (uint8) and ``offsets`` (n + 1) int64: the text of value i, empty when it needs none, is
    ``texts[offsets[i]:offsets[i + 1]]``.
    """
    with np.errstate(invalid="ignore"):
        wanted = np.isfinite(values) & ((values != np.rint(values)) | (np.abs(values) >= _WHOLE))
    offsets = np.zeros(len(values) + 1, np.int64)
    if not wanted.any():
        return np.empty(0, np.uint8), offsets
    chosen = pa.py_buffer(values[wanted].tobytes())
    # Not pa.array(), which imports pandas to look at a numpy array: half a second and 40 MB.
    texts: Any = pa.Array.from_buffers(pa.float64(), chosen.size // 8, [None, chosen]).cast(pa.string())
    _, places, content = texts.buffers()
    bounds = np.frombuffer(places, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    offsets[1:][wanted] = np.diff(bounds)
    return np.frombuffer(content, np.uint8)[bounds[0] :], np.cumsum(offsets)


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
def _write_scientific(out: Bytes, at: int, text: Bytes, start: int, mark: int, end: int) -> int:
    """Prints ``text[start:end]``, which has an ``e`` at ``mark``, as Go would; the sign is printed already."""
    exponent = 0
    for i in range(mark + 2, end):
        exponent = exponent * 10 + text[i] - 48
    if text[mark + 1] == 45:
        exponent = -exponent
    if exponent < -6 or exponent >= 21:
        at = write_bytes(out, at, text, start, mark)
        return _write_exponent(out, at, exponent)
    if exponent < 0:
        out[at] = 48
        out[at + 1] = 46
        at += 2
        for _ in range(-exponent - 1):
            out[at] = 48
            at += 1
    places = 0
    for i in range(start, mark):
        if text[i] == 46:
            continue
        if exponent >= 0 and places == exponent + 1:
            out[at] = 46
            at += 1
        out[at] = text[i]
        at += 1
        places += 1
    for _ in range(exponent + 1 - places):
        out[at] = 48
        at += 1
    return at


@inlined
def write_value(out: Bytes, at: int, value: float, text: Bytes, start: int, end: int) -> int:
    """Prints one value, whose shortest digits are ``text[start:end]`` unless it is whole or not finite; returns where it ends."""
    if value != value:  # noqa: PLR0124  the kernel's way to ask for NaN
        return write_bytes(out, at, _NAN, 0, 3)
    if abs(value) == math.inf:
        write_bytes(out, at, _INF, 0, 4)
        out[at] = 43 if value > 0 else 45
        return at + 4
    if math.copysign(1.0, value) < 0:
        out[at] = 45
        at += 1
        start += 1
    if end <= start:
        return write_whole(out, at, int(abs(value)))
    for i in range(start, end):
        if text[i] == 101:
            return _write_scientific(out, at, text, start, i, end)
    return write_bytes(out, at, text, start, end)


@kernel
def write_points(  # noqa: PLR0913, PLR0917  a kernel takes flat arrays
    heads: Bytes,
    head_offsets: Int64s,
    tail: Bytes,
    offsets: Int64s,
    timestamps: Int64s,
    values: Float64s,
    texts: Bytes,
    text_offsets: Int64s,
    out: Bytes,
) -> int:
    """Prints, for every series i, ``heads[i]``, its points as ``[seconds,"value"]`` and ``tail``, all separated by commas.

    ``offsets`` (series + 1) says which of ``timestamps`` and ``values`` are its points. Returns how much of ``out`` is used.
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
            at = write_value(out, at + 2, values[point], texts, text_offsets[point], text_offsets[point + 1])
            out[at] = 34
            out[at + 1] = 93
            at += 2
        at = write_bytes(out, at, tail, 0, len(tail))
    return at


def print_series(heads: list[bytes], tail: bytes, offsets: Int64s, timestamps: Int64s, values: Float64s) -> bytes:
    """The JSON of some series, without the brackets around them: see :func:`write_points`; ``heads`` has one entry per series."""
    texts, text_offsets = shortest_digits(values)
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
        texts,
        text_offsets,
        out,
    )
    return out[:used].tobytes()


def warm() -> None:
    """Compiles the kernel, or loads it from its cache; once, before the first query needs it."""
    print_series([b""], b"", np.array([0, 2], np.int64), np.array([0, 1], np.int64), np.array([0.5, 1e300]))
