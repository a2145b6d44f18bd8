"""``/api/v1/export``: all samples of some series, as OpenMetrics text or as Parquet, of any amount.

The answer is streamed: series are read in groups and a group's time in slices, so that memory is bounded whatever is asked for. It is
whole when it ends with ``# EOF``, or with Parquet's footer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fusewatch.access.routing import GuardedRoute
from fusewatch.api.prometheus.endpoint import endpoint
from fusewatch.api.prometheus.errors import BadDataError, UnavailableError
from fusewatch.api.prometheus.history_text import HistoryText
from fusewatch.api.prometheus.parameters import MAX_TIME, MIN_TIME, Parameters
from fusewatch.api.prometheus.pool import QueryPool
from fusewatch.api.prometheus.selectors import Selector, parse_selectors
from fusewatch.api.prometheus.series_groups import Group, groups
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget, CancelledReadError, LimitExceededError, SeriesReader
from fusewatch.telemetry.samples import SeriesSet
from fusewatch.telemetry.series_order import pick

T = TypeVar("T")

#: What is read at a time; a slice that would have more samples is halved.
_MOST_SERIES: Final = 256
_MOST_SAMPLES: Final = 1_000_000
#: What a slice's native histograms may become as text: a line takes many times what a bucket takes.
_MOST_TEXT_BYTES: Final = 64 << 20
#: How long a stream that has begun waits for a place in the pool, in tries of the pool's own patience.
_TRIES: Final = 30


class _Format(Protocol):
    """Makes a file of what is added to it, in pieces of bytes; None where that would be more than it holds at a time."""

    def add(self, series: SeriesSet, *, is_least: bool) -> bytes | None: ...

    def close(self) -> bytes: ...


def _parquet() -> _Format:
    from fusewatch.api.prometheus.parquet import ParquetFile  # noqa: PLC0415 - pyarrow takes a while, and few need it

    return ParquetFile()


_FORMATS: Final[Mapping[str, tuple[Callable[[], _Format], str, str]]] = {
    "openmetrics": (partial(HistoryText, _MOST_TEXT_BYTES), "application/openmetrics-text; version=1.0.0; charset=utf-8", "export.om"),
    "parquet": (_parquet, "application/vnd.apache.parquet", "export.parquet"),
}


def export_route(services: PrometheusServices, *, most_samples: int = _MOST_SAMPLES) -> GuardedRoute:
    """``GET`` and ``POST /api/v1/export?match[]=…&start=…&end=…&format=…``; ``most_samples`` are in memory at a time."""

    async def export(_: Request, parameters: Parameters) -> Response:
        """The file."""
        name = parameters.text("format") or "openmetrics"
        if name not in _FORMATS:
            raise BadDataError.parameter("format", f"not one of {', '.join(_FORMATS)}: {name!r}")
        selectors = parse_selectors(parameters.every("match[]"))
        if not selectors:
            raise BadDataError("no match[] parameter provided")
        start, end = parameters.time("start", MIN_TIME), parameters.time("end", MAX_TIME)
        if end < start:
            raise BadDataError.parameter("end", "end timestamp must not be before start time")
        make, media_type, file_name = _FORMATS[name]
        found = _Export(services.reader, services.pool, most_samples=most_samples)
        pieces = found.pieces(selectors, (start, end), make())
        # Up to the first piece, a failure still has a status.
        first = await anext(pieces)
        headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
        return StreamingResponse(_chained(first, pieces), media_type=media_type, headers=headers)

    return endpoint("/export", export, methods=("GET", "POST"))


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


@dataclass(frozen=True, slots=True)
class _Slice:
    """A group between two times (ms, both included)."""

    group: Group
    start: int
    end: int

    @property
    def is_least(self) -> bool:
        """Whether it has no halves."""
        return len(self.group.series) == 1 and self.start == self.end

    def halves(self) -> list[_Slice]:
        """Smaller slices in the order in which they belong: series first, and one series by time."""
        if len(self.group.series) > 1:
            return [_Slice(group, self.start, self.end) for group in self.group.halves()]
        middle = (self.start + self.end) // 2
        return [_Slice(self.group, self.start, middle), _Slice(self.group, middle + 1, self.end)]


class _Export:
    """Reads slice after slice, each in the query pool."""

    def __init__(self, reader: SeriesReader, pool: QueryPool, *, most_samples: int) -> None:
        self._reader = reader
        self._pool = pool
        self._most_samples = most_samples

    async def pieces(self, selectors: Sequence[Selector], bounds: tuple[int, int], file: _Format) -> AsyncIterator[bytes]:
        """The bytes of the file."""
        series = await self._run(lambda _: self._reader.series(selectors, *bounds, 0))
        for group in groups(series, _MOST_SERIES):
            waiting = [_Slice(group, *bounds)]
            while waiting:
                part = waiting.pop()
                piece = await self._run(partial(self._read, part, file))
                if piece is None:
                    waiting += reversed(part.halves())
                elif piece:
                    yield piece
        yield await self._run(lambda _: file.close())

    def _read(self, part: _Slice, file: _Format, budget: Budget) -> bytes | None:
        """The next bytes; None where the slice is too large."""
        budget.max_samples = min(budget.max_samples, self._most_samples)
        try:
            found = self._reader.fetch(part.group.matchers, part.start, part.end, budget)
        except CancelledReadError:
            raise
        except LimitExceededError:
            if budget.samples > budget.max_samples and not part.is_least:
                return None
            raise
        return file.add(only(found, part.group.series), is_least=part.is_least)

    async def _run(self, work: Callable[[Budget], T]) -> T:
        for _ in range(_TRIES):
            try:
                return await self._pool.run(work, heavy=True)
            except UnavailableError as error:
                await asyncio.sleep(error.retry_after_s or 1)
        return await self._pool.run(work, heavy=True)


def only(found: SeriesSet, wanted: Sequence[Labels]) -> SeriesSet:
    """Of a set the series that are wanted."""
    names = frozenset(wanted)
    return pick(found, [place for place, labels in enumerate(found.labels) if labels in names])
