"""Pages of shared libraries that only the start needed.

Loading a library touches much of it that nobody needs again: tables of relocations, initialisers, in LLVM's case the code generator. Of
chDB and LLVM together that is 200 MB. The kernel would take these pages under pressure; until then they count as this process's memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_SMAPS: Final = Path("/proc/self/smaps")
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(/.*\.so\S*)$")


def give_back() -> None:
    """Unmaps the pages of libraries that are as they are on disk; what is still needed is mapped again when it is touched, from memory.

    Does nothing where the system is not Linux, or does not say what is mapped.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    with contextlib.suppress(OSError):
        for start, stop in unchanged_parts(_SMAPS.read_text(encoding="utf-8", errors="replace").splitlines()):
            libc.madvise(start, stop - start, mmap.MADV_DONTNEED)


def unchanged_parts(smaps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The address ranges of libraries that can't be written and hold no page of our own (as relocated data does, which would be lost)."""
    candidate: tuple[int, int] | None = None
    for line in smaps:
        if (found := _MAPPING.match(line)) is not None:
            start, stop, rights, _ = found.groups()
            candidate = None if "w" in rights else (int(start, 16), int(stop, 16))
        elif "-" in line.partition(" ")[0]:
            candidate = None
        elif candidate is not None and line.startswith("Anonymous:"):
            if line.split()[1] == "0":
                yield candidate
            candidate = None
