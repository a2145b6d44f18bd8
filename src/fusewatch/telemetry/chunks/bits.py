"""Numbers of any width in a stream of bits, the highest bit first; for kernels.

A position counts bits from the beginning of the buffer. Readers look at up to nine bytes from a position on and check no bounds: the
buffer must go on for :data:`fusewatch.telemetry.hashing.SLACK` bytes, and whoever reads compares the position with the end afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fusewatch.telemetry.chunks.encodings import FAR
from fusewatch.telemetry.hashing import load64
from fusewatch.telemetry.kernels import inlined
from fusewatch.telemetry.samples import Bytes

U64 = np.uint64
#: Widths of a number behind 0 to 8 leading ones: https://github.com/prometheus/prometheus/blob/main/tsdb/chunkenc/varbit.go
_WIDTHS: Final = np.array([0, 3, 6, 9, 12, 18, 25, 56, 64], np.int64)
#: Widths of a timestamp's second difference behind 0 to 4 leading ones.
_TIME_WIDTHS: Final = np.array([0, 14, 17, 20, 64], np.int64)


def _swap(_context: Any, word: Any) -> Any:
    def generate(_ctx: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return types.uint64(word), generate


def _leading(_context: Any, word: Any) -> Any:
    def generate(_ctx: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(word), generate


def _trailing(_context: Any, word: Any) -> Any:
    def generate(_ctx: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(word), generate


_swapped = cast("Callable[[np.uint64], np.uint64]", intrinsic(_swap))
#: How many of the 64 bits of a uint64 are zero before its first one, and behind its last.
leading_zeros = cast("Callable[[np.uint64], int]", intrinsic(_leading))
trailing_zeros = cast("Callable[[np.uint64], int]", intrinsic(_trailing))


@inlined
def whole(number: int | np.integer[Any]) -> int:
    """The number as int64, whose arithmetic with other int64 stays whole; bits of a uint64 are taken as they are."""
    return np.int64(number)  # type: ignore[return-value]  # a number inside kernels


@inlined
def peek(data: Bytes, at: int) -> np.uint64:
    """The bits from ``at`` on, at the top of the word; at least 57 of them are good."""
    return _swapped(load64(data, U64(at >> 3))) << U64(at & 7)


@inlined
def read_bits(data: Bytes, at: int, width: int) -> np.uint64:
    """The number of 1 to 64 bits at ``at``."""
    word = peek(data, at)
    if (at & 7) + width > 64:
        word |= U64(data[(at >> 3) + 8]) >> U64(8 - (at & 7))
    return word >> U64(64 - width)


@inlined
def write_bits(out: Bytes, at: int, word: np.uint64, width: int) -> int:
    """Writes the lower 0 to 64 bits of ``word``; everything from ``at`` on must be zero. The position behind."""
    while width > 0:
        free = 8 - (at & 7)
        part = min(free, width)
        piece = (word >> U64(width - part)) & ((U64(1) << U64(part)) - U64(1))
        out[at >> 3] |= np.uint8(piece << U64(free - part))
        at += part
        width -= part
    return at


@inlined
def signed(word: np.uint64, width: int) -> int:
    """The number from ``1 - 2**(width - 1)`` to ``2**(width - 1)`` that ``width`` bits stand for; 0 of no bits."""
    if 0 < width < 64 and word > U64(1) << U64(width - 1):
        word -= U64(1) << U64(width)
    return whole(word)


@inlined
def fits(number: int, width: int) -> bool:
    """Whether :func:`signed` can give the number from ``width`` (below 64) bits."""
    half = 1 << (width - 1)
    return 1 - half <= number <= half


@inlined
def _ones(word: np.uint64, most: int) -> int:
    return min(leading_zeros(~word), most)


@inlined
def read_varbit(data: Bytes, at: int) -> tuple[np.uint64, int, int]:
    """The bits of a number of variable width, that width, and the position behind."""
    ones = _ones(peek(data, at), 8)
    at += min(ones + 1, 8)
    width = _WIDTHS[ones]
    if width == 0:
        return U64(0), 0, at
    return read_bits(data, at, width), width, at + width


@inlined
def read_varint(data: Bytes, at: int) -> tuple[int, int]:
    """The signed number of variable width at ``at``, and the position behind."""
    word, width, at = read_varbit(data, at)
    return signed(word, width), at


@inlined
def _write_prefixed(out: Bytes, at: int, word: np.uint64, k: int) -> int:
    """``k`` ones, a zero where more ones could follow, and the word in the width that belongs to that."""
    length = min(k + 1, 8)
    at = write_bits(out, at, (U64(1) << U64(k)) - U64(1) << U64(length - k), length)
    return write_bits(out, at, word, _WIDTHS[k])


@inlined
def write_varint(out: Bytes, at: int, number: int) -> int:
    """Writes a signed number in as few bits as there are for it; the position behind."""
    k = 0
    if number != 0:
        k = 1
        while k < 8 and not fits(number, _WIDTHS[k]):
            k += 1
    return _write_prefixed(out, at, U64(number), k)


@inlined
def write_varuint(out: Bytes, at: int, number: np.uint64) -> int:
    """The same for a number without sign."""
    k = 0
    while k < 8 and number >> U64(_WIDTHS[k]):
        k += 1
    return _write_prefixed(out, at, number, k)


@inlined
def read_time_step(data: Bytes, at: int) -> tuple[int, int]:
    """A timestamp's second difference, and the position behind."""
    ones = _ones(peek(data, at), 4)
    at += min(ones + 1, 4)
    width = _TIME_WIDTHS[ones]
    if width == 0:
        return 0, at
    return signed(read_bits(data, at, width), width), at + width


@inlined
def write_time_step(out: Bytes, at: int, number: int) -> int:
    """Writes a timestamp's second difference; the position behind."""
    k = 0
    if number != 0:
        k = 1
        while k < 4 and not fits(number, _TIME_WIDTHS[k]):
            k += 1
    length = min(k + 1, 4)
    at = write_bits(out, at, (U64(1) << U64(k)) - U64(1) << U64(length - k), length)
    return write_bits(out, at, U64(number), _TIME_WIDTHS[k])


@inlined
def read_leb(data: Bytes, at: int) -> tuple[np.uint64, int]:
    """A number of seven bits a byte, the lowest first; :data:`FAR` behind one of more than ten bytes. ``at`` is a byte's beginning."""
    word = U64(0)
    for k in range(10):
        byte = U64(data[(at >> 3) + k])
        word |= (byte & U64(127)) << U64(7 * k)
        if byte < U64(128):
            return word, at + 8 * (k + 1)
    return word, FAR


@inlined
def write_leb(out: Bytes, at: int, word: np.uint64) -> int:
    """The inverse of :func:`read_leb`; the position behind."""
    while word >= U64(128):
        at = write_bits(out, at, word & U64(127) | U64(128), 8)
        word >>= U64(7)
    return write_bits(out, at, word, 8)


@inlined
def unzigzag(word: np.uint64) -> int:
    """The signed number that a zigzag number stands for, 0, -1, 1, -2 and so on."""
    return whole(word >> U64(1)) ^ -whole(word & U64(1))


@inlined
def zigzag(number: int) -> np.uint64:
    """The inverse of :func:`unzigzag`."""
    return U64(number << 1) ^ U64(number >> 63)
