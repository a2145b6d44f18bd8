from __future__ import annotations

import tempfile
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fusewatch.forward.backlog import Backlog
from fusewatch.forward.place import LogPosition, Stretch, load_place, place_path
from fusewatch.forward.tail import LogTail
from fusewatch.storage.records import read_samples, samples_record
from fusewatch.storage.wal import LogWriter, Position, find_segments

#: Bytes of a segment with one record of one sample, roughly.
SMALL = 60
NAMES = ("one", "two/../three")


def record(number):
    """A record of one sample with this id."""
    return samples_record(1, np.array([number], np.uint64), np.zeros(1, np.int64), np.zeros(1, np.uint64))


class Log:
    """A log, its committer and its backlog, in a folder."""

    def __init__(self, folder: Path, *, limit: int = 1 << 30, names: tuple[str, ...] = ()) -> None:
        self.folder, self.limit = folder, limit
        self.log = folder / "wal"
        self.log.mkdir(exist_ok=True)
        self.writer = LogWriter(self.log, sync=False)
        self.writer.open_segment(self.writer.number + 1)
        self.position = Position(self.log)
        self.backlog = self.open(names)

    def open(self, names) -> Backlog:
        return Backlog(log=self.log, folder=self.folder / "sending", limit=self.limit, sync=False, names=names)

    def write(self, number: int) -> None:
        self.writer.append([record(number)])

    def end_segment(self) -> None:
        self.writer.open_segment(self.writer.number + 1)

    def commit(self) -> None:
        """What the committer does with the oldest segment that is complete."""
        [file, *rest] = find_segments(self.log)
        if rest:
            self.backlog.take(file)

    def tail(self, place, start=None) -> LogTail:
        return LogTail(backlog=self.backlog, log=self.position, position=start or place.done)

    def read(self, tail, most: int = 1 << 30) -> list[int]:
        """The ids of the next samples."""
        found: list[int] = []
        while len(found) < most and (got := tail.next()) is not None:
            found += read_samples(got.body)[0].tolist()
        return found

    def kept(self) -> list[int]:
        return [file.number for file in find_segments(self.folder / "sending")]


def test_a_new_target_begins_at_the_end_of_the_log(tmp_path):
    log = Log(tmp_path)
    log.write(1)
    place = log.backlog.place("new")
    log.write(2)
    assert log.read(log.tail(place)) == [2]


def test_a_segment_moves_out_of_the_log_once_it_is_committed_and_goes_once_it_is_sent(tmp_path):
    log = Log(tmp_path, names=("slow",))
    place = log.backlog.place("slow")
    log.write(1)
    log.end_segment()
    log.commit()
    assert [file.number for file in find_segments(log.log)] == [2]
    assert log.kept() == [1]
    tail = log.tail(place)
    assert log.read(tail) == [1]
    place.done = tail.position
    log.backlog.save(place)
    assert log.kept() == []


def test_without_targets_nothing_is_kept_and_no_folder_made(tmp_path):
    log = Log(tmp_path)
    log.write(1)
    log.end_segment()
    log.commit()
    assert not (tmp_path / "sending").exists()
    assert [file.number for file in find_segments(log.log)] == [2]


def test_over_its_bound_the_oldest_segments_go_and_what_is_lost_is_counted_for_who_has_not_read_it(tmp_path):
    log = Log(tmp_path, names=("slow", "fast"), limit=5 * SMALL)
    slow, fast = log.backlog.place("slow"), log.backlog.place("fast")
    for number in range(10):
        log.write(number)
        log.write(100 + number)
        log.end_segment()
    reader = log.tail(fast)
    log.read(reader)
    fast.read = reader.position
    for _ in range(10):
        log.commit()
    figures = log.backlog.figures()
    assert figures.bytes <= 5 * SMALL
    assert figures.dropped_segments == 10 - figures.segments > 0
    assert (slow.lost, fast.lost) == (2 * figures.dropped_segments, 0)
    left = log.read(log.tail(slow))
    assert left == [number for k in range(figures.dropped_segments, 10) for number in (k, 100 + k)]


def test_a_segment_that_is_dropped_is_not_read_on(tmp_path):
    log = Log(tmp_path, names=("slow",), limit=2 * SMALL)
    place = log.backlog.place("slow")
    for number in range(4):
        log.write(number)
        log.end_segment()
    tail = log.tail(place)
    assert log.read(tail, 1) == [0]
    place.read = tail.position
    for _ in range(4):
        log.commit()
    rest = log.read(tail)
    assert place.lost == 3 - len(rest)
    assert rest == list(range(4 - len(rest), 4))


def test_a_stretch_is_read_again_up_to_its_end_and_no_further(tmp_path):
    log = Log(tmp_path, names=("slow",))
    place = log.backlog.place("slow")
    log.write(1)
    log.end_segment()
    log.write(2)
    tail = log.tail(place)
    log.read(tail)
    stretch = Stretch(place.done, tail.position, 1, 100)
    log.write(3)
    again = log.tail(place, stretch.start)
    found = []
    while (got := again.next(stretch.end)) is not None:
        found += read_samples(got.body)[0].tolist()
    assert found == [1, 2]
    assert log.read(again) == [3]


@pytest.mark.parametrize("text", [b"", b"{}", b'{"done": [1], "under_way": []}', b'{"done": [1, 8], "under_way": [[1, 8, 2, 8, 0, 5]]}'])
def test_a_place_that_can_not_be_read_begins_at_the_oldest_segment(tmp_path, text):
    place_path(tmp_path, "damaged").write_bytes(text)
    assert load_place(tmp_path, "damaged").done == LogPosition(0, 0)


def test_a_place_is_saved_as_it_is(tmp_path):
    log = Log(tmp_path, names=("a",))
    place = log.backlog.place("a")
    place.done = LogPosition(3, 16)
    place.under_way.append(Stretch(LogPosition(3, 16), LogPosition(4, 8), 2, 500))
    log.backlog.save(place)
    found = load_place(tmp_path / "sending", "a")
    assert (found.done, found.under_way) == (place.done, place.under_way)


def test_a_place_beyond_the_log_as_after_a_restored_backup_begins_at_its_end(tmp_path):
    log = Log(tmp_path, names=("a",))
    place = log.backlog.place("a")
    place.done = LogPosition(99, 16)
    log.backlog.save(place)
    again = log.open(("a",))
    assert again.place("a").done == LogPosition(1, 8)


def test_a_segment_that_can_not_be_kept_does_not_hold_up_the_log(tmp_path):
    log = Log(tmp_path, names=("a",))
    place = log.backlog.place("a")
    log.write(1)
    log.end_segment()
    (tmp_path / "sending").rename(tmp_path / "away")
    (tmp_path / "sending").touch()
    log.commit()
    assert [file.number for file in find_segments(log.log)] == [2]
    assert place.lost == 1


class KeepingModel(RuleBasedStateMachine):
    """Random writes, commits, deliveries, restarts and changes of targets, against lists of what each target must still get."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.log: Log | None = None
        self.next = 0
        self.due: dict[str, deque[int]] = {}
        self.tails: dict[str, LogTail] = {}
        #: Read and not delivered yet: ids, and the position behind them.
        self.read: dict[str, list[tuple[list[int], LogPosition]]] = {}

    @initialize()
    def start(self) -> None:
        self.log = Log(Path(self._folder.name))

    @rule(count=st.integers(1, 3))
    def write(self, count) -> None:
        for _ in range(count):
            self.log.write(self.next)
            for due in self.due.values():
                due.append(self.next)
            self.next += 1

    @rule()
    def end_segment(self) -> None:
        self.log.end_segment()

    @rule()
    def commit(self) -> None:
        self.log.commit()

    @rule(name=st.sampled_from(NAMES))
    def add(self, name) -> None:
        if name not in self.due:
            self.due[name] = deque()
            self._open(name)

    @precondition(lambda self: self.due)
    @rule(data=st.data())
    def remove(self, data) -> None:
        name = data.draw(st.sampled_from(sorted(self.due)))
        self.log.backlog.forget(name)
        for known in (self.due, self.read):
            del known[name]
        self.tails.pop(name).close()

    @precondition(lambda self: self.due)
    @rule(data=st.data(), most=st.integers(1, 4))
    def take(self, data, most) -> None:
        name = data.draw(st.sampled_from(sorted(self.due)))
        tail = self.tails[name]
        ids = self.log.read(tail, most)
        self.log.backlog.place(name).read = tail.position
        self.read[name].append((ids, tail.position))

    @precondition(lambda self: any(self.read.values()))
    @rule(data=st.data())
    def deliver(self, data) -> None:
        name = data.draw(st.sampled_from(sorted(name for name, read in self.read.items() if read)))
        ids, position = self.read[name].pop(0)
        assert [self.due[name].popleft() for _ in ids] == ids
        place = self.log.backlog.place(name)
        place.done = position
        self.log.backlog.save(place)

    @rule()
    def crash(self) -> None:
        """Whatever was read and not delivered is read again."""
        self.log.backlog = self.log.open(tuple(self.due))
        for name in self.due:
            self.tails[name].close()
            self._open(name)

    def _open(self, name) -> None:
        self.tails[name], self.read[name] = self.log.tail(self.log.backlog.place(name)), []

    @invariant()
    def only_what_is_needed_is_kept(self) -> None:
        if self.log is not None:
            needed = min((self.log.backlog.place(name).saved.segment for name in self.due), default=1 << 62)
            assert all(number >= needed for number in self.log.kept())
            assert self.log.backlog.figures().segments == len(self.log.kept())

    def teardown(self) -> None:
        for name, due in self.due.items():
            self.tails[name].close()
            self._open(name)
            assert self.log.read(self.tails[name]) == list(due)
        self._folder.cleanup()


TestKeeping = KeepingModel.TestCase
TestKeeping.settings = settings(max_examples=60, stateful_step_count=40)
