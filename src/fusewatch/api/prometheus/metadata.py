"""What is known of series beside their samples: their labels, and what their metrics mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from fusewatch.access.routing import GuardedRoute
from fusewatch.api.prometheus.answers import envelope, listed, success
from fusewatch.api.prometheus.endpoint import endpoint
from fusewatch.api.prometheus.errors import BadDataError, ExecutionError
from fusewatch.api.prometheus.parameters import MAX_TIME, MIN_TIME, Parameters, parse_whole
from fusewatch.api.prometheus.selectors import Selector, parse_selector, parse_selectors
from fusewatch.api.prometheus.services import ActiveTarget, PrometheusServices
from fusewatch.api.prometheus.streaming import Begun, begin, respond
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import match_all
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import Budget

T = TypeVar("T")

_TRUNCATED: Final = ("results truncated due to limit",)
#: Readers may reckon with these without leaving int64.
_FARTHEST: Final = 1 << 53
#: Targets times metrics: ten thousand targets of a thousand metrics would be ten million rows.
_MOST_ROWS: Final = 200_000
_ESCAPED: Final = re.compile(r"([^_]+)|(__)|_([0-9a-fA-F]{1,5})_")


def metadata_routes(services: PrometheusServices) -> list[GuardedRoute]:
    """The five routes."""
    found = _Metadata(services)
    both = ("GET", "POST")
    return [
        endpoint("/series", found.series, methods=both),
        endpoint("/labels", found.labels, methods=both),
        endpoint("/label/{name}/values", found.label_values),
        endpoint("/metadata", found.metadata),
        endpoint("/targets/metadata", found.target_metadata),
    ]


class _Metadata:
    """Reads, and prints what it read, in a thread: a million label sets would hold the event loop for seconds."""

    def __init__(self, services: PrometheusServices) -> None:
        self._services = services
        self._reader = services.reader

    async def series(self, request: Request, parameters: Parameters) -> Response:
        """The label sets of the series that match."""
        if not parameters.every("match[]"):
            raise BadDataError("no match[] parameter provided")
        limit = parameters.limit()
        start, end = _range(parameters)
        try:
            selectors = parse_selectors(parameters.every("match[]"))
        except BadDataError as error:
            raise BadDataError.parameter("match[]", error) from error

        def answer(_: Budget) -> Begun:
            return _cut(self._reader.series(selectors, start, end, _one_more(limit)), limit, Labels.as_dict)

        return respond(await self._services.pool.run(answer, receive=request.receive), self._services.pool)

    async def labels(self, request: Request, parameters: Parameters) -> Response:
        """The names of labels."""
        limit, (start, end), selectors = _asked(parameters)

        def answer(_: Budget) -> Begun:
            return _cut(self._reader.label_names(selectors, start, end, _one_more(limit)), limit, str)

        return respond(await self._services.pool.run(answer, receive=request.receive), self._services.pool)

    async def label_values(self, request: Request, parameters: Parameters) -> Response:
        """The values of one label."""
        name = unescape_name(request.path_params["name"])
        if not name:
            raise BadDataError('invalid label name: ""')
        limit, (start, end), selectors = _asked(parameters)

        def answer(_: Budget) -> Begun:
            return _cut(self._reader.label_values(name, selectors, start, end, _one_more(limit)), limit, str)

        return respond(await self._services.pool.run(answer, receive=request.receive), self._services.pool)

    async def metadata(self, request: Request, parameters: Parameters) -> Response:
        """Type, help and unit by metric; several where jobs disagree."""
        limit = _number(parameters, "limit")
        per_metric = _number(parameters, "limit_per_metric")
        metric = parameters.text("metric") or None
        if limit == 0:
            return success({})

        def answer(_: Budget) -> Response:
            return success(by_metric(self._reader.metadata(metric, max(limit, 0)), limit, per_metric))

        return await self._services.pool.run(answer, receive=request.receive)

    async def target_metadata(self, request: Request, parameters: Parameters) -> Response:
        """Type, help and unit by target."""
        limit = _number(parameters, "limit")
        selector = _target_selector(parameters.text("match_target"))
        metric = parameters.text("metric")
        targets = [target for target in self._services.targets().active if match_all(selector, target.labels)]

        def answer(_: Budget) -> Response:
            rows = _by_target(targets, self._reader.metadata(metric or None, 0), named=not metric)
            found = list(islice(rows, _MOST_ROWS + 1 if limit < 0 else limit))
            if limit < 0 and len(found) > _MOST_ROWS:
                raise ExecutionError(f"more than {_MOST_ROWS} rows: choose a metric, a match_target or a limit")
            return success(found)

        return await self._services.pool.run(answer, receive=request.receive)


def _by_target(targets: Iterable[ActiveTarget], known: Iterable[MetricMetadata], *, named: bool) -> Iterator[dict[str, Any]]:
    jobs: dict[str, list[MetricMetadata]] = {}
    for entry in known:
        jobs.setdefault(entry.job, []).append(entry)
    for target in targets:
        labels = target.labels.as_dict()
        for entry in jobs.get(target.labels.get("job", target.pool), ()):
            yield {"target": labels, **({"metric": entry.metric} if named else {}), **_described(entry)}


def by_metric(entries: Iterable[MetricMetadata], limit: int, per_metric: int) -> dict[str, list[dict[str, str]]]:
    """Distinct descriptions by metric; at most ``limit`` metrics (negative: all) of ``per_metric`` descriptions (not positive: all)."""
    found: dict[str, dict[MetricMetadata, dict[str, str]]] = {}
    for entry in entries:
        if entry.metric not in found and 0 <= limit <= len(found):
            continue
        known = found.setdefault(entry.metric, {})
        if per_metric <= 0 or len(known) < per_metric:
            known[MetricMetadata(entry.metric, entry.type, entry.help, entry.unit)] = _described(entry)
    return {metric: list(descriptions.values()) for metric, descriptions in found.items()}


def unescape_name(name: str) -> str:
    """A label name that came escaped, because a path can't hold it: ``U__http_2e_status`` is ``http.status``.

    https://github.com/prometheus/proposals/blob/main/proposals/2023-08-21-utf8.md
    """
    if not name.startswith("U__"):
        return name
    parts, at, escaped = [], 0, name.removeprefix("U__")
    while at < len(escaped):
        found = _ESCAPED.match(escaped, at)
        if found is None or (found[3] and not _is_character(int(found[3], 16))):
            return name
        parts.append(found[1] or ("_" if found[2] else chr(int(found[3], 16))))
        at = found.end()
    return "".join(parts)


def _is_character(code: int) -> bool:
    return code < 0x110000 and not 0xD800 <= code < 0xE000


def _described(entry: MetricMetadata) -> dict[str, str]:
    return {"type": entry.type, "help": entry.help, "unit": entry.unit}


def _asked(parameters: Parameters) -> tuple[int, tuple[int, int], Sequence[Selector]]:
    return parameters.limit(), _range(parameters), parse_selectors(parameters.every("match[]"))


def _range(parameters: Parameters) -> tuple[int, int]:
    start, end = parameters.time("start", MIN_TIME), parameters.time("end", MAX_TIME)
    return max(start, -_FARTHEST), min(end, _FARTHEST)


def _target_selector(text: str) -> Selector:
    if not text:
        return ()
    try:
        return parse_selector(text)
    except BadDataError as error:
        raise BadDataError.parameter("match_target", error) from error


def _number(parameters: Parameters, name: str) -> int:
    """A limit, -1 without one."""
    try:
        return parse_whole(parameters.text(name) or "-1")
    except ValueError as error:
        raise BadDataError(f"{name} must be a number") from error


def _one_more(limit: int) -> int:
    """One more than may be shown, to know whether something was cut off."""
    return limit + 1 if 0 < limit < _FARTHEST else 0


def _cut(found: Sequence[T], limit: int, shown: Callable[[T], Any]) -> Begun:
    """The answer that lists at most ``limit`` rows (0: all)."""
    is_cut = 0 < limit < len(found)
    return begin(envelope(listed(found[:limit] if is_cut else found, shown), warnings=_TRUNCATED if is_cut else ()))
