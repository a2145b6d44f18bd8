"""The ``storage`` block of fusewatch.yml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from fusewatch.telemetry.config import Block, DurationMs, Size
from fusewatch.telemetry.matchers import BadRegexError, compile_regex

_DAY: Final = 86_400_000
_SCHEMES: Final = ("chdb", "clickhouse", "clickhouses")
_CGROUP_FILES: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
#: Less than this for ClickHouse, and it fails at merges; its counter includes Python's own memory.
_CLICKHOUSE_LEAST: Final = 1 << 30


class RetentionSettings(Block):
    """How long data is kept; 0 keeps for ever. What is older than this is refused when it is written."""

    metrics: DurationMs = 30 * _DAY
    #: How long roll-ups of five minutes are kept, from which queries beyond the samples' retention are answered. A day of them takes about
    #: a third of its samples at 15 s, so 90 days take as much again as 30 days of samples.
    rollups_5m: DurationMs = 90 * _DAY
    #: The same for roll-ups of an hour, at a seventeenth: 400 days, so that a month can be compared with that of the year before.
    rollups_1h: DurationMs = 400 * _DAY
    #: Other durations for some metrics, by name or by a regular expression that the whole name matches; the first that fits counts. Their
    #: roll-ups are not kept for longer.
    per_metric: dict[str, DurationMs] = Field(default_factory=dict)
    logs: DurationMs = 14 * _DAY
    traces: DurationMs = 7 * _DAY
    #: What all metrics may take on disk; over it the oldest days go first, roll-ups only after all samples but the last day's. 0: no limit.
    size: Annotated[Size, Field(ge=0)] = 0

    @property
    def longest(self) -> int:
        """How long anything is kept, in ms; 0: for ever."""
        all_of_them = [self.metrics, *self.per_metric.values()]
        return max(all_of_them) if all(all_of_them) else 0

    @field_validator("per_metric")
    @classmethod
    def _patterns(cls, per_metric: dict[str, int]) -> dict[str, int]:
        for pattern in per_metric:
            try:
                compile_regex(pattern)
            except BadRegexError as error:
                raise ValueError(str(error)) from error
        return per_metric


class StorageSettings(Block):
    """Where telemetry is kept, for how long, and what that may cost."""

    #: ``chdb:///DIR`` embeds ClickHouse (default: in the data folder); ``clickhouse://user:password@host:8123/database`` uses a server,
    #: ``clickhouses://`` one behind TLS.
    url: str = ""
    #: Answer a write only when it would survive a power cut; without it, it survives a crash of the program.
    fsync: bool = False
    #: What the whole program may use; default: the container's limit or the machine's memory. ClickHouse gets 40 % of it.
    memory: Annotated[Size, Field(ge=512 << 20)] | None = None
    retention: RetentionSettings = RetentionSettings()
    #: Samples further ahead of this machine's clock are refused.
    future: DurationMs = 600_000
    #: Whether a start timestamp that a sender of remote write 2.0 or a scraped page gives becomes a sample of 0, so that the first
    #: increase counts. Targets are then asked for protobuf first, and ``_created`` lines of OpenMetrics are no series of their own.
    start_time_zero_sample: bool = False
    #: Samples wait in the log for ClickHouse up to this size; beyond it, writes are answered with 503 until it has caught up.
    queue: Annotated[Size, Field(ge=1 << 20)] = 1 << 30
    #: Samples that a remote write target has not taken yet are kept in the data folder up to this size; beyond it the oldest are dropped.
    remote_write_backlog: Annotated[Size, Field(ge=1 << 20)] = 10 << 30
    #: Samples that are not compressed yet are held in memory, too, up to this size (24 bytes a sample), so that reads of the last hours
    #: need not ask ClickHouse; default: a sixteenth of ``memory``, at most 512 MiB. 0: none.
    head: Annotated[Size, Field(ge=0)] | None = None
    #: Compressed chunks are kept in memory once they were read, up to this size; default: a thirty-second of ``memory``, at most 256 MiB.
    #: What they are decoded into is used again for a minute, twice this size at most. 0: neither.
    chunk_cache: Annotated[Size, Field(ge=0)] | None = None
    #: Samples go to ClickHouse when so many wait …
    commit_rows: Annotated[int, Field(ge=1)] = 500_000
    #: … or the first of them has waited this long. They are in the log and visible from the start.
    commit_interval: Annotated[DurationMs, Field(ge=100)] = 10_000
    #: Series that may be active at a time (a sample in the last two hours); over it new ones (only they) are refused. 0: no limit.
    max_series: Annotated[int, Field(ge=0)] = 5_000_000
    #: The same for the series of one metric …
    max_series_per_metric: Annotated[int, Field(ge=0)] = 0
    #: … and of one job.
    max_series_per_job: Annotated[int, Field(ge=0)] = 0

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in _SCHEMES:
            raise ValueError("expected chdb:///DIR or clickhouse://user:password@host:8123/database")
        return url

    @property
    def is_embedded(self) -> bool:
        """Whether ClickHouse runs inside this process."""
        return not self.url or urlsplit(self.url).scheme == "chdb"

    def embedded_path(self, data_dir: Path) -> Path:
        """The folder of the embedded ClickHouse."""
        path = urlsplit(self.url).path if self.url else ""
        return Path(path) if path not in ("", "/") else data_dir / "clickhouse"

    @property
    def memory_limit(self) -> int:
        """What the whole program may use, in bytes."""
        return self.memory or machine_memory()

    @property
    def head_limit(self) -> int:
        """What committed samples may take in memory, in bytes."""
        return min(self.memory_limit // 16, 512 << 20) if self.head is None else self.head

    @property
    def chunk_cache_limit(self) -> int:
        """What chunks that were read may take in memory, in bytes."""
        return min(self.memory_limit // 32, 256 << 20) if self.chunk_cache is None else self.chunk_cache

    @property
    def clickhouse_memory(self) -> int:
        """ClickHouse's share of it, in bytes."""
        return max(self.memory_limit * 2 // 5, _CLICKHOUSE_LEAST)


def machine_memory() -> int:
    """The memory that this process may use: its cgroup's limit, or what the machine has, in bytes."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in _CGROUP_FILES:
        try:
            limits.append(int(file.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue  # no such controller, or "max"
    return min(limits)
