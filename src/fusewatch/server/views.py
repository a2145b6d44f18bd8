"""The rooms' own states in the shapes that the APIs show."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict

from fusewatch import __version__
from fusewatch.api.fusewatch.models import Host, Retention, Storage, Target, Version
from fusewatch.api.fusewatch.remote_writes import RemoteWriteState
from fusewatch.api.prometheus.services import ActiveTarget, Cardinality, Counted, DroppedTarget, RuntimeInfo, TargetList
from fusewatch.collect.host.snapshot import HostSnapshot
from fusewatch.collect.scrape.state import Targets
from fusewatch.forward.backlog import BacklogFigures
from fusewatch.forward.figures import TargetStatistics
from fusewatch.server.configuration import Configuration
from fusewatch.server.settings.model import Settings
from fusewatch.storage import cardinality as stored
from fusewatch.storage.statistics import StorageStatistics
from fusewatch.telemetry.durations import format_duration
from fusewatch.telemetry.labels import Labels


def prometheus_targets(found: Targets) -> TargetList:
    """Targets as Prometheus' API lists them."""
    active = [
        ActiveTarget(
            pool=target.job,
            url=target.scrape_url,
            labels=target.labels,
            discovered_labels=Labels(target.discovered_labels),
            health=target.health,
            last_error=target.last_error,
            last_scrape=target.last_scrape,
            last_duration_s=target.last_scrape_duration_s,
            interval_ms=target.scrape_interval,
            timeout_ms=target.scrape_timeout,
            samples=target.samples,
        )
        for target in found.active
    ]
    dropped = [DroppedTarget(target.job, Labels(target.discovered_labels)) for target in found.dropped]
    return TargetList(active, dropped, found.dropped_counts)


def own_targets(found: Targets) -> tuple[list[Target], int]:
    """Targets as our own API lists them, and how many were dropped."""
    active = [
        Target(
            job=target.job,
            instance=target.instance,
            scrape_url=target.scrape_url,
            health=target.health,
            last_error=target.last_error,
            last_scrape=target.last_scrape or None,
            last_scrape_duration_seconds=target.last_scrape_duration_s,
            scrape_interval_seconds=target.scrape_interval / 1000,
            samples=target.samples,
            labels=target.labels.as_dict(),
            discovered_labels=target.discovered_labels,
        )
        for target in found.active
    ]
    return active, sum(found.dropped_counts.values())


def host_of(snapshot: HostSnapshot) -> Host:
    """The machine as our own API tells it."""
    values = asdict(snapshot)
    return Host.model_validate({**values, "load": values["cpu"]["load"], "pressure": values["cpu"]["pressure"]})


def storage_of(found: StorageStatistics) -> Storage:
    """The store as our own API tells it."""
    return Storage(
        series=found.series,
        pending_samples=found.waiting_samples,
        queue_bytes=found.queue_bytes,
        queue_limit_bytes=found.queue_limit,
        wal_bytes=found.log_bytes,
        wal_segments=found.log_segments,
        disk_bytes=found.disk_bytes,
        disk_free_bytes=found.disk_free_bytes,
        oldest_sample=found.oldest_sample,
        newest_sample=found.newest_sample,
        commit_seconds_last=found.last_commit_s,
        commits=found.commits,
        retention=Retention(metrics=found.retention_ms),
        schema_version=found.schema_version,
        read_only_reason=found.read_only_reason,
    )


def remote_writes_of(targets: Sequence[TargetStatistics], backlog: BacklogFigures) -> list[RemoteWriteState]:
    """Targets of remote write as findings are made of them."""
    return [
        RemoteWriteState(
            name=f"remote write {target.name}",
            url=target.url,
            failing=target.figures.failing,
            failing_since=target.figures.failing_since,
            waiting_since=target.figures.waiting_since,
            backlog_bytes=backlog.bytes,
            backlog_limit_bytes=backlog.limit,
        )
        for target in targets
    ]


def cardinality_of(found: stored.Cardinality, statistics: StorageStatistics) -> Cardinality:
    """Where series come from, as Prometheus' API tells it."""
    return Cardinality(
        series=found.total.series,
        label_pairs=found.pair_count,
        oldest=statistics.oldest_sample or 0,
        newest=statistics.newest_sample or 0,
        chunks=statistics.chunks,
        by_metric=[Counted(row.name, row.share.series) for row in found.metrics],
        values_by_label=[Counted(row.name, row.values) for row in found.labels],
        bytes_by_label=[Counted(row.name, row.bytes) for row in found.heaviest],
        by_pair=[Counted(f"{row.name}={row.value}", row.series) for row in found.pairs],
    )


def runtime_info(configuration: Configuration, *, started_at: int) -> RuntimeInfo:
    """This process as ``/api/v1/status/runtimeinfo`` tells it."""
    return RuntimeInfo(
        started_at=started_at,
        working_directory=os.getcwd(),  # noqa: PTH109 - a text is wanted
        hostname=socket.gethostname(),
        config_ok=configuration.ok,
        config_loaded_at=configuration.loaded_at,
        storage_retention=format_duration(configuration.settings.storage.retention.metrics),
    )


def version_of(configuration: Configuration, *, started_at: int, listen: str, data_dir: str, authentication: Callable[[], bool]) -> Version:
    """This process as our own API tells it."""
    return Version(
        version=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        started_at=started_at,
        listen=listen,
        data_dir=data_dir,
        config_loaded_at=configuration.loaded_at,
        config_ok=configuration.ok,
        authentication=authentication(),
    )


def flags_of(settings: Settings, *, config_file: str, data_dir: str) -> dict[str, str]:
    """The settings that Prometheus has as command-line flags, by their names there."""
    return {
        "config.file": config_file,
        "query.lookback-delta": format_duration(settings.query.lookback_delta),
        "query.max-concurrency": str(settings.query.max_concurrency),
        "query.max-samples": str(settings.query.max_samples),
        "query.timeout": format_duration(settings.query.timeout),
        "storage.tsdb.path": data_dir,
        "storage.tsdb.retention.time": format_duration(settings.storage.retention.metrics),
        "web.cors.origin": settings.access.cors_origin,
        "web.listen-address": settings.listen,
    }
