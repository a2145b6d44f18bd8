"""One target's life: wait, fetch, read, write, and mark what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import structlog

from fusewatch.collect.config import ScrapeConfig
from fusewatch.collect.errors import CollectError, LimitError, ScrapeError
from fusewatch.collect.http_client import Answer, HttpClient
from fusewatch.collect.relabel import Relabeller
from fusewatch.collect.scrape.decode import unpack
from fusewatch.collect.scrape.gate import Gate
from fusewatch.collect.scrape.metadata import TargetMetadata
from fusewatch.collect.scrape.naming import SeriesNaming
from fusewatch.collect.scrape.report import ScrapeReport
from fusewatch.collect.scrape.schedule import Schedule
from fusewatch.collect.scrape.state import ScrapeRecord, ScrapeTotals, TargetState
from fusewatch.collect.scrape.target import Target
from fusewatch.collect.scrape.tracker import SeriesTracker
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.exposition.errors import ExpositionError
from fusewatch.telemetry.exposition.negotiation import accept_header, format_of
from fusewatch.telemetry.exposition.page import Page
from fusewatch.telemetry.exposition.reader import PageReader
from fusewatch.telemetry.ports import MetadataSink, OverloadedError, ReadOnlyError, SampleSink, SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.samples import SampleBatch

#: What a body may be unpacked to where the job sets no limit.
DEFAULT_BODY_LIMIT: Final = 256 << 20
#: Pages up to this size are read on the event loop when their lines are known (about 1 ms); a thread costs more than that.
_SMALL_PAGE: Final = 256 << 10
_WRITE_LIMIT_S: Final = 30.0

_log = structlog.stdlib.get_logger(component="scrape")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeTools:
    """What all targets share.

    ``gate`` bounds the scrapes under way, ``workers`` read large pages, ``totals`` counts. ``zero_samples``: a zero is stored where a
    metric says that it began.
    """

    sink: SampleSink
    metadata_sink: MetadataSink
    clock: Clock
    gate: Gate
    workers: Executor
    totals: ScrapeTotals
    version: str = ""
    zero_samples: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTools:
    """What the targets of a job share. ``forced_error`` answers why none of them may be scraped, None as a rule."""

    config: ScrapeConfig
    client: HttpClient
    metric_relabeller: Relabeller
    forced_error: Callable[[], str | None]


class TargetLoop:
    """Scrapes one target until it is cancelled or retired."""

    def __init__(self, target: Target, *, tools: ScrapeTools, job: JobTools, tracker: SeriesTracker | None = None) -> None:
        config = job.config
        self.target = target
        self.retired = False
        self.tracker = tracker or SeriesTracker(target.labels, track_timestamps=config.track_timestamps_staleness)
        self.metadata = TargetMetadata(config.job_name)
        self._tools = tools
        self._job = job
        self._record = ScrapeRecord()
        self._schedule = Schedule.spread(target.interval, target.key)
        self._small = False
        naming = SeriesNaming(config, target.labels, job.metric_relabeller)
        self._reader = PageReader(naming, honor_timestamps=config.honor_timestamps, histograms=config.histograms, starts=tools.zero_samples)
        self._headers = {
            "Accept": accept_header(config.scrape_protocols, config.metric_name_escaping_scheme or "allow-utf-8"),
            "Accept-Encoding": "gzip" if config.enable_compression else "identity",
            "User-Agent": f"Fusewatch/{tools.version}".rstrip("/"),
            "X-Prometheus-Scrape-Timeout-Seconds": f"{target.timeout / 1000:g}",
        }

    async def run(self) -> None:
        """Scrapes at each due time; a retired target marks its series stale at the next one and ends."""
        clock, due = self._tools.clock, 0
        while True:
            now = clock.now_ms()
            due = self._schedule.after(now, due if due > now - self.target.interval else 0)
            await asyncio.sleep((due - now) / 1000)
            if self.retired:
                await self._write(self.tracker.end(due))
                return
            try:
                await self._scrape(self._schedule.timestamp(due, clock.now_ms()))
            except Exception as error:  # noqa: BLE001 - one target's misfortune must not end the scrapes of all others
                self._record.health, self._record.last_error = "down", f"internal error: {error}"
                _log.exception("a scrape failed unexpectedly", url=self.target.url)

    @property
    def state(self) -> TargetState:
        """How the target fares."""
        target, record = self.target, self._record
        return TargetState(
            job=self._job.config.job_name,
            instance=target.labels.get("instance", ""),
            scrape_url=target.url,
            health=record.health,
            last_error=record.last_error,
            last_scrape=record.last_scrape,
            last_scrape_duration_s=record.duration_s,
            scrape_interval=target.interval,
            scrape_timeout=target.timeout,
            samples=record.samples,
            series=self.tracker.series,
            duplicates=record.duplicates,
            lost=record.lost,
            rejected=record.rejected,
            labels=target.labels,
            discovered_labels=target.discovered,
        )

    async def _scrape(self, timestamp: int) -> None:
        clock, record = self._tools.clock, self._record
        started = clock.monotonic()
        page, error, scraped, kept = None, "", 0, 0
        try:
            page = await self._read(await self._fetch())
            scraped, kept = page.scraped, page.kept
            self._check_samples(page)
        except (CollectError, ExpositionError) as reason:
            page, error = None, str(reason)
        added = self.tracker.count_added(page) if page is not None else 0
        record.health, record.last_error, record.last_scrape = ("down" if error else "up"), error, timestamp
        record.duration_s, record.samples = clock.monotonic() - started, kept
        record.duplicates += page.duplicates if page is not None else 0
        self._tools.totals.scrapes += 1
        self._tools.totals.failed += bool(error)
        report = ScrapeReport(not error, record.duration_s, scraped, kept, added)
        self._take_names()
        await self._write(self.tracker.batch(page, timestamp, report), page)
        if page is not None:
            await self._write_metadata(page)

    async def _fetch(self) -> Answer:
        forced = self._job.forced_error()
        if forced is not None:
            raise ScrapeError(forced)
        timeout_s = self.target.timeout / 1000
        async with self._tools.gate.turn(timeout_s):
            return await self._job.client.get(self.target.url, headers=self._headers, timeout_s=timeout_s, limit=self._body_limit)

    @property
    def _body_limit(self) -> int:
        return self._job.config.body_size_limit or DEFAULT_BODY_LIMIT

    async def _read(self, answer: Answer) -> Page:
        grammar = format_of(answer.content_type, self._job.config.fallback_scrape_protocol)

        def unpacked() -> bytes:
            body = unpack(answer.body, answer.content_encoding, self._body_limit)
            self._small = len(body) <= _SMALL_PAGE
            return body

        if self._small and len(answer.body) <= _SMALL_PAGE:
            page = self._reader.read_known(unpacked(), grammar)
            if page is not None:
                return page
        work = asyncio.get_running_loop().run_in_executor(self._tools.workers, lambda: self._reader.read(unpacked(), grammar))
        return await work

    def _check_samples(self, page: Page) -> None:
        limit = self._job.config.sample_limit
        if 0 < limit < page.kept:
            message = f"sample limit exceeded (limit: {limit}, samples: {page.kept})"
            raise LimitError(message)

    def _take_names(self) -> None:
        self.tracker.unnamed.update(self._reader.unnamed)
        self._reader.unnamed.clear()

    async def _write(self, batch: SampleBatch, page: Page | None = None) -> None:
        """Hands the batch over; what the store does not take is counted, and the markers it missed come with the next batch."""
        if not len(batch):
            return
        record, totals, named = self._record, self._tools.totals, True
        try:
            async with asyncio.timeout(_WRITE_LIMIT_S):
                await self._tools.sink.write(batch)
        except SamplesRejectedError as error:
            record.rejected += error.rejected
            totals.rejected += error.rejected
            named = not isinstance(error, SeriesLimitError)
            _log.warning("the store refused samples", url=self.target.url, reason=str(error), rejected=error.rejected)
        except (OverloadedError, ReadOnlyError, TimeoutError) as error:
            record.lost += 1
            totals.lost += 1
            reason = str(error) or "the store did not answer in time"
            record.last_error = record.last_error or f"the scrape was lost: {reason}"
            _log.warning("a scrape was lost", url=self.target.url, reason=reason)
            return
        totals.samples += len(batch) + len(batch.histograms)
        self.tracker.written(page, named=named)

    async def _write_metadata(self, page: Page) -> None:
        news = self.metadata.learn(page.metadata)
        if not news:
            return
        try:
            async with asyncio.timeout(_WRITE_LIMIT_S):
                await self._tools.metadata_sink.write_metadata(news)
        except (OverloadedError, ReadOnlyError, TimeoutError) as error:
            self.metadata.forget(news)
            _log.warning("metadata was lost", url=self.target.url, reason=str(error))
