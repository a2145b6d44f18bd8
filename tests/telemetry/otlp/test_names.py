"""The expected names are what Prometheus' own translation gives for the same input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.telemetry.labels import is_legacy_label, is_legacy_metric
from fusewatch.telemetry.otlp.names import LabelNames, NamingError, Strategy, metric_name, unit_name

FULL, BARE = Strategy.UNDERSCORES_WITH_SUFFIXES, Strategy.UNDERSCORES_WITHOUT_SUFFIXES
UTF8, NONE = Strategy.UTF8_WITH_SUFFIXES, Strategy.NO_TRANSLATION

# name, unit, kind (c: counter, g: gauge, -: another), strategy, expected
NAMES = [
    ("http.server.duration", "s", "-", FULL, "http_server_duration_seconds"),
    ("requests", "", "c", FULL, "requests_total"),
    ("requests_total", "", "c", FULL, "requests_total"),
    ("total.requests", "", "c", FULL, "requests_total"),
    ("cpu_usage", "1", "g", FULL, "cpu_usage_ratio"),
    ("cpu_usage_ratio", "1", "g", FULL, "cpu_usage_ratio"),
    ("items", "1", "c", FULL, "items_total"),
    ("active", "1", "-", FULL, "active"),
    ("requests", "1/s", "g", FULL, "requests_per_second"),
    ("throughput", "By/s", "g", FULL, "throughput_bytes_per_second"),
    ("throughput", "By/min", "g", FULL, "throughput_bytes_per_min"),
    ("speed", "m/s", "g", FULL, "speed_meters_per_second"),
    ("jobs", "{job}", "g", FULL, "jobs"),
    ("memory", "By/{thing}", "g", FULL, "memory_bytes"),
    ("response_time_seconds", "s", "g", FULL, "response_time_seconds"),
    ("seconds.of.uptime", "s", "g", FULL, "seconds_of_uptime"),
    ("metric__with__many", "unit__with__many", "g", FULL, "metric_with_many_unit_with_many"),
    ("custom", "unit@with#special/chars", "g", FULL, "custom_unit_with_special_per_chars"),
    ("a:b", "", "g", FULL, "a:b"),
    ("2xx.responses", "", "c", FULL, "_2xx_responses_total"),
    ("métric", "%", "g", FULL, "m_tric_percent"),
    ("x", "/", "g", FULL, "x"),
    ("x", "By/", "g", FULL, "x_bytes"),
    ("x", "@", "g", FULL, "x"),
    ("x", "By/@", "g", FULL, "x_bytes"),
    ("x", " By / s ", "g", FULL, "x_bytes_per_second"),
    ("x", "KiBy", "g", FULL, "x_kibibytes"),
    ("system.cpu.time", "s", "c", FULL, "system_cpu_time_seconds_total"),
    ("simple_metric", "s", "c", BARE, "simple_metric"),
    ("metric@with#special$chars", "", "g", BARE, "metric_with_special_chars"),
    ("metric@@##$$name", "", "g", BARE, "metric_name"),
    ("metric__with__many", "", "g", BARE, "metric__with__many"),
    ("123metric", "", "g", BARE, "_123metric"),
    ("___", "", "g", BARE, "___"),
    ("métric", "s", "c", UTF8, "métric_seconds_total"),
    ("requests_total", "", "c", UTF8, "requests_total"),
    ("cpu_usage_ratio", "1", "g", UTF8, "cpu_usage_ratio"),
    ("cpu_seconds_total", "s", "c", UTF8, "cpu_seconds_total"),
    ("otelcol.process.cpu.seconds", "s", "c", UTF8, "otelcol.process.cpu.seconds_total"),
    ("requêsts", "1/s", "c", UTF8, "requêsts_per_second_total"),
    ("@#$%", "", "c", UTF8, "@#$%_total"),
    ("total", "", "c", UTF8, "total_total"),
    ("http.server.duration", "s", "c", NONE, "http.server.duration"),
]


@pytest.mark.parametrize(("name", "unit", "kind", "strategy", "expected"), NAMES)
def test_a_metric_gets_the_name_that_prometheus_gives_it(name, unit, kind, strategy, expected) -> None:
    assert metric_name(name, unit, strategy, is_counter=kind == "c", is_gauge=kind == "g") == expected


@pytest.mark.parametrize(
    ("name", "strategy", "words"),
    [
        ("", FULL, 'normalization for metric "" resulted in empty name'),
        ("@#$%", FULL, 'normalization for metric "@#$%" resulted in empty name'),
        ("@_#_$_%", BARE, 'normalization for metric "@_#_$_%" resulted in invalid name "_____"'),
        ("", NONE, "a metric has no name"),
    ],
)
def test_a_name_of_which_nothing_is_left_is_refused(name, strategy, words) -> None:
    with pytest.raises(NamingError) as error:
        metric_name(name, "", strategy)
    assert str(error.value) == words


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("s", "seconds"), ("By/s", "bytes_per_second"), ("1", ""), ("{x}", ""), ("1/s", "per_second"), ("a__b/c", "a_b_per_c"), ("_", "")],
)
def test_units_are_spelled_out(unit, expected) -> None:
    assert unit_name(unit) == expected


# attribute, plain, with multiple underscores kept, with "key" before an underscore, with both
LABELS = [
    ("label:with:colons", "label_with_colons", "label_with_colons", "label_with_colons", "label_with_colons"),
    ("label.with.dots", "label_with_dots", "label_with_dots", "label_with_dots", "label_with_dots"),
    ("with_foreign_字符", "with_foreign_", "with_foreign___", "with_foreign_", "with_foreign___"),
    (".foo", "_foo", "_foo", "key_foo", "key_foo"),
    ("123label", "key_123label", "key_123label", "key_123label", "key_123label"),
    ("_one", "_one", "_one", "key_one", "key_one"),
    ("__two", "_two", "__two", "key_two", "__two"),
    ("a__b", "a_b", "a__b", "a_b", "a__b"),
    ("__reserved__label__name__", "__reserved_label_name__", "__reserved__label__name__", "__reserved_label_name__", None),
    ("trailing___", "trailing_", "trailing___", "trailing_", "trailing___"),
]


@pytest.mark.parametrize(("name", "plain", "kept", "prefixed", "both"), LABELS)
def test_an_attribute_gets_the_label_name_that_prometheus_gives_it(name, plain, kept, prefixed, both) -> None:
    assert LabelNames(prefixes_underscore=False, keeps_underscores=False).translate(name) == plain
    assert LabelNames(prefixes_underscore=False).translate(name) == kept
    assert LabelNames(keeps_underscores=False).translate(name) == prefixed
    assert both is None or LabelNames().translate(name) == both
    assert LabelNames(escapes=False).translate(name) == name


@pytest.mark.parametrize("name", ["", "__", "ようこそ", "...."])
def test_a_label_name_of_which_nothing_is_left_is_refused(name) -> None:
    with pytest.raises(NamingError):
        LabelNames().translate(name)
    if not name.strip("_"):
        with pytest.raises(NamingError):
            LabelNames(escapes=False).translate(name)


@given(st.text(), st.text(), st.booleans(), st.booleans(), st.sampled_from(Strategy))
def test_any_text_becomes_a_name_or_is_refused(name, unit, is_counter, is_gauge, strategy) -> None:
    try:
        built = metric_name(name, unit, strategy, is_counter=is_counter, is_gauge=is_gauge)
    except NamingError:
        return
    assert is_legacy_metric(built) or not strategy.escapes
    assert metric_name(built, "", strategy) == built or strategy.escapes


@given(st.text(), st.booleans(), st.booleans())
def test_any_text_becomes_a_legacy_label_or_is_refused(name, prefixes, keeps) -> None:
    try:
        built = LabelNames(prefixes_underscore=prefixes, keeps_underscores=keeps).translate(name)
    except NamingError:
        return
    assert is_legacy_label(built)
