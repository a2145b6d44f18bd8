"""What becomes of an OTLP request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.otlp.emit import BAD_TEMPORALITY, MISMATCHED, NO_TIME, NO_VALUE
from fusewatch.telemetry.otlp.native import BAD_BUCKETS, BAD_COUNT, BAD_SCALE, TOO_MANY_BUCKETS

#: What a walk may have against a point, by its reason; ``{}`` is the metric.
REASONS: Final = {
    BAD_SCALE: "exponential histogram {}: its scale is below -4, the coarsest of native histograms",
    BAD_COUNT: "histogram {}: its count is smaller than that of its buckets, or out of range",
    TOO_MANY_BUCKETS: "histogram {}: more than 65535 buckets of one sign",
    BAD_BUCKETS: "exponential histogram {}: its bucket offset is out of range",
    NO_TIME: "a point of {} has no time",
    NO_VALUE: "a point of {} has no value",
    BAD_TEMPORALITY: "{} has no valid aggregation temporality: expected cumulative or delta",
    MISMATCHED: "histogram {}: it must have one bucket count more than bounds",
}


def _nothing() -> None:
    """Nothing was added up."""


@dataclass(frozen=True, slots=True)
class OtlpResult:
    """A decoded request, and the numbers of ExportMetricsPartialSuccess: data points, of which ``rejected``, and ``message`` why.

    When the log refuses ``decoded``, :attr:`undo` must be called before the next request is decoded: it takes back what deltas were added
    up and which metadata counts as handed on, so that the request may be sent again.
    """

    decoded: Decoded
    points: int = 0
    rejected: int = 0
    message: str = ""
    undo: Callable[[], None] = _nothing
