"""A query that finds nothing says where it lost its series, and what may have been meant."""

from __future__ import annotations

import pytest
from tests.promql.memory import MemoryReader

from fusewatch.promql.engine import Engine, QueryOptions
from fusewatch.promql.explain import Explained, similar
from fusewatch.telemetry.labels import METRIC_NAME, Labels

MINUTE = 60_000


@pytest.fixture(scope="module")
def engine():
    reader = MemoryReader()
    for status in ("200", "404", "503"):
        labels = Labels({METRIC_NAME: "http_requests_total", "job": "api", "status_code": status})
        reader.add(labels, [(t * MINUTE, t * 60.0) for t in range(11)])
    reader.add(Labels({METRIC_NAME: "up", "instance": "a:80"}), [(t * MINUTE, 1.0) for t in range(11)])
    reader.add(Labels({METRIC_NAME: "limit", "host": "a"}), [(t * MINUTE, 5.0) for t in range(11)])
    reader.add(Labels({METRIC_NAME: "old"}), [(0, 1.0)])
    return Engine(reader)


def explained(engine: Engine, query: str) -> Explained:
    found = engine.instant(query, 10 * MINUTE, options=QueryOptions(explain=True)).explained
    assert found is not None
    return found


def reasons(part: Explained) -> list[str]:
    return [*([part.reason] if part.reason else []), *(reason for inner in part.parts for reason in reasons(inner))]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("http_request_total", "there is no metric http_request_total; did you mean http_requests_total?"),
        ("quite_another_name", "there is no metric quite_another_name"),
        ('{__name__=~"nothing.*"}', "no metric has such a name"),
        ("old", "old has no sample as new as this"),
        ('http_requests_total{code="200"}', "no series of http_requests_total has the label code; did you mean status_code?"),
        ('http_requests_total{status_code="50"}', 'no series of http_requests_total has status_code="50"; did you mean "503"?'),
        ('http_requests_total{status_code="1"}', 'no series of http_requests_total has status_code="1"; there is "200", "404", "503"'),
        ('http_requests_total{job=~"web|shop"}', 'no series of http_requests_total has job=~"web|shop"; there is "api"'),
        ("sum by (code) (http_requests_total)", "no series has the label code; did you mean status_code?"),
        ("up > 1", "the comparison holds nowhere: values go from 1 to 1"),
        ("rate(up[30s])", "rate needs two samples in a window of 30s"),
        ("histogram_quantile(0.9, up)", "no series has the label le, and none is a native histogram"),
        ("histogram_count(up)", "none of the series is a native histogram"),
        (
            "up * limit",
            (
                'no series of the left side fits one of the right: there it is {instance="a:80"}, here {host="a"}; '
                "ignoring (host, instance) would leave those labels out"
            ),
        ),
        ("up > on () limit", "the comparison holds nowhere: values go from 1 to 1"),
    ],
)
def test_why_it_is_empty(engine, query, reason):
    assert reasons(explained(engine, query)) == [reason]


def test_how_far_samples_are_apart_is_told_where_there_are_some(engine):
    found = engine.range("rate(up[1m])", 0, 10 * MINUTE, MINUTE, options=QueryOptions(explain=True)).explained
    assert found.reason == "rate needs two samples in a window of 1m; they are about 1m apart"


def test_every_part_is_told_with_what_it_found(engine):
    found = explained(engine, "sum by (job) (rate(http_requests_total[5m])) / 2 > bool 1")
    assert (found.text, found.series, found.reason) == ("sum by (job) (rate(http_requests_total[5m])) / 2 > bool 1", 1, "")
    ratio = found.parts[0]
    total = ratio.parts[0]
    assert [part.text for part in (ratio, total, total.parts[0], total.parts[0].parts[0])] == [
        "sum by (job) (rate(http_requests_total[5m])) / 2",
        "sum by (job) (rate(http_requests_total[5m]))",
        "rate(http_requests_total[5m])",
        "http_requests_total[5m]",
    ]
    assert [part.series for part in (total, total.parts[0], total.parts[0].parts[0])] == [1, 3, 3]
    assert found.seconds >= ratio.seconds >= total.seconds > 0
    assert 0 <= found.own_seconds <= found.seconds


def test_only_the_part_that_loses_the_series_gives_a_reason(engine):
    assert len(reasons(explained(engine, "sum(rate(http_request_total[5m])) / sum(up)"))) == 1


def test_what_is_the_same_at_every_step_is_told_once(engine):
    found = engine.range("up @ 60 + up", 0, 10 * MINUTE, MINUTE, options=QueryOptions(explain=True)).explained
    assert [part.text for part in found.parts] == ["up @ 60", "up"]


def test_nothing_is_traced_unless_asked_for(engine):
    assert engine.instant("up", MINUTE).explained is None


def test_names_are_like_each_other_when_mistyped_or_cut_short():
    known = ["status_code", "method", "handler"]
    assert similar("statuscode", known) == ["status_code"]
    assert similar("code", known) == ["status_code"]
    assert similar("zzz", known) == []
