"""Parts of samples put together, series by series."""

from __future__ import annotations

from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.samples import Int64s, UInt64s


@kernel
def first_since(offsets: Int64s, timestamps: Int64s, start: int, firsts: Int64s) -> None:
    """Fills ``firsts`` (series): of each series the first sample at ``start`` or later, its end where there is none."""
    for row in range(len(firsts)):
        first = offsets[row + 1]
        while first > offsets[row] and timestamps[first - 1] >= start:
            first -= 1
        firsts[row] = first


@kernel
def splice(
    places: Int64s, firsts: Int64s, stops: Int64s, columns: tuple[Int64s, UInt64s], heads: Int64s, out: tuple[Int64s, UInt64s]
) -> None:
    """Copies samples ``firsts[i]`` up to ``stops[i]`` of ``columns`` (timestamps, the values' bits) into ``out``.

    Series i of theirs is ``places[i]`` of ours; it goes where ``heads[places[i]]`` points, which is moved behind it.
    """
    for row in range(len(places)):
        at = heads[places[row]]
        for sample in range(firsts[row], stops[row]):
            out[0][at] = columns[0][sample]
            out[1][at] = columns[1][sample]
            at += 1
        heads[places[row]] = at
