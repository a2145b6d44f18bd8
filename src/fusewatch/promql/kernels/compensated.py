"""Sums that keep what rounding loses (Kahan, with Neumaier's improvement), as Prometheus adds."""

from __future__ import annotations

import math

from fusewatch.telemetry.kernels import inlined


@inlined
def add(increment: float, total: float, lost: float) -> tuple[float, float]:
    """``total + increment`` and what all additions so far lost; an infinite sum has lost nothing.

    https://en.wikipedia.org/wiki/Kahan_summation_algorithm#Further_enhancements
    """
    result = total + increment
    if math.isinf(result):
        return result, 0.0
    if abs(total) >= abs(increment):
        return result, lost + ((total - result) + increment)
    return result, lost + ((increment - result) + total)


@inlined
def mean_step(value: float, count: float, total: float, lost: float, running: bool) -> tuple[float, float, bool]:
    """One more ``value``, the ``count``-th, in a mean: the state (total, lost, running) after it.

    While ``running`` is False ``total`` is the sum; from the value on that would overflow it is the mean so far.
    """
    if not running:
        grown, kept = add(value, total, lost)
        if not math.isinf(grown):
            return grown, kept, False
        total, lost = total / (count - 1.0), lost / (count - 1.0)
    share = (count - 1.0) / count
    mean, kept = add(value / count, share * total, share * lost)
    return mean, kept, True
