"""What becomes of each kind of metric; the expected series are those of Prometheus' OTLP receiver."""

from __future__ import annotations

import numpy as np
import pytest
from tests.ingest.otlp.known import MemorySeries, exemplars, floats, histograms
from tests.ingest.otlp.requests import NOW, NOW_MS, SECOND, counter, exponential, gauge, histogram, request, summary

from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, Span
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import STALE_BITS, is_stale

TARGET = 'instance="1", job="shop"'


class Decoding:
    """A decoder beside the series that it knows."""

    def __init__(self, limit=1 << 30, clock=None, **settings) -> None:
        self.series = MemorySeries(limit)
        self.state = DeltaState(max_series=settings.get("delta_max_series", 1000))
        self.decoder = OtlpMetricsDecoder(self.series, OtlpSettings(**settings), self.state, clock)

    def result(self, *metrics, **around):
        return self.decoder.decode(request(*metrics, **around).SerializeToString())

    def floats(self, *metrics, **around):
        return floats(self.series, self.result(*metrics, **around).decoded)

    def histograms(self, *metrics, **around):
        return histograms(self.series, self.result(*metrics, **around).decoded)


def test_a_gauge_is_a_series_with_job_and_instance():
    found = Decoding().floats(gauge("room.temperature", {"as_double": 21.5, "attributes": {"room": "a"}}, unit="Cel"))
    assert found == {f'room_temperature_celsius{{{TARGET}, room="a"}}': [(NOW_MS, 21.5)]}


def test_a_counter_gets_its_suffix_and_an_up_down_counter_none():
    found = Decoding().floats(counter("requests", {"as_int": 7}), counter("queue", {"as_double": -2.0}, monotonic=False))
    assert found == {f"requests_total{{{TARGET}}}": [(NOW_MS, 7.0)], f"queue{{{TARGET}}}": [(NOW_MS, -2.0)]}


def test_a_histogram_is_a_sum_a_count_and_buckets_that_include_those_below():
    assert Decoding().floats(histogram("latency")) == {
        f"latency_seconds_sum{{{TARGET}}}": [(NOW_MS, 2.5)],
        f"latency_seconds_count{{{TARGET}}}": [(NOW_MS, 6.0)],
        f'latency_seconds_bucket{{{TARGET}, le="0.1"}}': [(NOW_MS, 1.0)],
        f'latency_seconds_bucket{{{TARGET}, le="1"}}': [(NOW_MS, 3.0)],
        f'latency_seconds_bucket{{{TARGET}, le="+Inf"}}': [(NOW_MS, 6.0)],
    }


def test_a_histogram_without_a_sum_or_buckets_is_a_count():
    found = Decoding().floats(histogram("latency", {"count": 6}))
    assert found == {
        f"latency_seconds_count{{{TARGET}}}": [(NOW_MS, 6.0)],
        f'latency_seconds_bucket{{{TARGET}, le="+Inf"}}': [(NOW_MS, 6.0)],
    }


def test_a_summary_has_a_series_per_quantile():
    assert Decoding().floats(summary("duration")) == {
        f"duration_seconds_sum{{{TARGET}}}": [(NOW_MS, 2.5)],
        f"duration_seconds_count{{{TARGET}}}": [(NOW_MS, 6.0)],
        f'duration_seconds{{{TARGET}, quantile="0"}}': [(NOW_MS, 0.1)],
        f'duration_seconds{{{TARGET}, quantile="0.99"}}': [(NOW_MS, 2.0)],
    }


def test_an_exponential_histogram_is_a_native_one_whose_buckets_are_numbered_one_higher():
    point = {
        "count": 20,
        "sum": 2.5,
        "scale": 3,
        "zero_count": 1,
        "zero_threshold": 0.25,
        "positive": {"offset": 2, "bucket_counts": [0, 2, 3, 0, 0, 0, 4, 0, 1, 0]},
        "negative": {"offset": -5, "bucket_counts": [9]},
    }
    assert Decoding().histograms(exponential("latency", point)) == {
        f"latency_seconds{{{TARGET}}}": [
            (
                NOW_MS,
                Histogram(
                    schema=3,
                    count=20,
                    sum=2.5,
                    zero_count=1,
                    zero_threshold=0.25,
                    positive_spans=(Span(4, 2), Span(3, 3)),
                    positive_buckets=(2, 3, 4, 0, 1),
                    negative_spans=(Span(-4, 1),),
                    negative_buckets=(9,),
                ),
            )
        ]
    }


def test_a_scale_above_8_is_merged_down_to_8():
    point = {"count": 10, "scale": 10, "positive": {"offset": -1, "bucket_counts": [1, 1, 1, 1, 1, 5]}}
    [[(_, found)]] = Decoding().histograms(exponential("latency", point)).values()
    assert (found.schema, found.positive_spans, found.positive_buckets) == (8, (Span(0, 3),), (1, 4, 5))


def test_explicit_buckets_become_native_custom_ones_when_asked_for():
    [[(_, found)]] = Decoding(convert_histograms_to_nhcb=True).histograms(histogram("latency")).values()
    assert found == Histogram(
        schema=CUSTOM_SCHEMA, count=6, sum=2.5, custom_values=(0.1, 1.0), positive_spans=(Span(0, 3),), positive_buckets=(1, 2, 3)
    )


def test_no_recorded_value_is_a_staleness_marker_for_every_series_of_the_point():
    decoding = Decoding()
    metrics = [
        gauge("a", {"flags": 1}),
        counter("b", {"flags": 1, "as_int": 3}),
        histogram("c", {"flags": 1, "sum": 0.0, "explicit_bounds": [1.0]}),
        summary("d", {"flags": 1, "quantile_values": [{"quantile": 0.5}]}),
    ]
    decoded = decoding.result(*metrics).decoded
    assert len(decoded.refs) == 1 + 1 + 4 + 3
    assert is_stale(decoded.bits.view(np.float64)).all()
    [[(_, found)]] = decoding.histograms(exponential("e", {"flags": 1, "count": 3, "sum": 1.0})).values()
    assert np.float64(found.sum).view(np.uint64) == STALE_BITS
    assert (found.count, found.positive_buckets) == (0, ())


REFUSED = [
    (gauge("x", {}), "a point of 'x' has no value"),
    (gauge("x", {"as_int": 1, "time_unix_nano": 0}), "a point of 'x' has no time"),
    (gauge("x", {"as_int": 1, "time_unix_nano": 1 << 63}), "a point of 'x' has no time"),
    (gauge("@", {"as_int": 1}), 'normalization for metric "@" resulted in empty name'),
    (counter("x", {"as_int": 1}, temporality=0), "'x' has no valid aggregation temporality"),
    (histogram("x", {"count": 1}, temporality=3), "'x' has no valid aggregation temporality"),
    (histogram("x", {"bucket_counts": [1], "explicit_bounds": [1.0]}), "one bucket count more than bounds"),
    (histogram("x", {"bucket_counts": [1, 1, 1], "explicit_bounds": [2.0, 1.0]}), "must be finite and ascend"),
    (histogram("x", {"bucket_counts": [1, 1], "explicit_bounds": [float("inf")]}), "must be finite and ascend"),
    (exponential("x", {"scale": -5}), "its scale is below -4"),
    (exponential("x", {"count": 1, "positive": {"bucket_counts": [1, 1]}}), "its count is smaller than that of its buckets"),
    (exponential("x", {"count": 1 << 63}), "its count is smaller than that of its buckets, or out of range"),
    (gauge("x", {"as_int": 1, "attributes": {f"a{k}": k for k in range(129)}}), "more than 128 attributes"),
    (gauge("x", {"as_int": 1, "attributes": {"a": "b" * 20_000}}), "the limit is 16384"),
    (gauge("x", {"as_int": 1, "attributes": {"": "b"}}), "label name is empty"),
    (histogram("x", {"bucket_counts": [0] * 5001, "explicit_bounds": range(5000)}), "has 5000 buckets or quantiles"),
]


@pytest.mark.parametrize(("metric", "words"), REFUSED)
def test_a_point_that_makes_no_sense_is_left_out_and_the_rest_is_taken(metric, words):
    decoding = Decoding()
    result = decoding.result(metric, gauge("good"))
    assert words in result.message
    assert (result.points, result.rejected, result.decoded.problem.rejected) == (2, 1, 1)
    assert list(floats(decoding.series, result.decoded)) == [f"good{{{TARGET}}}"]
    assert decoding.result(metric, gauge("good")).rejected == 1


def test_what_is_known_is_not_learnt_again():
    decoding = Decoding(start_time_zero_sample="1s")
    metrics = gauge("a"), counter("b"), histogram("c"), exponential("d"), summary("e")
    around = {"resource": {"service.name": "shop", "host.name": "h"}}
    first = decoding.result(*metrics, **around)
    known, remembered = len(decoding.series.labels), decoding.series.remembered
    second = decoding.result(*metrics, **around)
    assert (len(decoding.series.labels), decoding.series.remembered) == (known, remembered)
    assert len(first.decoded.refs) == len(second.decoded.refs) == 1 + 1 + 5 + 4 + 1
    assert len(first.decoded.metadata) == 5
    assert second.decoded.metadata == []


def test_metadata_tells_type_help_and_unit_once():
    decoding = Decoding()
    found = decoding.result(
        gauge("room.temperature", unit="Cel", description="How warm"), counter("b", unit="By/s"), histogram(), summary()
    )
    assert found.decoded.metadata == [
        MetricMetadata("room_temperature_celsius", "gauge", "How warm", "celsius", "shop"),
        MetricMetadata("b_bytes_per_second_total", "counter", "", "bytes_per_second", "shop"),
        MetricMetadata("latency_seconds", "histogram", "", "seconds", "shop"),
        MetricMetadata("duration_seconds", "summary", "", "seconds", "shop"),
    ]


def test_metadata_is_told_again_when_the_log_did_not_take_it():
    decoding = Decoding()
    refused = decoding.result(gauge())
    refused.undo()
    assert len(decoding.result(gauge()).decoded.metadata) == 1
    assert decoding.result(gauge()).decoded.metadata == []


def test_a_resource_with_more_than_its_name_has_a_target_info_for_the_time_of_its_points():
    decoding = Decoding()
    resource = {"service.name": "shop", "service.namespace": "eu", "service.instance.id": "1", "host.name": "h", "process.pid": 7}
    label = 'target_info{host_name="h", instance="1", job="eu/shop", process_pid="7"}'
    assert decoding.floats(gauge(), resource=resource)[label] == [(NOW_MS, 1.0)]
    points = [{"as_int": 1, "time_unix_nano": NOW + k * 200 * SECOND} for k in range(3)]
    found = decoding.floats(gauge("a", *points), resource=resource)[label]
    assert found == [(NOW_MS + ms, 1.0) for ms in (0, 150_000, 300_000, 400_000)]


def test_a_request_that_spans_ages_gets_few_target_infos():
    points = [{"as_int": 1, "time_unix_nano": 1}, {"as_int": 1}]
    found = Decoding().floats(gauge("a", *points), resource={"service.name": "shop", "x": "y"})
    assert len(found['target_info{job="shop", x="y"}']) == 65


@pytest.mark.parametrize("resource", [{"service.name": "shop", "service.instance.id": "1"}, {"host.name": "h"}, {}])
def test_there_is_no_target_info_without_something_to_tell_of_somebody(resource):
    assert not [name for name in Decoding().floats(gauge(), resource=resource) if name.startswith("target_info")]


RESOURCE = {"service.name": "shop", "k8s.pod.name": "p", "region": "eu"}
SCOPE = {"name": "lib", "version": "2", "attributes": {"x.y": "z"}}
SETTINGS = [
    ({}, 'temperature{job="shop"}', 'target_info{job="shop", k8s_pod_name="p", region="eu"}'),
    ({"promote_resource_attributes": ["region", "absent"]}, 'temperature{job="shop", region="eu"}', None),
    ({"promote_all_resource_attributes": True}, 'temperature{job="shop", k8s_pod_name="p", region="eu", service_name="shop"}', None),
    (
        {"promote_all_resource_attributes": True, "ignore_resource_attributes": ["service.name", "region"]},
        'temperature{job="shop", k8s_pod_name="p"}',
        None,
    ),
    (
        {"keep_identifying_resource_attributes": True},
        'temperature{job="shop"}',
        'target_info{job="shop", k8s_pod_name="p", region="eu", service_name="shop"}',
    ),
    (
        {"promote_scope_metadata": True},
        'temperature{job="shop", otel_scope_name="lib", otel_scope_schema_url="http://s", otel_scope_version="2", otel_scope_x_y="z"}',
        None,
    ),
    ({"target_info": False}, 'temperature{job="shop"}', ""),
    ({"translation_strategy": "NoTranslation"}, 'temperature{job="shop"}', 'target_info{job="shop", "k8s.pod.name"="p", region="eu"}'),
]


@pytest.mark.parametrize(("settings", "series", "target"), SETTINGS)
def test_settings_say_which_labels_there_are(settings, series, target):
    found = list(Decoding(**settings).floats(gauge(), resource=RESOURCE, scope=SCOPE, schema_url="http://s"))
    assert found[0] == series
    assert found[1:] == ([] if target == "" else [target or 'target_info{job="shop", k8s_pod_name="p", region="eu"}'])


def test_scopes_tell_series_apart_only_where_they_are_labels():
    for promote, expected in ((True, 2), (False, 1)):
        decoding = Decoding(promote_scope_metadata=promote)
        names = [name for scope in ("a", "b") for name in decoding.floats(gauge(), scope={"name": scope})]
        assert len(set(names)) == expected


def test_attributes_with_one_label_name_are_joined_in_the_order_of_their_names():
    found = Decoding().floats(gauge("x", {"as_int": 1, "attributes": {"a_b": "2", "a.b": "1", "job": "mine"}}))
    assert list(found) == [f'x{{a_b="1;2", {TARGET}}}']


def test_attribute_values_become_text_as_the_collector_writes_them():
    values = {"b": True, "i": -5, "f": 0.5, "w": 1.0, "l": ["x", 1, False], "m": {"k": "v", "a": 1.5}, "y": b"hi", "e": 1e21, "n": None}
    [name] = Decoding().floats(gauge("x", {"as_int": 1, "attributes": values}), resource={})
    assert name == (r'x{b="true", e="1e+21", f="0.5", i="-5", l="[\"x\",1,false]", m="{\"a\":1.5,\"k\":\"v\"}", w="1", y="aGk="}')


TRACE, SPAN = bytes(range(16)), bytes(range(8))


def test_exemplars_go_to_the_bucket_they_fell_into():
    sent = [
        {"as_double": 0.05, "trace_id": TRACE, "span_id": SPAN, "time_unix_nano": NOW},
        {"as_double": 1.0, "trace_id": TRACE, "time_unix_nano": NOW - SECOND},
        {"as_int": 5, "filtered_attributes": [{"key": "user", "value": {"string_value": "u"}}]},
        {"trace_id": TRACE},
    ]
    point = {"count": 6, "bucket_counts": [1, 2, 3], "explicit_bounds": [0.1, 1.0], "exemplars": sent}
    decoding = Decoding()
    ids = {"trace_id": TRACE.hex(), "span_id": SPAN.hex()}
    assert exemplars(decoding.series, decoding.result(gauge("first"), histogram("latency", point)).decoded) == [
        (f'latency_seconds_bucket{{{TARGET}, le="0.1"}}', NOW_MS, 0.05, ids),
        (f'latency_seconds_bucket{{{TARGET}, le="1"}}', NOW_MS - 1000, 1.0, {"trace_id": TRACE.hex()}),
        (f'latency_seconds_bucket{{{TARGET}, le="+Inf"}}', NOW_MS, 5.0, {"user": "u"}),
    ]


def test_exemplars_of_counters_and_native_histograms_go_to_their_series():
    decoding = Decoding()
    one = {"as_double": 0.05, "trace_id": TRACE, "time_unix_nano": NOW}
    found = decoding.result(
        counter("requests", {"as_int": 1, "exemplars": [one]}),
        exponential("latency", {"count": 1, "zero_count": 1}, {"count": 1, "zero_count": 1, "attributes": {"a": "b"}, "exemplars": [one]}),
        gauge("none", {"as_int": 1, "exemplars": [one]}),
    )
    names = [name for name, *_ in exemplars(decoding.series, found.decoded)]
    assert names == [f"requests_total{{{TARGET}}}", f'latency_seconds{{a="b", {TARGET}}}']


def test_an_exemplar_keeps_its_trace_where_its_attributes_are_too_long():
    one = {"as_int": 1, "trace_id": TRACE, "span_id": SPAN, "filtered_attributes": [{"key": "user", "value": {"string_value": "u" * 90}}]}
    decoding = Decoding()
    [(*_, labels)] = exemplars(decoding.series, decoding.result(counter("c", {"as_int": 1, "exemplars": [one]})).decoded)
    assert labels == {"trace_id": TRACE.hex(), "span_id": SPAN.hex()}


def test_a_new_start_time_gets_a_zero_sample_when_asked_for():
    decoding = Decoding(start_time_zero_sample="10m")
    start = {"start_time_unix_nano": NOW - 60 * SECOND}
    metrics = counter("c", {"as_int": 5, **start}), exponential("e", {"count": 2, "zero_count": 2, "scale": 2, **start})
    first = decoding.result(*metrics)
    assert floats(decoding.series, first.decoded) == {f"c_total{{{TARGET}}}": [(NOW_MS - 60_000, 0.0), (NOW_MS, 5.0)]}
    [native] = histograms(decoding.series, first.decoded).values()
    assert [(time, found.count) for time, found in native] == [(NOW_MS, 2), (NOW_MS - 60_000, 0)]
    assert len(decoding.result(*metrics).decoded.refs) == 1
    restarted = counter("c", {"as_int": 1, "time_unix_nano": NOW + 9 * SECOND, "start_time_unix_nano": NOW + 5 * SECOND})
    assert [list(rows) for rows in decoding.floats(restarted).values()] == [[(NOW_MS + 5000, 0.0), (NOW_MS + 9000, 1.0)]]


@pytest.mark.parametrize("start", [0, NOW - 3600 * SECOND, NOW, NOW + 1])
def test_a_start_time_that_is_old_or_none_gets_no_zero_sample(start):
    decoding = Decoding(start_time_zero_sample="10m")
    assert len(decoding.result(counter("c", {"as_int": 5, "start_time_unix_nano": start})).decoded.refs) == 1


class MovingClock:
    def __init__(self):
        self.seconds = 0.0

    def now_ms(self):
        return NOW_MS

    def monotonic(self):
        return self.seconds


def test_series_over_the_limit_are_refused_and_taken_when_there_is_room_again():
    clock = MovingClock()
    decoding = Decoding(limit=2, clock=clock)
    metrics = gauge("a"), histogram("h"), gauge("b")
    for _ in range(2):
        result = decoding.result(*metrics)
        assert (result.rejected, "limit of 2 series" in result.message) == (2, True)
    decoding.series.limit = 100
    assert decoding.result(*metrics, gauge("c")).rejected == 2
    clock.seconds += 31
    assert decoding.result(*metrics).rejected == 0


def test_references_that_ended_are_learnt_again():
    decoding = Decoding()
    metrics = gauge("a"), histogram("h")
    before = decoding.floats(*metrics)
    decoding.series.forget()
    result = decoding.result(*metrics)
    assert result.decoded.epoch == 1
    assert floats(decoding.series, result.decoded) == before
