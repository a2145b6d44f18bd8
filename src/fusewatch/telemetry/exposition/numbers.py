"""Numbers of an exposition: exactly what Go's ``strconv.ParseFloat`` reads, once in Python and once compiled.

The compiled reader follows Lemire, "Number Parsing at a Gigabyte per Second" (2021, https://arxiv.org/abs/2101.11408): the decimal
significand times a 128-bit approximation of the power of five. What it can't decide exactly it leaves to Python.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.kernels import bare
from fusewatch.telemetry.samples import UInt64s

#: The one NaN that Prometheus stores for an ordinary NaN.
#: https://github.com/prometheus/prometheus/blob/main/model/value/value.go
NORMAL_NAN: Final[float] = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000001))[0]

_FINITE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?\Z", re.IGNORECASE)
_SMALLEST_POWER: Final = -342
_LARGEST_POWER: Final = 308

_U0, _U1, _U2, _U3 = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
_U9, _U10, _U32, _U52, _U63, _U64 = np.uint64(9), np.uint64(10), np.uint64(32), np.uint64(52), np.uint64(63), np.uint64(64)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_PRECISION_MASK = np.uint64(0xFFFFFFFFFFFFFFFF >> 55)
_HIDDEN_BIT = np.uint64(1 << 52)
_ZERO, _NINE, _DOT, _PLUS, _MINUS, _E_LOWER, _E_UPPER = 48, 57, 46, 43, 45, 101, 69


def parse_number(text: str) -> float:
    """The number that ``text`` spells.

    Raises:
        ValueError: not a number for Go (no underscores, no hexadecimal, no blanks), or out of the range of a float64.
    """
    if _FINITE.match(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            message = f"parsing {text!r}: value out of range"
            raise ValueError(message)
        return value
    if text.lower() == "nan":
        return NORMAL_NAN
    if _INFINITE.match(text):
        return float(text)
    message = f"parsing {text!r}: invalid syntax"
    raise ValueError(message)


@cache
def powers_of_five() -> UInt64s:
    """(651, 2) uint64: high and low half of 5**q in 128 bits, top bit set, q from -342 to 308; reciprocals are rounded up."""
    table = np.empty((_LARGEST_POWER - _SMALLEST_POWER + 1, 2), np.uint64)
    for q in range(_SMALLEST_POWER, _LARGEST_POWER + 1):
        power = 5 ** abs(q)
        if q >= 0:
            bits = power << 128 >> power.bit_length()
        else:
            width = (power - 1).bit_length()
            bits = (1 << (width + 127 if q >= -27 else 2 * width + 128)) // power + 1
            bits >>= max(bits.bit_length() - 128, 0)
        table[q - _SMALLEST_POWER] = bits >> 64, bits & ((1 << 64) - 1)
    return table


@bare
def multiply(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """High and low half of the 128-bit product."""
    a_low, a_high, b_low, b_high = a & _LOW_HALF, a >> _U32, b & _LOW_HALF, b >> _U32
    low = a_low * b_low
    cross = a_high * b_low + (low >> _U32)
    middle = a_low * b_high + (cross & _LOW_HALF)
    return a_high * b_high + (cross >> _U32) + (middle >> _U32), (middle << _U32) | (low & _LOW_HALF)


@bare
def leading_zeros(word: np.uint64) -> int:
    """How many bits above the highest set one; ``word`` is not 0."""
    count = 0
    for width in (32, 16, 8, 4, 2, 1):
        if word >> np.uint64(64 - width) == _U0:
            count += width
            word = word << np.uint64(width)
    return count


@bare
def significand_bits(word: np.uint64, power: int, powers: UInt64s) -> tuple[np.uint64, bool]:
    """Bits of the float64 nearest to ``word * 10**power``, and whether they are certain (normal, finite, not a hard tie)."""
    zeros = leading_zeros(word)
    word = word << np.uint64(zeros)
    row = power - _SMALLEST_POWER
    high, low = multiply(word, powers[row, 0])
    if high & _PRECISION_MASK == _PRECISION_MASK:
        more, _ = multiply(word, powers[row, 1])
        low = low + more
        if more > low:
            high = high + _U1
    if low == _ALL_ONES and (power < -27 or power > 55):
        return _U0, False
    upper = high >> _U63
    shift = upper + np.uint64(9)
    mantissa = high >> shift
    exponent = ((217706 * power) >> 16) + 63 + int(upper) - zeros + 1023
    if exponent <= 0:
        return _U0, False
    if low <= _U1 and -4 <= power <= 23 and mantissa & _U3 == _U1 and mantissa << shift == high:
        mantissa = mantissa & ~_U1
    mantissa = (mantissa + (mantissa & _U1)) >> _U1
    if mantissa >= _HIDDEN_BIT << _U1:
        mantissa = _HIDDEN_BIT
        exponent += 1
    if exponent >= 0x7FF:
        return _U0, False
    return (mantissa & ~_HIDDEN_BIT) | (np.uint64(exponent) << _U52), True


@bare
def read_digits(page: NDArray[np.uint8], start: int, end: int) -> tuple[np.uint64, int, int, bool]:
    """Significand, its power of ten, where it ends, and whether it has 1 to 19 digits (leading zeros do not count)."""
    word, power, digits, significant = _U0, 0, 0, 0
    fraction = False
    at = start
    while at < end:
        byte = page[at]
        if _ZERO <= byte <= _NINE:
            digits += 1
            word = word * _U10 + np.uint64(byte - _ZERO)
            significant += 1 if word != _U0 else 0
            power -= 1 if fraction else 0
        elif byte == _DOT and not fraction:
            fraction = True
        else:
            break
        at += 1
    return word, power, at, digits > 0 and significant <= 19


@bare
def read_exponent(page: NDArray[np.uint8], start: int, end: int) -> tuple[int, bool]:
    """The whole rest of a number after its significand: nothing, or ``e`` and at most four digits."""
    if start == end:
        return 0, True
    if page[start] != _E_LOWER and page[start] != _E_UPPER:
        return 0, False
    at = start + 1
    negative = at < end and page[at] == _MINUS
    if at < end and (page[at] == _MINUS or page[at] == _PLUS):
        at += 1
    if at == end or end - at > 4:
        return 0, False
    value = 0
    while at < end:
        if page[at] < _ZERO or page[at] > _NINE:
            return 0, False
        value = value * 10 + page[at] - _ZERO
        at += 1
    return -value if negative else value, True


@bare
def read_special(page: NDArray[np.uint8], start: int, end: int) -> tuple[np.uint64, bool]:
    """Bits of ``NaN``, ``+Inf`` and ``-Inf`` as every exporter spells them."""
    length = end - start
    if length == 3 and page[start] == 78 and page[start + 1] == 97 and page[start + 2] == 78:
        return np.uint64(0x7FF8000000000001), True
    infinite = length == 4 and page[start + 1] == 73 and page[start + 2] == 110 and page[start + 3] == 102
    if infinite and page[start] == _PLUS:
        return np.uint64(0x7FF0000000000000), True
    if infinite and page[start] == _MINUS:
        return np.uint64(0xFFF0000000000000), True
    return _U0, False


@bare
def read_number(page: NDArray[np.uint8], start: int, end: int, powers: UInt64s) -> tuple[np.uint64, bool]:
    """Bits of the number in ``page[start:end]``, and whether they are certain; if not, :func:`parse_number` decides."""
    at = start
    sign = _U0
    if at < end and (page[at] == _MINUS or page[at] == _PLUS):
        sign = _U1 << _U63 if page[at] == _MINUS else _U0
        at += 1
    word, power, at, good = read_digits(page, at, end)
    if not good:
        return read_special(page, start, end)
    exponent, good = read_exponent(page, at, end)
    power += exponent
    if not good or power < _SMALLEST_POWER or power > _LARGEST_POWER:
        return _U0, False
    if word == _U0:
        return sign, True
    bits, good = significand_bits(word, power, powers)
    return sign | bits, good
