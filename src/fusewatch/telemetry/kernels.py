"""Compiled loops: numba behind one typed decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """``function`` compiled at its first call for each combination of types, cached on disk, without the GIL.

    A kernel is one flat loop over contiguous typed arrays with its outputs passed in; checking and reshaping stay in the wrapper.
    """
    return cast("F", numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """A helper that kernels call; the compiler inlines it where it pays."""
    return cast("F", numba.njit(nogil=True, inline="never", error_model="numpy")(function))
