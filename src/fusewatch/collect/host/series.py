"""The series that a reading of the machine becomes: names, labels and values of the catalogue, and node_exporter's for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fusewatch.collect.host.snapshot import HostSnapshot
from fusewatch.telemetry.metadata import MetricMetadata

#: Metric, type, unit, help.
_METRICS: Final = (
    ("up", "gauge", "", "Whether the last reading of the machine succeeded."),
    ("scrape_duration_seconds", "gauge", "seconds", "How long the last reading of the machine took."),
    ("node_cpu_usage", "gauge", "ratio", "Share of time in which the core was busy since the last reading."),
    ("node_memory_usage", "gauge", "ratio", "Share of memory by what it is used for; swap: share of the swap space."),
    ("node_disk_usage", "gauge", "ratio", "Share of the file system that is used."),
    ("node_network_io", "counter", "bytes", "Bytes received and sent by the interface."),
    ("node_network_connections", "gauge", "", "TCP connections by state."),
    ("node_load1", "gauge", "", "1m load average."),
    ("node_load5", "gauge", "", "5m load average."),
    ("node_load15", "gauge", "", "15m load average."),
    ("node_pressure_cpu_waiting_seconds_total", "counter", "seconds", "Time in which some work waited for a processor."),
    ("node_pressure_memory_waiting_seconds_total", "counter", "seconds", "Time in which some work waited for memory."),
    ("node_pressure_memory_stalled_seconds_total", "counter", "seconds", "Time in which all work waited for memory."),
    ("node_pressure_io_waiting_seconds_total", "counter", "seconds", "Time in which some work waited for input or output."),
    ("node_pressure_io_stalled_seconds_total", "counter", "seconds", "Time in which all work waited for input or output."),
    ("node_memory_MemTotal_bytes", "gauge", "bytes", "Memory of the machine."),
    ("node_memory_MemAvailable_bytes", "gauge", "bytes", "Memory that new work can have without swapping."),
    ("node_memory_SwapTotal_bytes", "gauge", "bytes", "Swap space of the machine."),
    ("node_filesystem_size_bytes", "gauge", "bytes", "Size of the file system."),
    ("node_filesystem_avail_bytes", "gauge", "bytes", "Space that unprivileged users can still fill."),
    ("node_filefd_allocated", "gauge", "", "Open files of the whole machine."),
    ("node_filefd_maximum", "gauge", "", "How many files can be open."),
    ("node_boot_time_seconds", "gauge", "seconds", "When the machine started, seconds since the epoch."),
    ("node_time_seconds", "gauge", "seconds", "The machine's clock, seconds since the epoch."),
    ("node_procs_running", "gauge", "", "Processes that run or wait for a core."),
    ("node_procs_blocked", "gauge", "", "Processes that wait for a disk."),
    ("node_processes_pids", "gauge", "", "Processes of the machine."),
)

#: A metric, its own labels, and its value.
Reading = tuple[str, dict[str, str], float]


def host_metadata(job: str) -> list[MetricMetadata]:
    """What the metrics mean."""
    return [MetricMetadata(metric, kind, text, unit, job) for metric, kind, unit, text in _METRICS]


def host_readings(host: HostSnapshot) -> Iterator[Reading]:
    """All series of one reading."""
    yield from _cpu(host)
    yield from _memory(host)
    yield from _disks(host)
    yield from _network(host)
    yield "node_filefd_allocated", {}, host.file_descriptors.used
    yield "node_filefd_maximum", {}, host.file_descriptors.limit
    yield "node_boot_time_seconds", {}, host.boot_time / 1000
    yield "node_time_seconds", {}, host.timestamp / 1000
    yield "node_procs_running", {}, host.processes.running
    yield "node_procs_blocked", {}, host.processes.blocked
    yield "node_processes_pids", {}, host.processes.total


def _cpu(host: HostSnapshot) -> Iterator[Reading]:
    for core in host.cpu.cores:
        yield "node_cpu_usage", {"cpu_core": core.core}, core.usage
    for window, load in host.cpu.load.items():
        yield f"node_load{window.removesuffix('m')}", {}, load
    for what, pressure in host.cpu.pressure.items():
        if pressure is None:
            continue
        yield f"node_pressure_{what}_waiting_seconds_total", {}, pressure.some_seconds
        if what != "cpu":  # for the processor "all work waits" has no meaning on a whole machine
            yield f"node_pressure_{what}_stalled_seconds_total", {}, pressure.full_seconds


def _memory(host: HostSnapshot) -> Iterator[Reading]:
    for kind, ratio in host.memory.by_type.items():
        yield "node_memory_usage", {"memory_type": kind}, ratio
    yield "node_memory_MemTotal_bytes", {}, host.memory.total_bytes
    yield "node_memory_MemAvailable_bytes", {}, host.memory.available_bytes
    yield "node_memory_SwapTotal_bytes", {}, host.memory.swap_total_bytes


def _disks(host: HostSnapshot) -> Iterator[Reading]:
    for disk in host.disks:
        yield "node_disk_usage", {"device": disk.device, "mount_point": disk.mount_point}, disk.usage
        labels = {"device": disk.device, "mountpoint": disk.mount_point, "fstype": disk.file_system}
        yield "node_filesystem_size_bytes", labels, disk.total_bytes
        yield "node_filesystem_avail_bytes", labels, disk.free_bytes


def _network(host: HostSnapshot) -> Iterator[Reading]:
    for link in host.network:
        yield "node_network_io", {"interface": link.interface, "direction": "receive"}, link.receive_bytes
        yield "node_network_io", {"interface": link.interface, "direction": "transmit"}, link.transmit_bytes
    for state, count in host.connections.items():
        yield "node_network_connections", {"state": state}, count
