from __future__ import annotations

import pytest
from tests.collect.exporter import job

from fusewatch.collect.discovery.groups import TargetGroup
from fusewatch.collect.relabel import Relabeller
from fusewatch.collect.scrape.target import build_targets


def build(*targets, labels=None, **settings):
    config = job(**settings)
    return build_targets(config, Relabeller(config.relabel_configs), [TargetGroup("here", targets, labels or {})])


def only(built):
    (target,) = built.targets.values()
    return target


def test_a_target_has_its_job_its_address_and_the_labels_of_its_group():
    target = only(build({"__address__": "a:1"}, labels={"env": "prod", "__meta_secret": "x"}))
    assert target.labels.as_dict() == {"job": "test", "instance": "a:1", "env": "prod"}
    assert target.url == "http://a:1/metrics"
    assert target.discovered["__meta_secret"] == "x"


def test_relabelling_may_move_a_target():
    rules = [
        {"source_labels": ["__address__"], "target_label": "__param_target"},
        {"target_label": "__address__", "replacement": "prober:9115"},
        {"source_labels": ["__param_target"], "target_label": "instance"},
        {"target_label": "__scheme__", "replacement": "https"},
        {"target_label": "__metrics_path__", "replacement": "probe"},
        {"target_label": "__scrape_interval__", "replacement": "7s"},
    ]
    target = only(build({"__address__": "http.example.org"}, relabel_configs=rules, params={"module": ["a b", "c"]}))
    assert target.url == "https://prober:9115/probe?module=a+b&module=c&target=http.example.org"
    assert target.labels["instance"] == "http.example.org"
    assert target.interval == 7_000


def test_equal_targets_are_scraped_once():
    assert len(build({"__address__": "a:1"}, {"__address__": "a:1"}).targets) == 1


def test_dropped_targets_are_counted_and_some_are_shown():
    rules = [{"source_labels": ["__address__"], "regex": "a.*", "action": "drop"}]
    built = build(*({"__address__": f"a{number}"} for number in range(5)), relabel_configs=rules, keep_dropped_targets=2)
    assert (len(built.targets), len(built.dropped), built.dropped_count) == (0, 2, 5)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"target_label": "__address__", "replacement": ""}, "no address"),
        ({"target_label": "__address__", "replacement": "a/b"}, "is not a valid hostname"),
        ({"target_label": "__scrape_interval__", "replacement": "often"}, "error parsing scrape interval"),
        ({"target_label": "__scrape_interval__", "replacement": "0s"}, "scrape interval cannot be 0"),
        ({"target_label": "__scrape_timeout__", "replacement": "1h"}, "scrape timeout cannot be greater than scrape interval"),
    ],
)
def test_what_makes_no_target_says_why(rule, reason):
    built = build({"__address__": "a:1"}, relabel_configs=[rule])
    assert not built.targets
    assert reason in built.errors[0]
