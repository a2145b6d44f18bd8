"""From where on a reading is worth a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where a warning begins, and where it becomes critical. Ratios, seconds, bytes; the defaults are the monitoring guide's."""

    cpu: tuple[float, float] = (0.80, 0.90)
    memory: tuple[float, float] = (0.75, 0.85)
    disk: tuple[float, float] = (0.85, 0.95)
    file_descriptors: tuple[float, float] = (0.80, 0.95)
    queue: tuple[float, float] = (0.50, 0.90)
    disk_full_in_s: tuple[float, float] = (24 * _HOUR_S, 4 * _HOUR_S)
    data_free_bytes: tuple[int, int] = (5 << 30, 1 << 30)
    host_age_s: tuple[float, float] = (60.0, 300.0)
    starting_s: float = 60.0
    #: A target of remote write that takes no samples, or gets them late, for longer than this.
    remote_write_failing_s: float = 30.0
    remote_write_lag_s: float = 120.0
    #: Full to this share, the backlog of remote write is critical.
    remote_write_backlog: float = 0.80
    #: How long the oldest sample waits for ClickHouse.
    commit_lag_s: tuple[float, float] = (60.0, 300.0)
    #: Something that was refused is worth a word for so long.
    refusal_s: float = 300.0
    #: For so long a busy processor or much used memory is a warning at most.
    burst_s: float = 300.0
