"""``/federate``: the latest sample of chosen series, for another Prometheus to scrape.

https://prometheus.io/docs/prometheus/latest/federation/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fusewatch.access.need import Need
from fusewatch.access.routing import GuardedRoute, route
from fusewatch.api.prometheus.endpoint import as_api_error
from fusewatch.api.prometheus.errors import ApiError, BadDataError
from fusewatch.api.prometheus.parameters import read_parameters
from fusewatch.api.prometheus.selectors import Selector, parse_selector
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.promql.errors import QueryError
from fusewatch.promql.numbers import go_general
from fusewatch.telemetry.labels import METRIC_NAME, Labels, is_legacy_label, is_legacy_metric
from fusewatch.telemetry.ports import Budget, SeriesReader, StorageError
from fusewatch.telemetry.samples import is_stale

_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
_UTF8_TEXT: Final = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

#: Timestamp (ms) and value.
Sample = tuple[int, float]


def federate_route(services: PrometheusServices) -> GuardedRoute:
    """``GET /federate?match[]=…``."""

    async def federate(request: Request) -> Response:
        """The samples as text; errors are plain text, too, as a scraper expects."""
        now = services.clock.now_ms()
        quoted = "escaping=allow-utf-8" in request.headers.get("accept", "")

        def work(budget: Budget) -> str:
            samples = latest(services.reader, selectors, now - services.lookback_ms, now, budget)
            return "".join(exposition(samples, services.external_labels(), quoted=quoted))

        try:
            parameters = await read_parameters(request)
            selectors = [parse_selector(text) for text in parameters.every("match[]")]
            text = await services.pool.run(work, receive=request.receive)
        except (ApiError, QueryError, StorageError) as error:
            problem = as_api_error(error)
            return PlainTextResponse(f"{problem}\n", 400 if isinstance(problem, BadDataError) else max(problem.status, 500))
        return Response(text.encode(), media_type=_UTF8_TEXT if quoted else _TEXT)

    return route("/federate", federate, methods=["GET"], need=Need.VIEWER, name="prometheus.federate")


def latest(reader: SeriesReader, selectors: Iterable[Selector], start: int, end: int, budget: Budget) -> dict[Labels, Sample]:
    """The last sample of every series that any selector means; a series that went stale has none."""
    found: dict[Labels, Sample] = {}
    for selector in selectors:
        series = reader.fetch(selector, start, end, budget)
        last = series.offsets[1:] - 1
        fresh = np.flatnonzero(~is_stale(series.values[last]))
        for row in fresh.tolist():
            found[series.labels[row]] = (int(series.timestamps[last[row]]), float(series.values[last[row]]))
    return found


def exposition(samples: Mapping[Labels, Sample], external: Labels, *, quoted: bool) -> Iterable[str]:
    """The text, metric by metric in order of their names; ``quoted`` clients read UTF-8 names, for others they are escaped.

    External labels are added where a series has none of that name. An empty ``instance`` keeps the scraper from adding its own.
    """
    added = dict(sorted({"instance": "", **external}.items()))
    family = ""
    for labels in sorted(samples, key=lambda labels: (labels.metric, labels.pairs)):
        name = labels.metric
        if not name:
            continue
        timestamp, value = samples[labels]
        if name != family:
            family = name
            yield f"# TYPE {_family(name, quoted=quoted)} untyped\n"
        missing = added if added.keys().isdisjoint(labels) else {key: text for key, text in added.items() if key not in labels}
        yield f"{series_text(labels, missing, quoted=quoted)} {go_general(value)} {timestamp}\n"


def series_text(labels: Labels, added: Mapping[str, str], *, quoted: bool) -> str:
    """Name and labels as an exposition writes them, with ``added`` behind the others; ``quoted``: UTF-8 names in quotes, else escaped."""
    inside = [f'{_label(key, quoted=quoted)}="{_escaped(text)}"' for key, text in labels.pairs if key != METRIC_NAME]
    inside += [f'{_label(key, quoted=quoted)}="{_escaped(text)}"' for key, text in added.items()]
    family = _family(labels.metric, quoted=quoted)
    if family.startswith('"'):
        return "{" + ",".join([family, *inside]) + "}"
    return family + "{" + ",".join(inside) + "}"


def _escaped(value: str) -> str:
    return value.translate(_ESCAPES) if "\\" in value or '"' in value or "\n" in value else value


@lru_cache(maxsize=4096)
def _family(name: str, *, quoted: bool) -> str:
    if is_legacy_metric(name):
        return name
    return f'"{_escaped(name)}"' if quoted else _underscored(name)


@lru_cache(maxsize=4096)
def _label(name: str, *, quoted: bool) -> str:
    if is_legacy_label(name):
        return name
    return f'"{_escaped(name)}"' if quoted else _underscored(name)


def _underscored(name: str) -> str:
    """The name with underscores for everything that the old format can't hold."""
    return re.sub(r"^(?=[0-9])|[^a-zA-Z0-9_:]", "_", name)
