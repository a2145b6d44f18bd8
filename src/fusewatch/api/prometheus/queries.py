"""``/query``, ``/query_range``, ``/format_query``, ``/parse_query``, ``/query_exemplars``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from fusewatch.access.routing import GuardedRoute
from fusewatch.api.prometheus.answers import success
from fusewatch.api.prometheus.endpoint import endpoint
from fusewatch.api.prometheus.errors import BadDataError
from fusewatch.api.prometheus.parameters import MAX_TIME, MIN_TIME, Parameters
from fusewatch.api.prometheus.query_trees import tree_of
from fusewatch.api.prometheus.results import print_result
from fusewatch.api.prometheus.services import PrometheusServices
from fusewatch.api.prometheus.streaming import Begun, begin, respond
from fusewatch.promql import ast
from fusewatch.promql.engine import QueryOptions
from fusewatch.promql.errors import ParameterError, ParseError
from fusewatch.promql.format import format_query
from fusewatch.promql.numbers import format_value
from fusewatch.promql.parse import parse
from fusewatch.promql.result import QueryResult
from fusewatch.promql.rollups import RollupUse
from fusewatch.telemetry.exemplars import Exemplar
from fusewatch.telemetry.ports import Budget

T = TypeVar("T")

_ZERO_STEP: Final = "zero or negative query resolution step widths are not accepted. Try a positive integer"
_KNOWN_STATS: Final = frozenset({"", "true", "all"})

#: Runs a query under a budget.
_Run = Callable[[Budget], QueryResult]
#: Says which roll-ups a query may be answered from, as the parameter does, for clients that can send no parameters of their own.
_ROLLUPS_HEADER: Final = "X-Fusewatch-Rollups"


def query_routes(services: PrometheusServices) -> list[GuardedRoute]:
    """All five; clients send long queries by POST."""
    queries = _Queries(services)
    both = ("GET", "POST")
    return [
        endpoint("/query", queries.instant, methods=both),
        endpoint("/query_range", queries.range, methods=both),
        endpoint("/query_exemplars", queries.exemplars, methods=both),
        endpoint("/format_query", queries.format, methods=both),
        endpoint("/parse_query", queries.parse, methods=both),
    ]


class _Queries:
    def __init__(self, services: PrometheusServices) -> None:
        self._services = services
        self._engine = services.engine

    async def instant(self, request: Request, parameters: Parameters) -> Response:
        """A query's value at one moment."""
        limit = parameters.limit()
        time = parameters.time("time", self._services.clock.now_ms())
        query, options = parameters.text("query"), _options(request, parameters, limit)

        def run(budget: Budget) -> QueryResult:
            return self._engine.instant(query, time, budget=budget, options=options)

        return await self._answer(request, parameters, limit, run, heavy=False)

    async def range(self, request: Request, parameters: Parameters) -> Response:
        """A query's values over time."""
        limit = parameters.limit()
        start, end = parameters.time("start"), parameters.time("end")
        if end < start:
            raise BadDataError.parameter("end", "end timestamp must not be before start time")
        step = parameters.required_duration("step")
        if step <= 0:
            raise BadDataError.parameter("step", _ZERO_STEP)
        most_steps = self._engine.limits.max_steps
        if (end - start) // step > most_steps:
            raise BadDataError(
                f"exceeded maximum resolution of {most_steps:,} points per timeseries. Try decreasing the query resolution (?step=XX)"
            )
        query, options = parameters.text("query"), _options(request, parameters, limit)

        def run(budget: Budget) -> QueryResult:
            return self._engine.range(query, start, end, step, budget=budget, options=options)

        return await self._answer(request, parameters, limit, run, heavy=True)

    async def exemplars(self, request: Request, parameters: Parameters) -> Response:
        """The exemplars of every series that the query selects."""
        start, end = parameters.time("start", MIN_TIME), parameters.time("end", MAX_TIME)
        if end < start:
            raise BadDataError("end timestamp must not be before start timestamp")
        selectors = [node.matchers for node in _selectors(parse(parameters.text("query")))]

        def work(budget: Budget) -> list[dict[str, object]]:
            found = self._services.reader.exemplars(selectors, start, end, budget) if selectors else []
            return [{"seriesLabels": labels.as_dict(), "exemplars": [_exemplar(one) for one in exemplars]} for labels, exemplars in found]

        return success(await self._services.pool.run(work, receive=request.receive))

    async def format(self, request: Request, parameters: Parameters) -> Response:
        """The query, laid out."""
        query = parameters.text("query")
        text = await self._services.pool.run(lambda _: _named(lambda: format_query(query)), receive=request.receive)
        return success(text)

    async def parse(self, request: Request, parameters: Parameters) -> Response:
        """The query as a tree."""
        query = parameters.text("query")
        found = await self._services.pool.run(lambda _: _named(lambda: tree_of(parse(query))), receive=request.receive)
        return success(found)

    async def _answer(self, request: Request, parameters: Parameters, limit: int, run: _Run, *, heavy: bool) -> Response:
        timeout_ms = parameters.duration("timeout")
        stats = parameters.text("stats")
        notes = [] if stats in _KNOWN_STATS else [_deprecated(stats)]

        def work(budget: Budget) -> Begun:
            result = _named(lambda: run(budget))
            return begin(print_result(result, limit=limit, stats=bool(stats), notes=notes))

        pool, timeout_s = self._services.pool, None if timeout_ms is None else max(timeout_ms, 0) / 1000
        return respond(await pool.run(work, receive=request.receive, timeout_s=timeout_s, heavy=heavy), pool)


def _selectors(node: ast.Expr) -> Iterator[ast.Selector]:
    """Every selector of a query."""
    if isinstance(node, ast.Selector):
        yield node
    for child in ast.children(node):
        yield from _selectors(child)


def _exemplar(exemplar: Exemplar) -> dict[str, object]:
    return {"labels": exemplar.labels.as_dict(), "value": format_value(exemplar.value), "timestamp": exemplar.timestamp / 1000}


def _named(run: Callable[[], T]) -> T:
    """What ``run`` returns; a query that can't be read is an error of the parameter ``query``."""
    try:
        return run()
    except (ParseError, ParameterError) as error:
        raise BadDataError.parameter("query", error) from error


def _lookback(parameters: Parameters) -> int | None:
    if not parameters.text("lookback_delta"):
        return None
    try:
        return parameters.duration("lookback_delta")
    except BadDataError as error:
        raise BadDataError(f"error parsing lookback delta duration: {error.__cause__}") from error


def _options(request: Request, parameters: Parameters, limit: int) -> QueryOptions:
    """What the parameters say of how a query is answered; one series more than the limit shows that there are more."""
    return QueryOptions(
        lookback_ms=_lookback(parameters),
        limit=limit + 1 if limit else 0,
        rollups=_rollups(request, parameters),
        explain=_is_set(parameters, "explain"),
        cache=not _is_set(parameters, "nocache"),
    )


def _rollups(request: Request, parameters: Parameters) -> RollupUse:
    """What ``rollups`` or the header asks for: 0 to read samples alone, 1 to take roll-ups also where that moves windows."""
    try:
        return RollupUse(parameters.text("rollups") or request.headers.get(_ROLLUPS_HEADER, ""))
    except ValueError as error:
        raise BadDataError.parameter("rollups", "expected 0 or 1") from error


def _is_set(parameters: Parameters, name: str) -> bool:
    """Whether a parameter is 1; without it, it is not."""
    text = parameters.text(name)
    if text not in {"", "0", "1"}:
        raise BadDataError.parameter(name, "expected 0 or 1")
    return text == "1"


def _deprecated(stats: str) -> str:
    return f'value "{stats}" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"'
