"""What the kernel says of the machine, part by part. All of it blocks for moments and is called from a thread."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psutil

from fusewatch.collect.host.snapshot import (
    CoreUsage,
    CpuSnapshot,
    DiskSnapshot,
    FileDescriptors,
    MemorySnapshot,
    NetworkSnapshot,
    Pressure,
)

#: File systems without a block device that hold data all the same. Network file systems are left out: a dead server blocks the reader.
_REAL_WITHOUT_DEVICE: Final = frozenset({"overlay", "zfs", "btrfs", "bcachefs", "virtiofs", "9p"})
_NO_DATA: Final = frozenset({"squashfs", "iso9660", "erofs", "fuse.snapfuse"})
#: Of ``enum`` in the kernel's include/net/tcp_states.h.
_TCP_STATES: Final = {b"01": "established", b"0A": "listen", b"06": "time_wait", b"08": "close_wait"}
CONNECTION_STATES: Final = ("established", "listen", "time_wait", "close_wait", "other")
#: One end of a container's link each; what flows through them also flows through the bridge.
_LINK_PREFIX: Final = "veth"


class CpuReader:
    """Use of the cores between two readings."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times(percpu=True)

    def read(self, proc: Path) -> CpuSnapshot:
        """Per core and in all; a core that came up since the last reading shows 0."""
        now = psutil.cpu_times(percpu=True)
        before = self._before if len(self._before) == len(now) else now
        self._before = now
        busy = [_busy(old, new) for old, new in zip(before, now, strict=True)]
        one, five, fifteen = os.getloadavg()
        return CpuSnapshot(
            usage=sum(busy) / len(busy),
            cores=[CoreUsage(str(core), usage) for core, usage in enumerate(busy)],
            load={"1m": one, "5m": five, "15m": fifteen},
            pressure={what: read_pressure(proc / "pressure" / what) for what in ("cpu", "memory", "io")},
        )


def _busy(old: tuple[float, ...], new: tuple[float, ...]) -> float:
    """The share of time not idle and not waiting for disks; guest time is part of user time already."""
    fields = new._fields  # type: ignore[attr-defined]  # psutil's named tuple
    spent = {name: max(b - a, 0.0) for name, a, b in zip(fields, old, new, strict=True) if not name.startswith("guest")}
    total = sum(spent.values())
    return 1 - (spent["idle"] + spent.get("iowait", 0.0)) / total if total else 0.0


def read_pressure(file: Path) -> Pressure | None:
    """Pressure stall information; None where the kernel keeps none."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = {line.split()[0]: dict(part.split("=") for part in line.split()[1:]) for line in lines}
    some, full = found.get("some", {}), found.get("full", {})
    return Pressure(
        some_avg10=float(some.get("avg10", 0)) / 100,
        full_avg10=float(full.get("avg10", 0)) / 100,
        some_seconds=int(some.get("total", 0)) / 1e6,
        full_seconds=int(full.get("total", 0)) / 1e6,
    )


def read_memory() -> MemorySnapshot:
    """Memory as the kernel counts it: what is neither free, cache nor buffers is used."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    used = max(memory.total - memory.free - memory.cached - memory.buffers, 0)
    parts = {"used": used, "cached": memory.cached, "buffers": memory.buffers, "free": memory.free}
    ratios = {name: size / memory.total for name, size in parts.items()}
    ratios["swap"] = swap.used / swap.total if swap.total else 0.0
    return MemorySnapshot(memory.total, memory.available, ratios, swap.total)


def read_disks() -> list[DiskSnapshot]:
    """File systems that hold data, each once at its shortest mount point."""
    found: dict[int, DiskSnapshot] = {}
    for mount in sorted(psutil.disk_partitions(all=True), key=lambda mount: len(mount.mountpoint)):
        if not _holds_data(mount.device, mount.fstype):
            continue
        try:
            if not Path(mount.mountpoint).is_dir():  # containers mount single files such as /etc/hosts
                continue
            device = Path(mount.mountpoint).stat().st_dev
            usage = psutil.disk_usage(mount.mountpoint)
        except OSError:
            continue
        if usage.total:
            ratio = usage.used / (usage.used + usage.free) if usage.used + usage.free else 0.0
            disk = DiskSnapshot(mount.device, mount.mountpoint, mount.fstype, ratio, usage.total, usage.free)
            found.setdefault(device, disk)
    return list(found.values())


def _holds_data(device: str, file_system: str) -> bool:
    if file_system in _NO_DATA:
        return False
    return file_system in _REAL_WITHOUT_DEVICE or (device.startswith("/dev/") and not device.startswith("/dev/loop"))


class NetworkReader:
    """Traffic per interface between two readings."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[int, int]] = {}
        self._at = 0.0

    def read(self, now: float) -> list[NetworkSnapshot]:
        """Counters and rates; ``now`` in monotonic seconds. A counter that went back (a new interface of an old name) shows rate 0."""
        elapsed, self._at = now - self._at, now
        found, counters = [], {}
        for name, io in psutil.net_io_counters(pernic=True, nowrap=False).items():
            if name.startswith(_LINK_PREFIX):
                continue
            counters[name] = io.bytes_recv, io.bytes_sent
            received, sent = self._before.get(name, counters[name])
            rates = [max(after - before, 0) / elapsed for after, before in ((io.bytes_recv, received), (io.bytes_sent, sent))]
            found.append(NetworkSnapshot(name, io.bytes_recv, io.bytes_sent, *rates))
        self._before = counters
        return found


def read_connections(proc: Path) -> dict[str, int]:
    """TCP connections by state, read from the kernel's table: ten times cheaper than looking up each one's process."""
    states: Counter[str] = Counter()
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_bytes().splitlines()[1:]
        except OSError:
            continue
        states.update(count_states(lines))
    return {state: states[state] for state in CONNECTION_STATES}


def count_states(lines: Iterable[bytes]) -> Counter[str]:
    """How many rows of ``/proc/net/tcp`` (without its heading) are in each state."""
    codes = Counter(line.split(None, 4)[3] for line in lines)
    states: Counter[str] = Counter()
    for code, count in codes.items():
        states[_TCP_STATES.get(code, "other")] += count
    return states


def read_file_descriptors(proc: Path) -> FileDescriptors:
    """Open files of the whole machine."""
    allocated, unused, limit = (proc / "sys/fs/file-nr").read_text(encoding="ascii").split()
    return FileDescriptors(int(allocated) - int(unused), int(limit))
