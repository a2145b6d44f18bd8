"""The shortest decimal that reads back as a given float64, for kernels.

Schubfach, by Raffaello Giulietti: "The Schubfach way to render doubles" (2020). A number ``c * 2**q`` and the borders of the interval that
rounds to it are scaled by a power of ten, with 128 bits of that power, to where one of two neighbouring integers is the answer. Why here
and not a library: pyarrow's cast, the one columnar alternative, takes twice as long for a whole answer, and lays numbers out otherwise.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.kernels import inlined

_LEAST_POWER: Final = -292
_GREATEST_POWER: Final = 324
_HIDDEN_BIT: Final = np.uint64(1 << 52)
_FRACTION: Final = np.uint64((1 << 52) - 1)
_LOW: Final = np.uint64((1 << 32) - 1)
_0, _1, _2, _4, _10, _32, _40 = (np.uint64(number) for number in (0, 1, 2, 4, 10, 32, 40))


def _powers() -> NDArray[np.uint64]:
    """10**k for each k from the least power to the greatest, as (high, low) halves of 128 bits, the first of them set; rounded up."""
    halves = []
    for k in range(_LEAST_POWER, _GREATEST_POWER + 1):
        numerator, denominator = (10**k, 1) if k >= 0 else (1, 10**-k)
        shift = 127 - ((k * 1741647) >> 19)  # floor(log2(10**k)), exact in this range
        scaled = -(-(numerator << shift) // denominator) if shift >= 0 else -(-numerator // (denominator << -shift))
        halves.append((scaled >> 64, scaled & (1 << 64) - 1))
    return np.array(halves, np.uint64)


_POWERS: Final = _powers()


@inlined
def _high_product(a: np.uint64, b: np.uint64) -> np.uint64:
    """The upper 64 bits of ``a * b``."""
    a_low, a_high, b_low, b_high = a & _LOW, a >> _32, b & _LOW, b >> _32
    cross = a_low * b_high
    middle = a_high * b_low + ((a_low * b_low) >> _32) + (cross & _LOW)
    return a_high * b_high + (middle >> _32) + (cross >> _32)


@inlined
def _scaled(high: np.uint64, low: np.uint64, number: np.uint64) -> np.uint64:
    """The upper 64 bits of the power of ten times ``number``, odd where bits below were cut off."""
    below = _high_product(low, number)
    middle = high * number + below
    above = _high_product(high, number)
    if middle < below:
        above += _1
    return above | _1 if middle > _1 else above


@inlined
def shortest_decimal(bits: np.uint64) -> tuple[np.uint64, Any]:
    """Digits and exponent, ``digits * 10**exponent``, of a positive finite float64 given by its bits; digits may end with zeros."""
    fraction, biased = bits & _FRACTION, np.int64((bits >> np.uint64(52)) & np.uint64(0x7FF))
    c = fraction | _HIDDEN_BIT if biased > 0 else fraction
    q = biased - 1075 if biased > 0 else np.int64(-1074)
    # The neighbour below a power of two is half as far away.
    uneven = fraction == _0 and biased > 1
    open_border = c & _1
    k = (q * 1262611 - (524031 if uneven else 0)) >> 22
    h = np.uint64(q + ((-k * 1741647) >> 19) + 1)
    high, low = _POWERS[-k - _LEAST_POWER, 0], _POWERS[-k - _LEAST_POWER, 1]
    middle = _scaled(high, low, (_4 * c) << h)
    lower = _scaled(high, low, (_4 * c - (_1 if uneven else _2)) << h) + open_border
    upper = _scaled(high, low, (_4 * c + _2) << h) - open_border
    s = middle >> _2
    if s >= _10:
        tens = s // _10
        below, above = lower <= _40 * tens, _40 * tens + _40 <= upper
        if below != above:
            return tens + (_1 if above else _0), k + 1
    below, above = lower <= _4 * s, _4 * s + _4 <= upper
    if below != above:
        return s + (_1 if above else _0), k
    half = _4 * s + _2
    up = middle > half or (middle == half and (s & _1) == _1)
    return s + (_1 if up else _0), k
