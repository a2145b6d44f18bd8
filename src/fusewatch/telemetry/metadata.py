"""What is known of a metric beside its samples."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricMetadata:
    """Type, help and unit of a metric family, as one job exposes it.

    ``type`` is one of counter, gauge, histogram, gaugehistogram, summary, info, stateset, unknown.
    ``metric`` is the family's name, as Prometheus keys its metadata API.
    """

    metric: str
    type: str
    help: str
    unit: str = ""
    job: str = ""
