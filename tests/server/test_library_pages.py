"""Pages of libraries that only the start needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fusewatch.server.library_pages import unchanged_parts

SMAPS = """\
7f0000000000-7f0000002000 r--p 00000000 08:01 42 {spaces}/lib/libbig.so.1
Rss:                   8 kB
Anonymous:             0 kB
7f0000002000-7f0000004000 r-xp 00002000 08:01 42 {spaces}/lib/libbig.so.1
Anonymous:             0 kB
7f0000004000-7f0000006000 r--p 00004000 08:01 42 {spaces}/lib/libbig.so.1
Anonymous:             8 kB
7f0000006000-7f0000008000 rw-p 00006000 08:01 42 {spaces}/lib/libbig.so.1
Anonymous:             0 kB
7f0000008000-7f000000a000 r--p 00000000 08:01 43 {spaces}/data/segment
Anonymous:             0 kB
7f000000a000-7f000000c000 r-xp 00000000 00:00 0
Anonymous:             0 kB
"""


def test_only_what_can_be_read_again_from_a_library_is_given_back():
    """Neither relocated data, nor what can be written, nor other files, nor memory without a file."""
    parts = list(unchanged_parts(SMAPS.format(spaces=" " * 20).splitlines()))
    assert parts == [(0x7F0000000000, 0x7F0000002000), (0x7F0000002000, 0x7F0000004000)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped")
def test_a_library_works_on_and_takes_less_memory():
    """In a process of its own, so that the figures are of nothing else."""
    script = """
import numba, llvmlite.binding
from fusewatch.server.library_pages import give_back
def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssFile:"))
double = numba.njit(lambda number: number * 2)
assert double(1) == 2
before = resident()
give_back()
print(before - resident())
assert numba.njit(lambda number: number * 3)(2.0) == 6.0 and double(2) == 4
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10_000
