"""Against a slow translation that follows the specification point by point."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from tests.ingest.otlp.known import floats
from tests.ingest.otlp.requests import CUMULATIVE, NOW, counter, gauge, histogram, request, summary
from tests.ingest.otlp.test_decoder import Decoding

from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.otlp.values import plain_float

MILLI = 1_000_000


def reference(message):
    """(labels, ms, value) of each sample of a request with legacy names and text attributes."""
    for resource in message.resource_metrics:
        found = {one.key: one.value.string_value for one in resource.resource.attributes}
        target = {"job": found.get("service.name", ""), "instance": found.get("service.instance.id", "")}
        for metric in resource.scope_metrics[0].metrics:
            kind = metric.WhichOneof("data")
            for point in getattr(metric, kind).data_points:
                own = {one.key: one.value.string_value for one in point.attributes} | {
                    name: value for name, value in target.items() if value
                }
                time = point.time_unix_nano // MILLI
                for suffix, extra, value in expanded(metric, kind, point):
                    yield str(Labels({**own, **extra, "__name__": metric.name + suffix})), time, value


def expanded(metric, kind, point):
    if kind in {"gauge", "sum"}:
        value = point.as_double if point.HasField("as_double") else float(point.as_int)
        yield "_total" if kind == "sum" and metric.sum.is_monotonic else "", {}, value
        return
    if kind == "summary" or point.HasField("sum"):
        yield "_sum", {}, point.sum
    yield "_count", {}, float(point.count)
    if kind == "summary":
        for one in point.quantile_values:
            yield "", {"quantile": plain_float(one.quantile)}, one.value
        return
    total = 0
    for bound, count in zip(point.explicit_bounds, point.bucket_counts, strict=False):
        total += count
        yield "_bucket", {"le": plain_float(bound)}, float(total)
    yield "_bucket", {"le": "+Inf"}, float(point.count)


numbers = st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, math.inf])
texts = st.text("abcXYZ-é", max_size=40)
points = st.fixed_dictionaries(
    {
        "time_unix_nano": st.integers(1, 1 << 62) | st.integers(NOW, NOW + 10**12),
        "attributes": st.dictionaries(st.sampled_from(["a", "b", "zone", "path"]), texts, max_size=3),
    }
)


@st.composite
def number_points(draw):
    value = draw(st.fixed_dictionaries({"as_double": numbers}) | st.fixed_dictionaries({"as_int": st.integers(-(1 << 63), (1 << 63) - 1)}))
    return draw(points) | value


@st.composite
def histogram_points(draw):
    bounds = sorted(draw(st.sets(st.floats(allow_nan=False, allow_infinity=False), max_size=6)))
    counts = draw(st.lists(st.integers(0, 1 << 50), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    total = draw(st.fixed_dictionaries({}) | st.fixed_dictionaries({"sum": numbers}))
    return draw(points) | {"explicit_bounds": bounds, "bucket_counts": counts, "count": sum(counts)} | total


@st.composite
def summary_points(draw):
    quantiles = draw(st.dictionaries(st.sampled_from([0.0, 0.5, 0.99, 1.0]), numbers, max_size=4))
    values = [{"quantile": quantile, "value": value} for quantile, value in quantiles.items()]
    return draw(points) | {"quantile_values": values, "count": draw(st.integers(0, 1 << 60)), "sum": draw(numbers)}


def some(kind, make, given):
    return st.lists(given, min_size=1, max_size=4).map(lambda points: make(kind, *points, unit=""))


metrics = (
    some("g", gauge, number_points())
    | some("c", lambda *given, **how: counter(*given, **how, temporality=CUMULATIVE), number_points())
    | some("u", lambda *given, **how: counter(*given, **how, monotonic=False), number_points())
    | some("h", histogram, histogram_points())
    | some("s", summary, summary_points())
)
resources = st.sampled_from([{}, {"service.name": "shop"}, {"service.name": "shop", "service.instance.id": "7"}])
requests = st.lists(st.tuples(resources, st.lists(metrics, max_size=4)), max_size=3)


@given(st.lists(requests, max_size=3))
def test_every_sample_is_that_of_the_reference_in_value_and_order(several):
    decoding = Decoding(target_info=False)
    for parts in [*several, *several]:
        message = request()
        del message.resource_metrics[:]
        for resource, found in parts:
            message.MergeFrom(request(*found, resource=resource))
        expected: dict[str, list[tuple[int, float]]] = {}
        for labels, time, value in reference(message):
            expected.setdefault(labels, []).append((time, value))
        result = decoding.decoder.decode(message.SerializeToString())
        assert result.message == ""
        assert repr(floats(decoding.series, result.decoded)) == repr(expected)
