"""``/federate``: the latest sample of chosen series, for another Prometheus to scrape.

https://prometheus.io/docs/prometheus/latest/federation/; as there, protobuf has all native histograms, and text those with custom buckets,
as classic ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fusewatch.access.need import Need
from fusewatch.access.routing import GuardedRoute, route
from fusewatch.api.prometheus.endpoint import as_api_error
from fusewatch.api.prometheus.errors import ApiError, BadDataError
from fusewatch.api.prometheus.federate_protobuf import families
from fusewatch.api.prometheus.federate_text import Sample, exposition
from fusewatch.api.prometheus.parameters import read_parameters
from fusewatch.api.prometheus.selectors import Selector, parse_selector
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.promql.errors import QueryError
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget, SeriesReader, StorageError
from fusewatch.telemetry.samples import SeriesSet, is_stale

_MEDIA_TYPES: Final = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "protobuf": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
}
_UTF8_MEDIA_TYPES: Final = {
    "text": "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    "protobuf": f"{_MEDIA_TYPES['protobuf']}; escaping=allow-utf-8",
}
_UTF8: Final = "escaping=allow-utf-8"


def federate_route(services: PrometheusServices) -> GuardedRoute:
    """``GET /federate?match[]=…``."""

    async def federate(request: Request) -> Response:
        """The samples as text or protobuf; errors are plain text, as a scraper expects."""
        now = services.clock.now_ms()
        accept = request.headers.get("accept", "")
        quoted, form = _UTF8 in accept, preferred_form(accept)

        def work(budget: Budget) -> bytes:
            samples = latest(services.reader, selectors, now - services.lookback_ms, now, budget)
            if form == "protobuf":
                return b"".join(families(samples, services.external_labels(), quoted=quoted))
            return "".join(exposition(samples, services.external_labels(), quoted=quoted)).encode()

        try:
            parameters = await read_parameters(request)
            selectors = [parse_selector(text) for text in parameters.every("match[]")]
            body = await services.pool.run(work, receive=request.receive)
        except (ApiError, QueryError, StorageError) as error:
            problem = as_api_error(error)
            return PlainTextResponse(f"{problem}\n", 400 if isinstance(problem, BadDataError) else max(problem.status, 500))
        return Response(body, media_type=(_UTF8_MEDIA_TYPES if quoted else _MEDIA_TYPES)[form])

    return route("/federate", federate, methods=["GET"], need=Need.VIEWER, name="prometheus.federate")


def preferred_form(accept: str) -> str:
    """``protobuf`` where an ``Accept`` header prefers that to the text format, else ``text``."""
    best, form = 0.0, "text"
    for choice in accept.split(","):
        media, *options = (part.strip() for part in choice.lower().split(";"))
        given = dict(option.split("=", 1) for option in options if "=" in option)
        try:
            weight = float(given.get("q", "1"))
        except ValueError:
            continue
        protobuf = media == "application/vnd.google.protobuf" and given.get("encoding", "delimited") == "delimited"
        if (protobuf or media == "text/plain") and weight > best:
            best, form = weight, "protobuf" if protobuf else "text"
    return form


def latest(reader: SeriesReader, selectors: Iterable[Selector], start: int, end: int, budget: Budget) -> dict[Labels, Sample]:
    """The last sample of every series that any selector means; a series that went stale has none."""
    found: dict[Labels, Sample] = {}
    for selector in selectors:
        series = reader.fetch(selector, start, end, budget)
        natives = _last_histograms(series)
        filled = np.flatnonzero(np.diff(series.offsets))
        last = series.offsets[1:][filled] - 1
        stale = is_stale(np.ascontiguousarray(series.values[last]))
        for place, row, is_marker in zip(filled.tolist(), last.tolist(), stale.tolist(), strict=True):
            labels, time = series.labels[place], int(series.timestamps[row])
            if labels in natives and natives[labels][0] > time:
                continue
            natives.pop(labels, None)
            if not is_marker:
                found[labels] = (time, float(series.values[row]))
        found |= natives
    return {labels: sample for labels, sample in found.items() if not _is_marker(sample)}


def _last_histograms(series: SeriesSet) -> dict[Labels, Sample]:
    """The last histogram of each series that has any."""
    found = series.histograms
    if found is None:
        return {}
    rows = [(place, int(found.offsets[place + 1]) - 1) for place in np.flatnonzero(np.diff(found.offsets)).tolist()]
    return {
        series.labels[place]: (
            int(found.timestamps[row]),
            Histogram.decode(found.bodies[found.ends[row] : found.ends[row + 1]].tobytes()),
        )
        for place, row in rows
    }


def _is_marker(sample: Sample) -> bool:
    """Whether a histogram marks the end of its series."""
    _, value = sample
    return isinstance(value, Histogram) and bool(is_stale(np.array([value.sum]))[0])
