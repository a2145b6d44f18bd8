"""Backups that the running server makes: when they are due, and when somebody asks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import structlog

from fusewatch.api.fusewatch.backups import BackupAge, BackupInUseError, BackupRun, Backups, BackupWish
from fusewatch.records.errors import RecordsError
from fusewatch.storage.backup.catalog import newest_manifest
from fusewatch.storage.backup.config import BackupSettings
from fusewatch.storage.backup.creating import Source, create_backup
from fusewatch.storage.backup.manifest import Manifest
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.pruning import Keep, prune
from fusewatch.storage.backup.target import S3Access, normal, open_target
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.ports import EventSink, StorageError

#: After the start a server has enough to do.
_FIRST_AFTER_MS: Final = 60_000
#: A failed backup is tried again so much later, twice as long each time.
_RETRY_MS: Final = 5 * 60_000
_REMEMBERED: Final = 20
_STOP_WITHIN_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class BackupStatistics:
    """For /metrics: times in seconds since the epoch, sizes in bytes; None before the first."""

    running: bool
    completed: int
    failed: int
    last_success_timestamp_seconds: float | None
    last_duration_seconds: float | None
    last_size_bytes: int | None
    last_sent_bytes: int | None
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class _Order:
    run: BackupRun
    #: Asked when it is needed, because a secret may stand in a file.
    access: Callable[[], S3Access]
    keep: Keep
    progress: Progress = field(default_factory=Progress)


class BackupKeeper:
    """A component that makes one backup at a time. Implements :class:`fusewatch.api.fusewatch.backups.BackupService`."""

    name = "backups"

    def __init__(self, *, settings: BackupSettings, source: Source, events: EventSink, clock: Clock) -> None:
        self._settings = settings
        self._target = normal(settings.target)
        self._source = source
        self._events = events
        self._clock = clock
        self._started = clock.now_ms()
        self._due: int | None = None
        self._asked = asyncio.Event()
        self._order: _Order | None = None
        self._runs: deque[BackupRun] = deque(maxlen=_REMEMBERED)
        self._number = self._failures = self._completed = self._failed = 0
        self._last_success: int | None = None
        self._last: BackupRun | None = None
        self._log = structlog.get_logger("fusewatch.backup").bind(component="backup")

    # Asking ---------------------------------------------------------------------------------------------------------------------

    def start(self, wish: BackupWish) -> int:
        """See :meth:`BackupService.start`."""
        if self._order is not None:
            raise BackupInUseError("a backup is under way already")
        target = normal(wish.target or self._settings.target)
        if not target:
            raise ValueError("no target: name a folder of the server or s3://bucket/prefix, or set backup.target")
        ours = target == self._target
        changes = {name: value for name in ("endpoint", "region", "profile") if (value := getattr(wish, name))}

        def access() -> S3Access:
            return replace(self._settings.access() if ours else S3Access(), **changes)

        # Somebody else's target has somebody else's rules.
        self._order = self._ordered(target, access, self._settings.keep if ours else Keep())
        self._asked.set()
        return self._order.run.number

    def state(self) -> Backups:
        """See :meth:`BackupService.state`."""
        running, order = None, self._order
        if order is not None:
            now = asdict(order.progress.snapshot)
            running = order.run.model_copy(update={"sent_bytes": now.pop("moved"), **now})
        return Backups(running=running, runs=list(self._runs), age=self.age())

    def age(self) -> BackupAge | None:
        """See :meth:`BackupService.age`."""
        if not self._settings.target or not self._settings.every:
            return None
        last = self._last_success
        seconds = None if last is None else (self._clock.now_ms() - last) / 1000
        since = self._started if last is None else last
        failed = self._runs[0].error if self._runs and self._runs[0].error else ""
        return BackupAge(
            target=self._settings.target,
            every_seconds=self._settings.every / 1000,
            last_success=last,
            age_seconds=seconds,
            overdue=self._clock.now_ms() - since > 2 * self._settings.every,
            last_error=failed,
        )

    def statistics(self) -> BackupStatistics:
        """The figures now."""
        last, success = self._last, self._last_success
        return BackupStatistics(
            running=self._order is not None,
            completed=self._completed,
            failed=self._failed,
            last_success_timestamp_seconds=None if success is None else success / 1000,
            last_duration_seconds=None if last is None else ((last.ended or last.began) - last.began) / 1000,
            last_size_bytes=None if last is None else last.total_bytes,
            last_sent_bytes=None if last is None else last.sent_bytes,
            age_seconds=None if success is None else (self._clock.now_ms() - success) / 1000,
        )

    # Working --------------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Makes backups until cancelled."""
        await asyncio.to_thread(self._source.freezer.clear)
        if self._settings.target and self._settings.every and self._due is None:
            await self._learn()
        while True:
            await self._wait()
            if self._order is None:
                self._order = self._ordered(self._target, self._settings.access, self._settings.keep)
            try:
                await self._carry_out(self._order)
            finally:
                self._order = None

    def _ordered(self, target: str, access: Callable[[], S3Access], keep: Keep) -> _Order:
        self._number += 1
        run = BackupRun(number=self._number, target=target, state="running", began=self._clock.now_ms())
        return _Order(run, access, keep)

    async def _learn(self) -> None:
        """When the last backup was, of an earlier life; and when the next is due."""
        now = self._clock.now_ms()
        try:
            newest = await asyncio.to_thread(lambda: newest_manifest(open_target(self._settings.target, self._settings.access())))
        except (StorageError, OSError) as error:
            # A new target holds none; any other trouble is told by the backup itself.
            self._log.info("no earlier backup is known", reason=str(error))
            newest = None
        self._last_success = None if newest is None else newest.moment
        self._due = max(now + _FIRST_AFTER_MS, 0 if newest is None else newest.moment + self._settings.every)

    async def _wait(self) -> None:
        """Until somebody asks or the next is due."""
        wait = None if self._due is None else max(0.0, (self._due - self._clock.now_ms()) / 1000)
        try:
            async with asyncio.timeout(wait):
                await self._asked.wait()
        except TimeoutError:
            pass
        self._asked.clear()

    async def _carry_out(self, order: _Order) -> None:
        run = order.run
        try:
            manifest = await self._in_thread(order)
        except (StorageError, RecordsError, OSError) as error:
            self._log.error("the backup failed", target=run.target, reason=str(error))
            ended = self._failed_run(run, str(error))
        except Exception as error:  # noqa: BLE001 - whoever waits for it must hear of it, whatever it was
            self._log.exception("the backup failed", target=run.target)
            ended = self._failed_run(run, f"{type(error).__name__}: {error}")
        else:
            ended = self._finished(run, manifest)
            self._completed += 1
            self._last = ended
        self._runs.appendleft(ended)
        self._plan(ended)
        await self._write_event(ended)

    async def _in_thread(self, order: _Order) -> Manifest:
        work = asyncio.ensure_future(asyncio.to_thread(self._make, order))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            order.progress.stop()
            await asyncio.wait([work], timeout=_STOP_WITHIN_S)
            raise

    def _make(self, order: _Order) -> Manifest:
        target = open_target(order.run.target, order.access(), create=True)
        manifest = create_backup(self._source, target, clock=self._clock, progress=order.progress)
        if not order.keep.everything:
            try:
                prune(target, order.keep, clock=self._clock)
            except StorageError as error:
                # The backup is there all the same.
                self._log.warning("old backups were not removed", target=order.run.target, reason=str(error))
        return manifest

    def _failed_run(self, run: BackupRun, reason: str) -> BackupRun:
        self._failed += 1
        return run.model_copy(update={"state": "failed", "ended": self._clock.now_ms(), "error": reason})

    def _finished(self, run: BackupRun, manifest: Manifest) -> BackupRun:
        changes = {
            "state": "done",
            "backup": manifest.id,
            "ended": self._clock.now_ms(),
            "bytes": manifest.size,
            "total_bytes": manifest.size,
            "sent_bytes": manifest.sent,
            "left_out": list(manifest.left_out),
        }
        return run.model_copy(update=changes)

    def _plan(self, run: BackupRun) -> None:
        """When the next is due, after one to the target of the settings."""
        if self._settings.target and run.target != self._target:
            return
        every, now = self._settings.every, self._clock.now_ms()
        if run.state == "done":
            self._failures, self._last_success = 0, run.began
            self._due = run.began + every if every else None
        elif every:
            self._failures += 1
            self._due = now + min(every, _RETRY_MS * 2 ** min(self._failures - 1, 16))

    async def _write_event(self, run: BackupRun) -> None:
        good = run.state == "done"
        text = f"{run.total_bytes} bytes, {run.sent_bytes} of them new." if good else f"{run.error}."
        event = Event(
            id=f"backup-{run.backup or run.began}",
            timestamp=run.began,
            end=run.ended or run.began,
            kind="backup",
            title=f"Backed up to {run.target}" if good else f"The backup to {run.target} failed",
            text=" ".join([text, *_sentences(run.left_out)]),
            source="fusewatch",
            labels={"target": run.target, "result": run.state},
        )
        try:
            await self._events.write_event(event)
        except StorageError as error:
            self._log.warning("the backup could not be noted as an event", reason=str(error))


def _sentences(left_out: Sequence[str]) -> list[str]:
    return [f"Not in it: {one}." for one in left_out]
