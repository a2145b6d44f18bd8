from __future__ import annotations

import pytest
from tests.collect.exporter import job

from fusewatch.collect.errors import LimitError, ScrapeError
from fusewatch.collect.relabel import Relabeller
from fusewatch.collect.scrape.naming import SeriesNaming

TARGET = {"job": "test", "instance": "a:1"}


def name(labels, target=TARGET, **settings):
    config = job(**settings)
    named = SeriesNaming(config, target, Relabeller(config.metric_relabel_configs))({"__name__": "m", **labels})
    return None if named is None else {label: value for label, value in named.items() if (label, value) != ("__name__", "m")}


@pytest.mark.parametrize(
    ("labels", "target", "named"),
    [
        ({"x": "1"}, TARGET, {**TARGET, "x": "1"}),
        ({"job": "other"}, TARGET, {**TARGET, "exported_job": "other"}),
        ({"job": "other", "exported_job": "more"}, TARGET, {**TARGET, "exported_job": "more", "exported_exported_job": "other"}),
        ({"job": ""}, TARGET, TARGET),
        (
            {"a": "1", "exported_a": "2"},
            {"a": "3", "exported_a": "4"},
            {"a": "3", "exported_a": "4", "exported_exported_a": "1", "exported_exported_exported_a": "2"},
        ),
    ],
)
def test_the_targets_labels_win_and_what_they_replace_is_kept(labels, target, named):
    assert name(labels, target) == named


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ({"job": "other"}, {**TARGET, "job": "other"}),
        ({"job": ""}, {"instance": "a:1"}),
        ({}, TARGET),
    ],
)
def test_honoured_labels_win(labels, named):
    assert name(labels, honor_labels=True) == named


def test_metric_relabelling_sees_the_targets_labels_and_may_drop():
    assert name({}, metric_relabel_configs=[{"source_labels": ["job"], "regex": "test", "action": "drop"}]) is None
    assert name({"x": "1"}, metric_relabel_configs=[{"regex": "x|job", "action": "labeldrop"}]) == {"instance": "a:1"}


def test_a_series_without_name_refuses_the_scrape():
    with pytest.raises(ScrapeError, match="invalid metric name"):
        name({}, metric_relabel_configs=[{"regex": "__name__", "action": "labeldrop"}])


def test_a_job_may_demand_the_legacy_alphabet():
    assert name({"x.y": "1"})
    with pytest.raises(ScrapeError, match="invalid metric name or label names"):
        name({"x.y": "1"}, metric_name_validation_scheme="legacy")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"label_limit": 3}, r"label_limit exceeded \(metric: m, number of labels: 4, limit: 3\)"),
        ({"label_name_length_limit": 7}, r"label_name_length_limit exceeded \(metric: m, label name: __name__, length: 8, limit: 7\)"),
        ({"label_value_length_limit": 5}, r"label_value_length_limit exceeded \(metric: m, label name: x, length: 6, limit: 5\)"),
    ],
)
def test_limits_on_labels_refuse_the_scrape(settings, reason):
    with pytest.raises(LimitError, match=reason):
        name({"x": "123456"}, **settings)
