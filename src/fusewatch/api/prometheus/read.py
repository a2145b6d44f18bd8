"""Remote read: https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import cramjam
import numpy as np
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from fusewatch.access.need import Need
from fusewatch.access.routing import GuardedRoute, route
from fusewatch.api.prometheus.endpoint import as_api_error
from fusewatch.api.prometheus.errors import ApiError, BadDataError
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.telemetry.labels import EMPTY, Labels
from fusewatch.telemetry.matchers import BadRegexError, Matcher, MatchOp
from fusewatch.telemetry.ports import Budget, CancelledReadError, LimitExceededError, StorageError
from fusewatch.telemetry.protobuf import ProtobufError
from fusewatch.telemetry.protobuf_write import message
from fusewatch.telemetry.remote_read import ReadQuery, ReadRequest, ResponseType, decode_request
from fusewatch.telemetry.remote_read_frames import frames
from fusewatch.telemetry.remote_write_encode import columns_of, encode_series, label_fields
from fusewatch.telemetry.samples import SeriesSet
from fusewatch.telemetry.series_order import in_label_order

_STREAMED: Final = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
#: Samples whose frames are made in one go: bounds what is held beside the samples themselves.
_SAMPLES_AT_ONCE: Final = 1 << 19


def read_route(services: PrometheusServices) -> GuardedRoute:
    """``POST /api/v1/read``."""
    reader = RemoteRead(services)
    return route("/api/v1/read", reader.read, methods=["POST"], need=Need.VIEWER, name="prometheus.read")


class RemoteRead:
    """Answers with raw samples, or streams chunks, as the client wants it; errors are plain text."""

    def __init__(self, services: PrometheusServices) -> None:
        self._services = services

    async def read(self, request: Request) -> Response:
        """The answer to a request of some queries."""
        try:
            asked = decode_request(await request.body())
            if asked.response_type is ResponseType.STREAMED_XOR_CHUNKS:
                return await self._streamed(request, asked)
            return await self._samples(request, asked)
        except ClientDisconnect:
            return Response(status_code=499)
        except (ProtobufError, BadRegexError) as error:
            return PlainTextResponse(f"{error}\n", 400)
        except (ApiError, StorageError) as error:
            problem = as_api_error(error)
            headers = {} if problem.retry_after_s is None else {"Retry-After": str(problem.retry_after_s)}
            return PlainTextResponse(f"{problem}\n", problem.status, headers)

    async def _samples(self, request: Request, asked: ReadRequest) -> Response:
        external, limit = self._services.external_labels(), self._services.read_sample_limit

        def work(budget: Budget) -> bytes:
            results = [message(1, _result(self._fetch(query, external, budget), external, limit)) for query in asked.queries]
            return bytes(cramjam.snappy.compress_raw(b"".join(results)))

        body = await self._services.pool.run(work, receive=request.receive, heavy=True)
        return Response(body, headers={"Content-Encoding": "snappy"}, media_type="application/x-protobuf")

    async def _streamed(self, request: Request, asked: ReadRequest) -> Response:
        external = self._services.external_labels()
        if not asked.queries:
            return Response(media_type=_STREAMED)
        # The first query is read before the answer begins, so that its failure still has a status.
        first = await self._services.pool.run(partial(self._fetch, asked.queries[0], external), receive=request.receive, heavy=True)
        return StreamingResponse(self._frames(asked.queries, first, external), media_type=_STREAMED)

    async def _frames(self, queries: Sequence[ReadQuery], first: SeriesSet, external: Labels) -> AsyncIterator[bytes]:
        pool, most_bytes = self._services.pool, self._services.read_frame_bytes
        found = first
        for number, query in enumerate(queries):
            if number:
                found = await pool.run(partial(self._fetch, query, external), heavy=True)
            for start, end in _groups(found):

                def work(_: Budget, found: SeriesSet = found, start: int = start, end: int = end, number: int = number) -> list[bytes]:
                    columns = columns_of(found, _fields(found.labels[start:end], external), start, end)
                    return list(frames(columns, query=number, most_bytes=most_bytes))

                for frame in await pool.run(work, heavy=True):
                    yield frame

    def _fetch(self, query: ReadQuery, external: Labels, budget: Budget) -> SeriesSet:
        """The query's series in Prometheus' order: by name and value of their labels.

        Raises:
            BadDataError: that would be more samples than a query may load.
        """
        matchers = without_external(query.matchers, external)
        try:
            return in_label_order(self._services.reader.fetch(matchers, query.start, query.end, budget))
        except CancelledReadError:
            raise
        except LimitExceededError as error:
            if budget.samples > budget.max_samples:
                raise _too_many(budget.max_samples) from error
            raise


def without_external(matchers: Sequence[Matcher], external: Mapping[str, str]) -> list[Matcher]:
    """The matchers for the store, where series have no external labels: one that wants such a label's value wants it to be missing."""
    return [
        Matcher(matcher.name, MatchOp.EQUAL, "")
        if matcher.op is MatchOp.EQUAL and external.get(matcher.name, "") == matcher.value
        else matcher
        for matcher in matchers
    ]


def _result(found: SeriesSet, external: Labels, limit: int) -> bytes:
    """A QueryResult.

    Raises:
        BadDataError: it has more samples than an answer may have.
    """
    samples = int(found.offsets[-1]) + (0 if found.histograms is None else len(found.histograms.timestamps))
    if 0 < limit < samples:
        raise _too_many(limit)
    return encode_series(columns_of(found, _fields(found.labels, external), 0, len(found))).tobytes()


def _too_many(limit: int) -> BadDataError:
    return BadDataError(f"exceeded sample limit ({limit})")


def _fields(labels: Sequence[Labels], external: Labels) -> list[bytes]:
    """The Label fields of each series, with the external labels that it does not have itself."""
    if not external:
        return [label_fields(one) for one in labels]
    return [label_fields(Labels({**external, **one})) for one in labels]


def _groups(found: SeriesSet) -> Iterator[tuple[int, int]]:
    """Ranges of series of bounded size, in order."""
    start = 0
    while start < len(found):
        end = int(np.searchsorted(found.offsets, found.offsets[start] + _SAMPLES_AT_ONCE, side="right")) - 1
        end = min(max(end, start + 1), len(found), start + _SAMPLES_AT_ONCE // 64)
        yield start, end
        start = end


def warm() -> None:
    """Compiles the kernels for float samples, or loads them from their cache; once, before the first request needs them.

    Those for native histograms would take longer than all of these, and are compiled when the first histogram is asked for.
    """
    columns = columns_of(SeriesSet([EMPTY], np.array([0, 1]), np.array([0]), np.zeros(1)), [b""], 0, 1)
    encode_series(columns)
    list(frames(columns, query=0, most_bytes=1))
