"""Whether a condition has no result for want of data, or because it does not hold."""

from __future__ import annotations

import pytest

from fusewatch.promql.engine import Engine, Prepared
from fusewatch.promql.notation.memory import MemoryReader
from fusewatch.promql.notation.series import parse_series
from fusewatch.promql.parse import parse
from fusewatch.promql.presence import presence

DATA = (
    'up{job="a"} 1',
    'up{job="b"} 0',
    'errors{job="a"} 1',
    'requests{job="a"} 100',
    'requests{job="b"} 100',
    'limit{job="a"} 5',
)


def judged(text: str) -> set[str] | None:
    """The jobs that a condition could be asked of."""
    reader = MemoryReader()
    for line in DATA:
        labels, points = parse_series(line)
        reader.add(labels, [(0, points[0])])
    expr = presence(parse(text))
    if expr is None:
        return None
    return {labels.get("job", "") for labels in Engine(reader).instant(Prepared(text, expr), 0).labels}


@pytest.mark.parametrize(
    ("text", "jobs"),
    [
        ("up == 0", {"a", "b"}),
        ("nothing == 0", set()),
        ("errors / requests > 0.05", {"a"}),
        ("(errors / requests > 0.05) < 0.5", {"a"}),
        ("0.5 > errors / requests", {"a"}),
        ("requests > limit", {"a"}),
        ("requests > on (job) group_left () limit", {"a"}),
        ("requests > 1000 and up == 1", {"a", "b"}),
        ("requests > 1000 unless up == 1", {"a", "b"}),
        ("errors > 1000 or requests > 1000", {"a", "b"}),
        ("sum by (job) (up == 5) > 0", {"a", "b"}),
        ("count(up == 5) > 0", {""}),
        ("topk(1, requests > 1000)", {"a", "b"}),
        ("max_over_time((requests > 1000)[5m:1m])", {"a", "b"}),
        ("-(requests > 1000)", {"a", "b"}),
        ("(up == bool 0) == 5", {"a", "b"}),
        ("requests > scalar(limit) + 1000", {"a", "b"}),
        # These don't tell.
        ("up", None),
        ("up == bool 0", None),
        ("absent(nothing)", None),
        ("absent(nothing) > 2", None),
        ('count_values("v", up) > 5', None),
    ],
)
def test_presence(text: str, jobs: set[str] | None) -> None:
    assert judged(text) == jobs
