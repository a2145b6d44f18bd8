"""Compiled loops: numba behind one typed decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

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


# The two below compile without numba's reference counts. An array that is handed on inside a tuple is otherwise counted up and down
# atomically at each call, which took thirty times as long as walking an OTLP request itself. Nothing in them may allocate: no new arrays,
# no assignment of slices.
_LEAN: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def lean_kernel(function: F) -> F:
    """A kernel of :func:`lean_inlined` helpers that share many arrays, as named tuples of them."""
    return cast("F", numba.njit(cache=True, **_LEAN)(function))


def lean_inlined(function: F) -> F:
    """A helper of such a kernel; always inlined, since handing over the arrays costs more than the rest."""
    return cast("F", numba.njit(inline="never", forceinline=True, **_LEAN)(function))
