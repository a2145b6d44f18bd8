"""Compiled loops: numba behind one typed decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba

#: numba's way of saying that arrays are borrowed; the option is known to its compiler, though not to its signatures.
_BARE: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "_nrt": False}
F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """``function`` compiled at its first call for each combination of types, cached on disk, without the GIL.

    A kernel is one flat loop over contiguous typed arrays with its outputs passed in; checking and reshaping stay in the wrapper.
    """
    return cast("F", numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """A helper that kernels call; the compiler inlines it where it pays."""
    return cast("F", numba.njit(nogil=True, inline="never", error_model="numpy")(function))


def bare_kernel(function: F) -> F:
    """A kernel without reference counts: it must not make arrays, nor return any; views that stay inside are fine.

    Where a loop hands arrays to helpers, counting costs an atomic operation for each at each call: the walk over a remote-write request
    took 98 ns a sample with it, and takes 18 without. What it calls should be :func:`bare` as well.
    """
    return cast("F", numba.njit(cache=True, **_BARE)(function))


def bare(function: F) -> F:
    """The same for a helper that kernels call, of either kind."""
    return cast("F", numba.njit(inline="never", **_BARE)(function))


def merged(function: F) -> F:
    """A bare helper that always becomes a part of its caller: for one that is handed many arrays, which would else be copied each time."""
    return cast("F", numba.njit(inline="never", forceinline=True, **_BARE)(function))
