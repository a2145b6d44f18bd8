"""Every function by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fusewatch.promql.functions import absence, calendar, histograms, info, labelling, missing, numeric, order, ranges, scalars
from fusewatch.promql.functions.function import Function

_TABLES: Final[tuple[tuple[Function, ...], ...]] = (
    ranges.FUNCTIONS,
    absence.FUNCTIONS,
    numeric.FUNCTIONS,
    scalars.FUNCTIONS,
    calendar.FUNCTIONS,
    labelling.FUNCTIONS,
    order.FUNCTIONS,
    histograms.FUNCTIONS,
    info.FUNCTIONS,
    missing.FUNCTIONS,
)
FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({function.name: function for table in _TABLES for function in table})
