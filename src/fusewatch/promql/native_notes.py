"""What is told of windows of native histograms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusewatch.promql.annotations import Annotations
from fusewatch.promql.ast import Span
from fusewatch.promql.kernels.native import rates
from fusewatch.telemetry.labels import METRIC_NAME, Labels, quote
from fusewatch.telemetry.samples import Int64s


def names_met(met: Int64s, flag: int, labels: Sequence[Labels]) -> list[str]:
    """The names of the metrics whose series met ``flag``, each once; ``met`` (series) has a bit for each."""
    return list(dict.fromkeys(labels[row].get(METRIC_NAME, "") for row in np.flatnonzero(met & flag).tolist()))


def tell_changes(met: Int64s, labels: Sequence[Labels], notes: Annotations, span: Span) -> None:
    """Tells what changes between histograms met (series): the bits of :mod:`fusewatch.promql.kernels.native.rates`."""
    for name in names_met(met, rates.MIXED_TYPES, labels):
        notes.mixed_types(name, span)
    for name in names_met(met, rates.MIXED_SCHEMAS, labels):
        notes.mixed_schemas(name, span)
    for name in names_met(met, rates.NOT_COUNTER, labels):
        notes.warn(f"this native histogram metric is not a counter: {quote(name)}", span)
    for name in names_met(met, rates.NOT_GAUGE, labels):
        notes.warn(f"this native histogram metric is not a gauge: {quote(name)}", span)
    if (met & rates.RECONCILED_SUBTRACTION).any():
        notes.reconciled("subtraction", span)
    if (met & rates.RECONCILED_ADDITION).any():
        notes.reconciled("addition", span)
