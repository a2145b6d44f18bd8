"""What the cardinality of our own API asks the store, and what it refuses to ask."""

from __future__ import annotations

import pytest
from tests.api.fusewatch.own import get, no_series, running
from tests.api.serving import NOW

from fusewatch.storage.cardinality import CardinalityQuestion, Order
from fusewatch.telemetry.matchers import Matcher, MatchOp

pytestmark = pytest.mark.anyio

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("parameters", "question"),
    [
        ({}, CardinalityQuestion(NOW - HOUR, NOW, limit=20)),
        ({"start": 5, "end": 10, "limit": 3}, CardinalityQuestion(5, 10, limit=3)),
        (
            {"metric": "up", "job": "api", "label": "pod", "sort": "growth"},
            CardinalityQuestion(NOW - HOUR, NOW, (), "up", "pod", "api", 20, Order.GROWTH),
        ),
        ({"match[]": 'up{a="b"}'}, CardinalityQuestion(NOW - HOUR, NOW, ((MATCH := Matcher("a", MatchOp.EQUAL, "b"),),), limit=20)),
    ],
)
async def test_the_store_is_asked_what_the_parameters_say(parameters, question):
    asked = []
    with running(cardinality=lambda one: asked.append(one) or no_series(one)) as served:
        answer = await get(served, "/cardinality", **parameters)
    assert answer.status_code == 200
    if question.selectors:
        assert MATCH in asked[0].selectors[0]
    else:
        assert asked == [question]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"start": 10, "end": 5}, "start"),
        ({"limit": 0}, "limit"),
        ({"sort": "size"}, "sort"),
        ({"match[]": "{}"}, None),
        ({"match[]": "sum(up)"}, None),
        ({"match[]": 'up{a=~"("}'}, None),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(own, parameters, field):
    answer = await get(own, "/cardinality", **parameters)
    assert answer.status_code == 400
    assert answer.json()["error"].get("field") == field
