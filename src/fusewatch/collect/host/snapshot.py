"""What was last seen of the machine, for pages and the API. Ratios are 0..1, times ms UTC; field names are those of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CoreUsage:
    """How busy one core was since the reading before."""

    core: str
    usage: float


@dataclass(frozen=True, slots=True)
class Pressure:
    """The share of the last ten seconds in which some, or all, work waited for a resource; the totals in seconds since boot.

    https://docs.kernel.org/accounting/psi.html
    """

    some_avg10: float
    full_avg10: float
    some_seconds: float
    full_seconds: float


@dataclass(frozen=True, slots=True)
class CpuSnapshot:
    """Processors; ``load`` by ``1m``, ``5m``, ``15m``; ``pressure`` by ``cpu``, ``memory``, ``io`` (None where the kernel has none)."""

    usage: float
    cores: Sequence[CoreUsage]
    load: Mapping[str, float]
    pressure: Mapping[str, Pressure | None]


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """Memory; ``by_type`` has the ratios used, cached, buffers, free (together 1) and swap (of the swap space)."""

    total_bytes: int
    available_bytes: int
    by_type: Mapping[str, float]
    swap_total_bytes: int


@dataclass(frozen=True, slots=True)
class DiskSnapshot:
    """A mounted file system; ``usage`` as df shows it: of the space that unprivileged users can fill."""

    device: str
    mount_point: str
    file_system: str
    usage: float
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class NetworkSnapshot:
    """An interface: bytes since it came up, and the rate since the reading before."""

    interface: str
    receive_bytes: int
    transmit_bytes: int
    receive_bytes_per_second: float
    transmit_bytes_per_second: float


@dataclass(frozen=True, slots=True)
class FileDescriptors:
    """Open files of the whole machine and their limit."""

    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class ProcessSnapshot:
    """A process; ``cpu`` in cores since the reading before, ``command`` shortened and without what looks like a secret."""

    pid: int
    name: str
    user: str
    cpu: float
    memory_bytes: int
    command: str


@dataclass(frozen=True, slots=True)
class TopProcesses:
    """The processes that use most, the biggest first; ``total`` counts all, ``running`` and ``blocked`` those on or for a core and disk."""

    by_cpu: Sequence[ProcessSnapshot]
    by_memory: Sequence[ProcessSnapshot]
    total: int
    running: int
    blocked: int


@dataclass(frozen=True, slots=True)
class HostSnapshot:
    """All of one reading."""

    hostname: str
    platform: str
    timestamp: int
    boot_time: int
    uptime_seconds: float
    cpu: CpuSnapshot
    memory: MemorySnapshot
    disks: Sequence[DiskSnapshot]
    network: Sequence[NetworkSnapshot]
    connections: Mapping[str, int]
    file_descriptors: FileDescriptors
    processes: TopProcesses
