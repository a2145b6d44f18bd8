"""What is said of each scrape beside what it brought: ``up`` and its companions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import Float64s, UInt64s

REPORT_METRICS: Final = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)


@dataclass(frozen=True, slots=True)
class ScrapeReport:
    """How one scrape went."""

    up: bool
    duration_s: float
    scraped: int = 0
    kept: int = 0
    added: int = 0

    @property
    def values(self) -> Float64s:
        """One value for each of REPORT_METRICS."""
        return np.array([self.up, self.duration_s, self.scraped, self.kept, self.added], np.float64)


class ReportSeries:
    """The report's series of one target."""

    def __init__(self, target: Labels) -> None:
        self.labels = tuple(target.replace({METRIC_NAME: metric}) for metric in REPORT_METRICS)
        self.ids: UInt64s = np.array([labels.id for labels in self.labels], np.uint64)
