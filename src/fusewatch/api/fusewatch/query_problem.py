"""What is wrong with a query that somebody is writing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.fusewatch.models import Answer
from fusewatch.api.prometheus.pool import QueryPool
from fusewatch.promql.errors import ParseError
from fusewatch.promql.parse import parse


class Problem(Answer):
    """Why a text is no query; ``line`` and ``column`` (characters), both from 1, where that is known."""

    message: str
    line: int | None = None
    column: int | None = None


class QueryProblem(Answer):
    """None where nothing is wrong with it."""

    problem: Problem | None


def query_problem_router(pool: QueryPool) -> APIRouter:
    """``GET /query-problem``: an editor asks at every pause in typing, so a query that is wrong is no error of the request."""
    router = APIRouter(tags=["queries"], dependencies=[needs(Need.VIEWER)])

    @router.get("/query-problem")
    async def query_problem(request: Request, query: Annotated[str, Query()]) -> QueryProblem:
        """Whether the text is PromQL whose types fit, in the words of the query API."""
        return QueryProblem(problem=await pool.run(lambda _: _problem(query), receive=request.receive))

    return router


def _problem(query: str) -> Problem | None:
    try:
        parse(query)
    except ParseError as error:
        if error.position is None:
            return Problem(message=error.reason)
        line, column = error.position
        return Problem(message=error.reason, line=line, column=_in_characters(query, line, column))
    return None


def _in_characters(query: str, line: int, column: int) -> int:
    """A column that counts bytes of UTF-8, from 1, as one that counts characters."""
    before = query.split("\n")[line - 1].encode()[: column - 1]
    return len(before.decode(errors="ignore")) + 1
