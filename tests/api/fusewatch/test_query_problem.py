"""What an editor is told of a query that is being written."""

from __future__ import annotations

import pytest
from tests.api.fusewatch.own import get, running

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("up", None),
        ("rate(up[5m] anchored)", None),
        ("sum(up", ("unclosed left parenthesis", 1, 7)),
        ("rate(\n  up)", ('expected type range vector in call to function "rate", got instant vector', 2, 3)),
        ('"é" + foo(1)', ('unknown function with name "foo"', 1, 7)),
    ],
)
async def test_the_place_of_what_is_wrong_is_told(query, problem):
    with running() as served:
        answer = await get(served, "/query-problem", query=query)
    assert answer.status_code == 200
    message, line, column = problem or (None, None, None)
    assert answer.json() == {"problem": problem and {"message": message, "line": line, "column": column}}


async def test_without_a_query_the_parameter_is_named():
    with running() as served:
        answer = await get(served, "/query-problem")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "query")
