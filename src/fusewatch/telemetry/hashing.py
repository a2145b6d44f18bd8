"""Fast hashing of bytes inside kernels.

``fingerprint`` recognises a series by the bytes of its labels, as they came over the wire. It is keyed (each process draws its own key),
so that nobody outside can prepare label sets that collide; it never leaves the process. Series ids, which do, are XXH3-64.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fusewatch.telemetry.kernels import bare, bare_kernel

Bytes = npt.NDArray[np.uint8]
U64 = np.uint64

#: Bytes that must be readable behind the last one that is hashed.
SLACK: Final = 32
_K0: Final = U64(0xA0761D6478BD642F)
_K1: Final = U64(0xE7037ED1A0B428DB)
_K2: Final = U64(0x8EBC6AF09C88C6E3)
_K3: Final = U64(0x589965CC75374CC3)


def _load64(_context: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(64).as_pointer())
        value = builder.load(pointer)
        value.align = 1
        return value

    return types.uint64(array, index), generate


def _fold(_context: Any, _left: Any, _right: Any) -> Any:
    def generate(_ctx: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        wide, narrow = ir.IntType(128), ir.IntType(64)
        product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
        high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), narrow)
        return builder.xor(builder.trunc(product, narrow), high)

    return types.uint64(types.uint64, types.uint64), generate


#: ``load64(array, index)``: eight bytes of a uint8 array at any position as a little-endian uint64; nothing checks the bounds.
load64 = cast("Callable[[Bytes, np.uint64], np.uint64]", intrinsic(_load64))
#: ``fold(a, b)``: the low half of the 128-bit product, exclusive-or its high half.
fold = cast("Callable[[np.uint64, np.uint64], np.uint64]", intrinsic(_fold))


def draw_key() -> np.uint64:
    """A key for this process' fingerprints."""
    return U64(int.from_bytes(os.urandom(8), "little") | 1)


@bare
def fingerprint(buffer: Bytes, start: np.uint64, stop: np.uint64, key: np.uint64) -> tuple[np.uint64, np.uint64]:
    """128 keyed bits of ``buffer[start:stop]``; :data:`SLACK` bytes behind ``stop`` must be readable.

    Two lanes side by side keep the multiplier busy; a rest shorter than 32 bytes is covered by hashing the last 32 bytes again.
    """
    size = stop - start
    low, high, i = key ^ size, key * _K3, start
    while i + U64(32) <= stop:
        low = fold(load64(buffer, i) ^ _K0, load64(buffer, i + U64(8)) ^ low)
        high = fold(load64(buffer, i + U64(16)) ^ _K1, load64(buffer, i + U64(24)) ^ high)
        i += U64(32)
    if i < stop and size >= U64(32):
        i = stop - U64(32)
        low = fold(load64(buffer, i) ^ _K2, load64(buffer, i + U64(8)) ^ low)
        high = fold(load64(buffer, i + U64(16)) ^ _K2, load64(buffer, i + U64(24)) ^ high)
        i = stop
    while i < stop:
        word, rest = load64(buffer, i), stop - i
        if rest < U64(8):
            word &= (U64(1) << (U64(8) * rest)) - U64(1)
        low, high = fold(word ^ _K2, low ^ _K0), fold(word ^ _K1, high ^ _K3)
        i += U64(8)
    return fold(low ^ _K3, high ^ _K0), fold(high ^ _K2, low ^ _K1)


@bare_kernel
def fingerprint_of(buffer: Bytes, start: int, stop: int, key: np.uint64) -> tuple[np.uint64, np.uint64]:
    """:func:`fingerprint`, callable from Python."""
    return fingerprint(buffer, U64(start), U64(stop), key)
