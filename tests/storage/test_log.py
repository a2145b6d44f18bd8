"""The log's files: written over, cut at any byte, and read back as far as they were acknowledged."""

import errno
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.storage.errors import CorruptLogError
from fusewatch.storage.log_end import cut_log
from fusewatch.storage.log_reader import SegmentReader
from fusewatch.storage.records import read_samples, samples_record
from fusewatch.storage.spare_segments import SpareSegments
from fusewatch.storage.wal import MAGIC, LogWriter, Position, find_segments


def record(first: int, count: int = 1):
    """A record of so many samples, whose ids go on from ``first``."""
    ids = np.arange(first, first + count, dtype=np.uint64)
    return samples_record(1, ids, np.zeros(count, np.int64), ids)


def read(folder: Path) -> list[int]:
    """The ids of all samples in the log."""
    found: list[int] = []
    for file in find_segments(folder):
        reader = SegmentReader(file)
        while records := reader.read(reader.size):
            found += [one for record in records for one in read_samples(record.body)[0].tolist()]
        reader.close()
    return found


def finish(folder: Path) -> None:
    """What becomes of all segments but the newest one when ClickHouse has them."""
    spares = SpareSegments(folder, sync=True)
    for file in find_segments(folder)[:-1]:
        spares.put(file.path)


def spares_in(folder: Path) -> int:
    return len(list(folder.glob("*.spare")))


def log_with_spare(folder: Path) -> LogWriter:
    """A log in its third segment, which lies over the first one and its hundred samples."""
    writer = LogWriter(folder, sync=True)
    writer.open_segment(1)
    writer.append([record(number) for number in range(1000, 1100)])
    writer.open_segment(2)
    finish(folder)
    assert spares_in(folder) == 1
    writer.open_segment(3)
    assert spares_in(folder) == 0
    return writer


def test_a_synced_segment_goes_over_an_old_one(tmp_path):
    writer = log_with_spare(tmp_path)
    size = find_segments(tmp_path)[-1].path.stat().st_size
    writer.append([record(1)])
    assert find_segments(tmp_path)[-1].path.stat().st_size == size
    with pytest.raises(CorruptLogError):
        read(tmp_path)  # this reads further than the position says
    writer.append([record(2)])
    writer.open_segment(4)
    assert read(tmp_path) == [1, 2]
    writer.close()


def test_without_sync_segments_are_removed(tmp_path):
    log_with_spare(tmp_path).close()
    finish(tmp_path)
    assert spares_in(tmp_path) == 1
    LogWriter(tmp_path, sync=False).close()
    assert spares_in(tmp_path) == 0
    spares = SpareSegments(tmp_path, sync=False)
    spares.put(find_segments(tmp_path)[0].path)
    assert not find_segments(tmp_path)


def test_a_few_segments_are_kept_at_most(tmp_path):
    spares = SpareSegments(tmp_path, sync=True)
    for number in range(10):
        (tmp_path / f"{number:020d}.log").write_bytes(b"x")
        spares.put(tmp_path / f"{number:020d}.log")
    assert [path.stem for path in sorted(tmp_path.iterdir())] == [f"{number:020d}" for number in range(4)]
    spares.put(tmp_path / "gone.log")


def test_a_segment_ahead_of_the_position_is_not_read():
    word = 7 << 36 | 100
    assert Position.limit(word, 7) == 100
    assert Position.limit(word, 6) is None
    assert Position.limit(word, 8) == 0
    newest = (1 << 28) + 1 << 36 & (1 << 64) - 1 | 50
    assert Position.limit(newest, (1 << 28) + 1) == 50
    assert Position.limit(newest, 1 << 28) is None
    assert Position.limit(newest, (1 << 28) - 1) is None
    assert Position.limit(0, 1_700_000_000_000) == 0


@given(
    sizes=st.lists(st.integers(1, 40), max_size=12),
    known=st.integers(0, 12),
    torn=st.integers(0, 200),
    over=st.booleans(),
    stale=st.booleans(),
)
def test_after_a_power_cut_the_log_ends_behind_what_was_synced(tmp_path_factory, sizes, known, torn, over, stale):
    """``known`` records stand in the position, all others were synced, of one more only ``torn`` bytes came to the disk."""
    folder = tmp_path_factory.mktemp("log")
    if over:
        writer = log_with_spare(folder)
    else:
        writer = LogWriter(folder, sync=True)
        writer.open_segment(3)
    first, position = 0, (writer.number, writer.size)
    for k, size in enumerate(sizes):
        writer.append([record(first, size)])
        first += size
        if k + 1 == known:
            position = (writer.number, writer.size)
    file = find_segments(folder)[-1].path
    whole = b"".join(bytes(part) for part in record(5000, 9).encode(writer.number))
    with file.open("r+b") as handle:
        handle.seek(writer.size)
        handle.write(whole[: min(torn, len(whole) - 1)])
    writer._position.publish(*((2, len(MAGIC)) if stale else position))
    writer.close()

    cut_log(folder)
    assert read(folder) == list(range(first))
    cut_log(folder)
    writer = LogWriter(folder, sync=True)
    writer.open_segment(4)
    writer.append([record(first)])
    writer.open_segment(5)
    assert read(folder) == list(range(first + 1))
    writer.close()


def test_damage_that_the_position_covers_is_told(tmp_path):
    writer = LogWriter(tmp_path, sync=True)
    writer.open_segment(1)
    writer.append([record(1)])
    writer.append([record(2)])
    file = find_segments(tmp_path)[0].path
    writer.close()
    with file.open("r+b") as handle:
        handle.seek(len(MAGIC) + 30)
        handle.write(b"\xff")
    cut_log(tmp_path)
    with pytest.raises(CorruptLogError, match="is damaged at byte 8"):
        read(tmp_path)


def test_a_file_that_is_no_segment_is_left_alone(tmp_path):
    path = tmp_path / f"{9:020d}.log"
    path.write_bytes(b"something else entirely")
    cut_log(tmp_path)
    assert path.read_bytes() == b"something else entirely"


def test_a_disk_that_takes_no_more_takes_back_what_did_not_fit(tmp_path):
    writer = log_with_spare(tmp_path)
    writer.append([record(1)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (writer.size + 60, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            writer.append([record(2), record(5)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.append([record(3)])
    writer.open_segment(4)
    assert read(tmp_path) == [1, 3]
    writer.close()


def test_what_a_failed_sync_may_have_left_is_taken_back(tmp_path, monkeypatch):
    writer = log_with_spare(tmp_path)
    writer.append([record(1)])
    # A disk that fails while it syncs can't be had here; the call into the kernel is where it shows.
    monkeypatch.setattr(os, "fdatasync", _failing)
    with pytest.raises(OSError, match="input/output"):
        writer.append([record(2)])
    monkeypatch.undo()
    writer.append([record(3)])
    writer.open_segment(4)
    assert read(tmp_path) == [1, 3]
    writer.close()


def _failing(_descriptor: int) -> None:
    raise OSError(errno.EIO, "input/output error")
