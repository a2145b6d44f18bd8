"""A moment of the store, held still: hard links to the parts of every table, made while nothing rewrites or commits.

ClickHouse's own ``ALTER TABLE … FREEZE`` makes them, so that a merge of its own in the background can't come in between. The locks are
held for as long as that takes, some milliseconds a table; reading and sending happen afterwards, from files that never change.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fusewatch.storage.backup.errors import BackupError
from fusewatch.storage.backup.manifest import Figures
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.client import ClientPool, Handle
from fusewatch.storage.committer import Committer
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.log_snapshot import read_snapshot
from fusewatch.storage.merging import STAGING
from fusewatch.storage.sql import identifier
from fusewatch.storage.wal import MAGIC, Position, find_segments
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.ports import OverloadedError

_SHADOW: Final = "shadow"
_COUNTER: Final = "increment.txt"
_PREFIX: Final = "fusewatch_"
_TABLES: Final = "SELECT name, toString(uuid), create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"
#: Parts that a merge has replaced are listed for minutes, so that none of those that were frozen a moment ago is missing.
_CHECKSUMS: Final = "SELECT table, name, hash_of_all_files FROM system.parts WHERE database = currentDatabase()"
#: By the newest partition alone: a block can have hundreds of millions of rows.
_FIGURES: Final = """
SELECT
    (SELECT uniqExact(id) FROM series),
    (SELECT minOrNull(timestamp) FROM samples WHERE block = (SELECT min(block) FROM samples)),
    (SELECT minOrNull(first) FROM chunks WHERE metric != 0 AND day = (SELECT min(day) FROM chunks)),
    (SELECT maxOrNull(timestamp) FROM samples WHERE block = (SELECT max(block) FROM samples)),
    (SELECT maxOrNull(last) FROM chunks WHERE metric != 0 AND day = (SELECT max(day) FROM chunks))
"""
_PATIENCE_S: Final = 30.0
_RETRY_S: Final = 0.2
_SNAPSHOT_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class FrozenPart:
    """A part: ClickHouse's name and checksum of it ("" where that is not known any more), and its folder."""

    name: str
    checksum: str
    path: Path

    @property
    def rows(self) -> int:
        """Its rows, as the part itself says."""
        return int((self.path / "count.txt").read_text(encoding="ascii"))


@dataclass(frozen=True, slots=True)
class FrozenTable:
    """A table, its statement and its parts."""

    name: str
    create: str
    parts: list[FrozenPart]


@dataclass(frozen=True, slots=True)
class Frozen:
    """The store at ``moment`` (ms UTC); ``held_s`` is for how long commits waited.

    ``snapshot`` is the file that the receiver keeps beside its log (:mod:`fusewatch.storage.log_snapshot`), where there is one: of the
    last segment that is in the store.
    """

    moment: int
    tables: list[FrozenTable]
    figures: Figures
    held_s: float
    snapshot: bytes | None = None


class Freezer:
    """Holds the store still. ``lock`` is the one that whatever rewrites partitions has. Blocks."""

    def __init__(self, *, pool: ClientPool, follower: LogFollower, committer: Committer, lock: threading.RLock, clock: Clock) -> None:
        self._pool = pool
        self._follower = follower
        self._committer = committer
        self._lock = lock
        self._clock = clock

    @property
    def embedded(self) -> bool:
        """Whether ClickHouse is ours; a server's files are out of our reach."""
        return self._pool.endpoint.settings.is_embedded

    @property
    def data_dir(self) -> Path:
        """The data folder."""
        return self._pool.endpoint.data_dir

    @property
    def database(self) -> str:
        """The database that holds our tables."""
        return self._pool.endpoint.database

    def clear(self) -> None:
        """Removes what backups have left that were killed; none may be under way."""
        if not self.embedded:
            return
        for path in self._shadow.glob(_PREFIX + "*"):
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def frozen(self, backup: str, progress: Progress) -> Iterator[Frozen]:
        """The store with everything that was acknowledged before the call.

        Raises:
            BackupError: the receiver does not hand over what it has acknowledged.
            ClickHouseError, CorruptLogError: ClickHouse refuses, or the log can't be read.
            StoppedError: it was asked to stop.
        """
        self._commit(progress)
        self._mend_counter()
        name = _PREFIX + "".join(letter for letter in backup if letter.isalnum())
        try:
            yield self._freeze(name)
        finally:
            shutil.rmtree(self._shadow / name, ignore_errors=True)

    def _mend_counter(self) -> None:
        """Removes ClickHouse's count of its freezes where a crash has left it empty, which ClickHouse takes for a reason to refuse all.

        Ours have names, so the count means nothing.
        """
        counter = self._shadow / _COUNTER
        with suppress(FileNotFoundError):
            if not counter.read_bytes().strip().isdigit():
                counter.unlink()

    @property
    def _shadow(self) -> Path:
        endpoint = self._pool.endpoint
        return endpoint.settings.embedded_path(endpoint.data_dir).absolute() / _SHADOW

    def _commit(self, progress: Progress) -> None:
        """Brings everything that is acknowledged now into ClickHouse, but not what comes meanwhile: that may never end."""
        progress.begin("committing what waits")
        log = log_folder(self.data_dir)
        behind = self._end_segment(log, progress)
        while any(file.number < behind for file in find_segments(log)):
            progress.check()
            if not self._committer.commit_oldest() and not self._follower.advance():
                progress.wait(_RETRY_S)  # somebody else commits the last of them

    def _end_segment(self, log: Path, progress: Progress) -> int:
        """The first segment that has nothing of what is acknowledged now."""
        with closing(Position(log)) as position:
            newest, size = position.newest, Position.limit(position.word, position.newest)
            if size is None or size <= len(MAGIC):
                return position.newest  # a moment ago it was ended, or it has nothing
            end = time.monotonic() + _PATIENCE_S
            while position.newest == newest:
                with suppress(OverloadedError):
                    self._committer.hand_on()
                if position.newest != newest:
                    break
                # The receiver is starting again; its first act is a new segment.
                if time.monotonic() > end:
                    raise BackupError("the receiver does not hand over what it has taken: look whether it runs and its disk has space")
                progress.wait(_RETRY_S)
            return position.newest

    def _freeze(self, name: str) -> Frozen:
        for _ in range(_SNAPSHOT_TRIES):
            with self._lock, self._committer.lock:
                snapshot = read_snapshot(log_folder(self.data_dir))
                if snapshot is None or snapshot[0] <= self._committer.committed:
                    return self._freeze_with(name, snapshot)
            # The receiver has ended a segment meanwhile: what it has summed up should not be ahead of what is stored.
            self._committer.commit_sealed(up_to=snapshot[0])
        with self._lock, self._committer.lock:  # under more load than can be committed, sums that are ahead do no harm either
            return self._freeze_with(name, read_snapshot(log_folder(self.data_dir)))

    def _freeze_with(self, name: str, snapshot: tuple[int, bytes] | None) -> Frozen:
        """Makes the links; nothing must commit or rewrite meanwhile."""
        with self._pool.handle() as handle:
            started, moment = time.monotonic(), self._clock.now_ms()
            tables = {table: (uuid, create) for table, uuid, create in handle.rows(_TABLES)}
            for table in tables:
                if table != STAGING:
                    handle.command(f"ALTER TABLE {identifier(table)} FREEZE WITH NAME '{name}'")
            checksums = {(table, part): str(checksum) for table, part, checksum in handle.rows(_CHECKSUMS)}
            figures = read_figures(handle)
            held = time.monotonic() - started
        folder = self._shadow / name / "store"
        found = [
            FrozenTable(table, create, [_part(table, path, checksums) for path in sorted((folder / uuid[:3] / uuid).glob("*_*"))])
            for table, (uuid, create) in tables.items()
        ]
        return Frozen(moment, found, figures, held, None if snapshot is None else snapshot[1])


def _part(table: str, path: Path, checksums: dict[tuple[str, str], str]) -> FrozenPart:
    return FrozenPart(path.name, checksums.get((table, path.name), ""), path)


def read_figures(handle: Handle) -> Figures:
    """What the store shows now. Blocks."""
    series, *bounds = handle.rows(_FIGURES)[0]
    oldest = [int(one) for one in bounds[:2] if one is not None]
    newest = [int(one) for one in bounds[2:] if one is not None]
    return Figures(int(series), min(oldest, default=None), max(newest, default=None))
