"""The collector of the machine that Fusewatch runs on."""

from __future__ import annotations

import asyncio
import platform
import socket
from pathlib import Path
from typing import Final

import psutil
import structlog

from fusewatch.collect.host import readers
from fusewatch.collect.host.processes import ProcessReader
from fusewatch.collect.host.series import host_metadata, host_readings
from fusewatch.collect.host.snapshot import HostSnapshot
from fusewatch.collect.publisher import SeriesPublisher
from fusewatch.collect.scrape.schedule import Schedule
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.ports import MetadataSink, SampleSink, StorageError

_FIRST_READING_S: Final = 1.0

_log = structlog.stdlib.get_logger(component="host")


class HostCollector:
    """Reads the machine every ``interval_ms`` and writes what it sees as the series of ``job`` and ``instance``.

    ``proc`` is where the kernel shows its state. Processes are shown in the snapshot alone, ``most_processes`` of each kind: as series
    they would be without bound.
    """

    name = "host"

    def __init__(
        self,
        *,
        sink: SampleSink,
        metadata_sink: MetadataSink,
        clock: Clock,
        interval_ms: int = 15_000,
        instance: str | None = None,
        job: str = "fusewatch-host",
        most_processes: int = 10,
        proc: Path = Path("/proc"),
    ) -> None:
        self._publisher = SeriesPublisher(sink)
        self._metadata_sink = metadata_sink
        self._clock = clock
        self._hostname = socket.gethostname()
        self._job = job
        self._labels = {"job": job, "instance": instance or self._hostname}
        self._known: dict[tuple[str, tuple[str, ...]], Labels] = {}
        self._schedule = Schedule.spread(interval_ms, self._hostname.encode())
        self._proc = proc
        self._cpu = readers.CpuReader()
        self._network = readers.NetworkReader()
        self._processes = ProcessReader(proc, most=most_processes)
        self._snapshot: HostSnapshot | None = None

    def snapshot(self) -> HostSnapshot | None:
        """The last reading; None before the first."""
        return self._snapshot

    async def run(self) -> None:
        """Reads and writes until it is cancelled; the first reading comes after a second, for rates need two."""
        await asyncio.to_thread(self._read)
        await asyncio.sleep(_FIRST_READING_S)
        described, due = False, self._clock.now_ms()
        while True:
            await self._collect(self._schedule.timestamp(due, self._clock.now_ms()))
            described = described or await self._describe()
            now = self._clock.now_ms()
            due = self._schedule.after(now, due)
            await asyncio.sleep((due - now) / 1000)

    async def _collect(self, timestamp: int) -> None:
        started = self._clock.monotonic()
        readings: dict[Labels, float] = {}
        try:
            snapshot = await asyncio.to_thread(self._read)
        except (OSError, psutil.Error, ValueError) as error:
            _log.warning("the machine could not be read", reason=str(error))
        else:
            self._snapshot = snapshot
            readings = {self._name(metric, labels): value for metric, labels, value in host_readings(snapshot)}
        readings[self._name("up", {})] = float(bool(readings))
        readings[self._name("scrape_duration_seconds", {})] = self._clock.monotonic() - started
        try:
            await self._publisher.publish(timestamp, readings)
        except (StorageError, TimeoutError) as error:
            _log.warning("a reading of the machine was lost", reason=str(error))

    async def _describe(self) -> bool:
        try:
            await self._metadata_sink.write_metadata(host_metadata(self._job))
        except StorageError:
            return False
        return True

    def _name(self, metric: str, labels: dict[str, str]) -> Labels:
        key = metric, tuple(labels.values())
        if key not in self._known:
            self._known[key] = Labels({METRIC_NAME: metric, **labels, **self._labels})
        return self._known[key]

    def _read(self) -> HostSnapshot:
        now, monotonic = self._clock.now_ms(), self._clock.monotonic()
        boot_time = int(psutil.boot_time() * 1000)
        return HostSnapshot(
            hostname=self._hostname,
            platform=f"{platform.system()} {platform.release()} {platform.machine()}",
            timestamp=now,
            boot_time=boot_time,
            uptime_seconds=(now - boot_time) / 1000,
            cpu=self._cpu.read(self._proc),
            memory=readers.read_memory(),
            disks=readers.read_disks(),
            network=self._network.read(monotonic),
            connections=readers.read_connections(self._proc),
            file_descriptors=readers.read_file_descriptors(self._proc),
            processes=self._processes.read(monotonic),
        )
