from __future__ import annotations

import os
from pathlib import Path

import pytest

from fusewatch.collect.host.readers import (
    CpuReader,
    NetworkReader,
    count_states,
    read_connections,
    read_disks,
    read_file_descriptors,
    read_memory,
    read_pressure,
)

PROC = Path("/proc")
TCP = b"""   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:1F90 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0100007F:1F91 0100007F:8000 06 00000000:00000000 00:00000000 00000000     0        0 3
   3: 0100007F:1F92 0100007F:8000 08 00000000:00000000 00:00000000 00000000     0        0 4
10004: 0100007F:1F93 0100007F:8000 02 00000000:00000000 00:00000000 00000000     0        0 5"""


def test_connections_are_counted_by_state():
    assert dict(count_states(TCP.splitlines())) == {"listen": 1, "established": 1, "time_wait": 1, "close_wait": 1, "other": 1}


def test_a_machine_without_tables_has_no_connections(tmp_path):
    assert set(read_connections(tmp_path).values()) == {0}


def test_the_kernel_says_what_is_connected():
    assert list(read_connections(PROC)) == ["established", "listen", "time_wait", "close_wait", "other"]


def test_pressure(tmp_path):
    file = tmp_path / "memory"
    file.write_text("some avg10=12.50 avg60=1.00 avg300=0.00 total=2500000\nfull avg10=1.00 avg60=0.00 avg300=0.00 total=1000000\n")
    pressure = read_pressure(file)
    assert pressure is not None
    assert (pressure.some_avg10, pressure.full_avg10, pressure.some_seconds, pressure.full_seconds) == (0.125, 0.01, 2.5, 1.0)
    assert read_pressure(tmp_path / "missing") is None


def test_file_descriptors(tmp_path):
    (tmp_path / "sys/fs").mkdir(parents=True)
    (tmp_path / "sys/fs/file-nr").write_text("1000\t100\t50000\n")
    found = read_file_descriptors(tmp_path)
    assert (found.used, found.limit) == (900, 50_000)


def test_ratios_are_ratios():
    memory = read_memory()
    assert sum(memory.by_type[kind] for kind in ("used", "cached", "buffers", "free")) == pytest.approx(1, abs=0.01)
    cpu = CpuReader().read(PROC)
    assert len(cpu.cores) == len([name for name in os.listdir("/sys/devices/system/cpu") if name[3:].isdigit()]) or cpu.cores  # noqa: PTH208
    assert all(0 <= core.usage <= 1 for core in cpu.cores)
    assert 0 <= cpu.usage <= 1


def test_disks_hold_data_and_stand_once():
    disks = read_disks()
    assert disks
    assert len({disk.mount_point for disk in disks}) == len(disks)
    assert all(0 <= disk.usage <= 1 and disk.total_bytes > 0 for disk in disks)
    assert not {disk.file_system for disk in disks} & {"tmpfs", "proc", "sysfs", "cgroup2"}


def test_rates_need_two_readings():
    reader = NetworkReader()
    assert {link.receive_bytes_per_second for link in reader.read(10.0)} <= {0.0}
    assert all(link.receive_bytes_per_second >= 0 for link in reader.read(20.0))
