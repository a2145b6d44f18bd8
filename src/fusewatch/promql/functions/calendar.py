"""Parts of dates, in UTC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.promql.ast import ValueType
from fusewatch.promql.functions.function import CallContext, Function, Implementation
from fusewatch.promql.matrix import Matrix
from fusewatch.telemetry.labels import EMPTY
from fusewatch.telemetry.samples import Float64s

Seconds = NDArray[np.datetime64]
#: Beyond these seconds there is no calendar to speak of; they keep numpy's datetimes from overflowing.
_LIMIT: Final = 60_000_000_000.0 * 365


def _part_of(whole: str, part: str) -> Callable[[Seconds], Float64s]:
    def extract(times: Seconds) -> Float64s:
        since: Float64s = (times.astype(f"M8[{part}]") - times.astype(f"M8[{whole}]").astype(f"M8[{part}]")).astype(np.float64)
        return since

    return extract


def _days_in_month(times: Seconds) -> Float64s:
    months = times.astype("M8[M]")
    days: Float64s = ((months + 1).astype("M8[D]") - months.astype("M8[D]")).astype(np.float64)
    return days


_PARTS: Final[dict[str, Callable[[Seconds], Float64s]]] = {
    "minute": _part_of("h", "m"),
    "hour": _part_of("D", "h"),
    "day_of_week": lambda times: np.mod(times.astype("M8[D]").astype(np.int64) + 4, 7).astype(np.float64),
    "day_of_month": lambda times: _part_of("M", "D")(times) + 1,
    "day_of_year": lambda times: _part_of("Y", "D")(times) + 1,
    "days_in_month": _days_in_month,
    "month": lambda times: _part_of("Y", "M")(times) + 1,
    "year": lambda times: (times.astype("M8[Y]").astype(np.int64) + 1970).astype(np.float64),
}


def _date(part: Callable[[Seconds], Float64s]) -> Implementation:
    def apply(call: CallContext) -> Matrix:
        if not call.args:
            seconds = call.grid.times() // 1000
            return Matrix.of((EMPTY,), part(seconds.astype("M8[s]"))[np.newaxis, :])
        vector = call.vector(0)
        known = np.clip(np.nan_to_num(np.trunc(vector.values)), -_LIMIT, _LIMIT).astype(np.int64)
        return vector.with_values(part(known.astype("M8[s]")))

    return apply


FUNCTIONS: Final = tuple(Function(name, (ValueType.VECTOR,), ValueType.VECTOR, _date(part), required=0) for name, part in _PARTS.items())
