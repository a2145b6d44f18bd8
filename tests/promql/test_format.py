"""Formatting lays a query out and never changes what it means."""

from __future__ import annotations

import pytest

from fusewatch.promql.errors import ParseError
from fusewatch.promql.format import format_query


@pytest.mark.parametrize(
    ("query", "formatted"),
    [
        ("sum(x)by(job)", "sum by (job) (x)"),
        ("(a+b)*c", "(a + b) * c"),
        ("x{a='b'}", 'x{a="b"}'),
        ("rate( x [90s] )", "rate(x[1m30s])"),
        # What the formatter does not know comes back as it was.
        ("x[2m*3]", "x[2m*3]"),
        (" x @ -5 ", "x @ -5"),
        ('x{"a.b"="c"}', 'x{"a.b"="c"}'),
    ],
)
def test_a_query_is_laid_out(query, formatted):
    assert format_query(query) == formatted


def test_a_long_query_is_split_at_its_operators():
    side = 'sum by (job) (rate(requests_total{job="a-rather-long-name-of-a-job", status="200"}[5m]))'
    assert format_query(f"{side} / {side}").count("\n") >= 2


def test_what_is_no_query_is_refused():
    with pytest.raises(ParseError):
        format_query("x +")
