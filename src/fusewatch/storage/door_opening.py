"""Opening the door to the log of a data folder, which needs nothing of ClickHouse."""

from __future__ import annotations

from pathlib import Path

from fusewatch.storage.book import SeriesBook
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.door import Door, DoorLimits
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.series_limits import SeriesLimits
from fusewatch.telemetry.clock import Clock


def open_door(settings: StorageSettings, data_dir: Path, clock: Clock) -> Door:
    """The door to the log of a data folder that this program has claimed.

    Raises:
        OSError: the log can't be written.
    """
    limits = DoorLimits(
        retention=settings.retention.longest,
        future=settings.future,
        queue=settings.queue,
        segment_rows=settings.commit_rows,
        segment_age_s=settings.commit_interval / 1000,
    )
    book = SeriesBook(SeriesLimits(settings.max_series, settings.max_series_per_metric, settings.max_series_per_job))
    return Door(folder=log_folder(data_dir), book=book, limits=limits, clock=clock, sync=settings.fsync)
