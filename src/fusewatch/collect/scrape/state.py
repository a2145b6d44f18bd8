"""What the targets API and page show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fusewatch.telemetry.labels import Labels

Health = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target and how its last scrape went.

    ``last_scrape`` is ms UTC, 0 before the first. ``lost`` counts scrapes that the store did not take, ``rejected`` samples that it
    refused; ``last_error`` "" when the last scrape went well.
    """

    job: str
    instance: str
    scrape_url: str
    health: Health
    last_error: str
    last_scrape: int
    last_scrape_duration_s: float
    scrape_interval: int
    scrape_timeout: int
    samples: int
    series: int
    duplicates: int
    lost: int
    rejected: int
    labels: Labels
    discovered_labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DroppedTarget:
    """A target that relabelling dropped."""

    job: str
    discovered_labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Targets:
    """All targets; of the dropped ones a bounded number per job, and how many there are in truth."""

    active: Sequence[TargetState] = ()
    dropped: Sequence[DroppedTarget] = ()
    dropped_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class ScrapeRecord:
    """The changing part of a target's state."""

    health: Health = "unknown"
    last_error: str = ""
    last_scrape: int = 0
    duration_s: float = 0.0
    samples: int = 0
    duplicates: int = 0
    lost: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class ScrapeStatistics:
    """How scraping fares in all: ``under_way`` of at most ``most_under_way`` scrapes now; the others count since the start."""

    targets: int = 0
    under_way: int = 0
    most_under_way: int = 0
    scrapes: int = 0
    failed: int = 0
    lost: int = 0
    samples: int = 0
    rejected: int = 0


@dataclass(slots=True)
class ScrapeTotals:
    """The counters behind :class:`ScrapeStatistics`."""

    scrapes: int = 0
    failed: int = 0
    lost: int = 0
    samples: int = 0
    rejected: int = 0
