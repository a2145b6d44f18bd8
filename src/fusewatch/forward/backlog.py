"""Segments of the log that ClickHouse has and some target has not: kept in a folder beside the log until all targets are past them.

The committer hands over each segment it is done with. One that is still needed is moved, not copied, so that whoever looks which segments
of the log wait for ClickHouse sees the truth. The folder is bounded: over it the oldest segments go, and what is lost is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from fusewatch.forward.place import SUFFIX, LogPosition, Place, load_place, place_path
from fusewatch.storage.errors import CorruptLogError
from fusewatch.storage.folder import disk_usage
from fusewatch.storage.log_reader import SegmentReader
from fusewatch.storage.spare_segments import SpareSegments
from fusewatch.storage.wal import MAGIC, Kind, Position, SegmentFile, find_segments, segment_path

_log = structlog.get_logger(component="remote write")
FOLDER: Final = "sending"


@dataclass(frozen=True, slots=True)
class BacklogFigures:
    """What is kept beside the log: segments and bytes, its bound, and what was dropped since the start."""

    segments: int
    bytes: int
    limit: int
    dropped_segments: int
    dropped_bytes: int


class Backlog:
    """The places of all targets and the segments they need. Thread-safe; blocks for as long as a small file takes.

    ``log`` is the log's folder, ``folder`` where segments are kept, at most ``limit`` bytes of them. ``names`` are the targets there are;
    the places of others end. With ``sync`` a place that was saved survives a power cut.
    """

    def __init__(self, *, log: Path, folder: Path, limit: int, sync: bool, names: Iterable[str] = ()) -> None:
        self._log = log
        self._folder = folder
        self._limit = limit
        self._sync = sync
        self._spares = SpareSegments(log, sync=sync)
        self._lock = threading.Lock()
        self._places: dict[str, Place] = {}
        self._kept = {file.number: file.path.stat().st_size for file in find_segments(folder)}
        self._dropped_segments = self._dropped_bytes = 0
        #: Segments below this number were dropped, whoever may still need them.
        self.floor = 0
        for name in names:
            self.place(name)
        self._end_others()

    def place(self, name: str) -> Place:
        """Where this target is; one that is new begins at the end of the log."""
        with self._lock:
            if name not in self._places:
                self._folder.mkdir(exist_ok=True)
                end = self._end()
                place = load_place(self._folder, name)
                if place is None or place.done.segment > end.segment:  # the second: a log older than the place was restored
                    place = Place(name, place_path(self._folder, name), end, read=end, saved=end)
                    place.save(sync=self._sync)
                self._places[name] = place
            return self._places[name]

    def save(self, place: Place) -> None:
        """Writes down how far a target has come, and lets go what nobody needs any more.

        Raises:
            OSError: it can't be written.
        """
        with self._lock:
            place.save(sync=self._sync)
            self._release()

    def forget(self, name: str) -> None:
        """Ends a target's place."""
        with self._lock:
            place = self._places.pop(name, None)
            if place is not None:
                place.path.unlink(missing_ok=True)
            self._release()

    def take(self, file: SegmentFile) -> None:
        """Keeps a segment that ClickHouse has, or removes it where all targets are past it."""
        with self._lock:
            if file.number < self._needed():
                self._spares.put(file.path)
                return
            try:
                self._folder.mkdir(exist_ok=True)
                size = file.path.stat().st_size
                file.path.rename(segment_path(self._folder, file.number))
            except OSError as error:
                # The log must not fill up for this.
                _log.error("a segment can't be kept for remote write; it is dropped", segment=file.number, reason=str(error))
                self._count_lost(file)
                self._spares.put(file.path)
                return
            self._kept[file.number] = size
            self._bound()

    def segments(self) -> list[SegmentFile]:
        """All segments there are, kept ones and those of the log, in their order."""
        # In this order: one that is moved in between is seen twice, never missed.
        found = {file.number: file for file in (*find_segments(self._log), *find_segments(self._folder))}
        return [found[number] for number in sorted(found)]

    def figures(self) -> BacklogFigures:
        """The figures now."""
        with self._lock:
            return BacklogFigures(len(self._kept), sum(self._kept.values()), self._limit, self._dropped_segments, self._dropped_bytes)

    def _end(self) -> LogPosition:
        """The end of the log as it is now."""
        if not self._log.exists():
            return LogPosition(0, 0)
        position = Position(self._log)
        try:
            newest, word = position.newest, position.word
            return LogPosition(newest, Position.limit(word, newest) or 0)
        finally:
            position.close()

    def _needed(self) -> int:
        """The first segment that some target needs."""
        return min((place.saved.segment for place in self._places.values()), default=1 << 63)

    def _release(self) -> None:
        needed = self._needed()
        for number in [number for number in self._kept if number < needed]:
            self._remove(number)

    def _remove(self, number: int) -> int:
        """Removes a kept segment; its bytes."""
        self._spares.put(self._file(number).path)
        return self._kept.pop(number)

    def _file(self, number: int) -> SegmentFile:
        return SegmentFile(number, segment_path(self._folder, number))

    def _bound(self) -> None:
        """Drops the oldest segments while there is more than the bound, or so little of the disk that samples would be refused for it."""
        while self._kept and (sum(self._kept.values()) > self._limit or disk_usage(self._folder).is_full):
            oldest = min(self._kept)
            lost = self._count_lost(self._file(oldest))
            self.floor = oldest + 1
            self._dropped_bytes += self._remove(oldest)
            self._dropped_segments += 1
            _log.error(
                "the backlog of remote write is full: its oldest segment was dropped, and with it samples that a target has not taken",
                segment=oldest,
                limit_bytes=self._limit,
                samples=lost,
            )

    def _count_lost(self, file: SegmentFile) -> dict[str, int]:
        """Counts what goes with a segment, for each target that has not read it; the samples by target."""
        lost = {}
        for place in self._places.values():
            if samples := count_samples(file, place.read):
                place.lost += samples
                lost[place.name] = samples
        return lost

    def _end_others(self) -> None:
        known = {place.path for place in self._places.values()}
        for path in self._folder.glob(f"*{SUFFIX}"):
            if path not in known:
                path.unlink(missing_ok=True)
        self._release()


def count_samples(file: SegmentFile, start: LogPosition) -> int:
    """How many samples a segment has from a position on, native histograms among them; 0 where the position is past it."""
    if start.segment > file.number:
        return 0
    count = 0
    try:
        reader = SegmentReader(file)
    except FileNotFoundError:
        return 0
    try:
        reader.offset = max(start.offset, len(MAGIC)) if start.segment == file.number else len(MAGIC)
        while records := reader.read(reader.size):
            for record in records:
                if record.kind in {Kind.SAMPLES, Kind.HISTOGRAMS}:
                    count += int.from_bytes(record.body[:8].tobytes(), "little")
    except CorruptLogError:
        pass  # what is behind the damage nobody could have sent
    finally:
        reader.close()
    return count
