"""The label sets of OTLP data points, as Prometheus makes them of resource, scope, metric and attributes.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#otlp-metric-points-to-prometheus
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.otlp.names import LabelNames, metric_name, unit_name
from fusewatch.telemetry.otlp.points import EXPONENTIAL, GAUGE, HISTOGRAM, SUM, SUMMARY
from fusewatch.telemetry.otlp.values import attributes, plain_float, text_field
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.protobuf import fields

TARGET_INFO: Final = "target_info"
_NAMESPACE, _NAME, _INSTANCE = "service.namespace", "service.name", "service.instance.id"
_IDENTIFYING: Final = (_NAMESPACE, _NAME, _INSTANCE)
_ATTRIBUTES_OF: Final = {GAUGE: 7, SUM: 7, HISTOGRAM: 9, EXPONENTIAL: 1, SUMMARY: 7}
#: Buckets or quantiles of a point, each of which is a series.
_MOST_PARTS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Metric:
    """What a Metric says beside its points."""

    name: str
    family: str
    metadata: MetricMetadata


class Labelling:
    """Makes label sets of the parts of a request; what is asked for the same bytes again is looked up. For one request each.

    Every method raises ProtobufError for bytes that are malformed, and NamingError (a ValueError) for names that can't be translated.
    """

    def __init__(self, data: bytes, settings: OtlpSettings) -> None:
        self._data = data
        self._settings = settings
        strategy = settings.translation_strategy
        self._escapes = strategy.escapes
        self._names = LabelNames(
            escapes=strategy.escapes,
            prefixes_underscore=settings.label_name_underscore_sanitization,
            keeps_underscores=settings.label_name_preserve_multiple_underscores,
        )
        self._translated: dict[str, str] = {}
        self._resources: dict[tuple[int, int], tuple[dict[str, str], dict[str, str]]] = {}
        self._scopes: dict[tuple[int, int], dict[str, str]] = {}
        self._metrics: dict[tuple[int, int], Metric] = {}

    def metric(self, bounds: tuple[int, int], kind: int, *, job: str = "") -> Metric:
        """The Metric at ``bounds``."""
        found = self._metrics.get(bounds)
        if found is None:
            found = self._metrics[bounds] = self._metric(bounds, kind, job)
        return found

    def job(self, resource: tuple[int, int]) -> str:
        """What becomes the label ``job`` of the Resource at these bounds."""
        return self._resource(resource)[1].get("job", "")

    def series(self, resource: tuple[int, int], scope: tuple[int, int], metric: Metric, kind: int, point: tuple[int, int]) -> list[Labels]:
        """The label sets of a point's series, in the order in which a walk writes their rows.

        Raises:
            SamplesRejectedError: more attributes or longer labels than the settings allow, or bounds that do not ascend.
        """
        base = self._attributes(self._pairs(_ATTRIBUTES_OF[kind], point))
        promoted, target = self._resource(resource)
        for name, value in promoted.items():
            if not base.get(name):
                base[name] = value
        base |= target
        if self._settings.promote_scope_metadata:
            base |= self._scope(scope)
        self._check_size(base, metric)
        if kind == HISTOGRAM:
            return self._histogram(base, metric, point)
        if kind == SUMMARY:
            quantiles = [plain_float(quantile) for quantile in _quantiles(self._data, point)]
            _check_number(len(quantiles), metric)
            own = [{METRIC_NAME: metric.family, "quantile": quantile} for quantile in quantiles]
            own = [{METRIC_NAME: metric.family + "_sum"}, {METRIC_NAME: metric.family + "_count"}, *own]
            return [Labels(base | extra) for extra in own]
        return [Labels(base | {METRIC_NAME: metric.family})]

    def target_info(self, resource: tuple[int, int]) -> Labels | None:
        """The labels of a resource's target_info; None for one that says nothing beyond job and instance, or has neither."""
        found = dict(self._pairs(1, resource))
        if not found.keys() - set(_IDENTIFYING):
            return None
        if not self._settings.keep_identifying_resource_attributes:
            found = {name: value for name, value in found.items() if name not in _IDENTIFYING}
        labels = Labels(self._attributes(list(found.items())) | self._resource(resource)[1] | {METRIC_NAME: TARGET_INFO})
        return labels if "job" in labels or "instance" in labels else None

    def _metric(self, bounds: tuple[int, int], kind: int, job: str) -> Metric:
        name, help_text, unit = (text_field(self._data, number, *bounds) for number in (1, 2, 3))
        monotonic = kind == SUM and _is_monotonic(self._data, bounds)
        family = metric_name(name, unit, self._settings.translation_strategy, is_counter=monotonic, is_gauge=kind == GAUGE)
        kinds = {GAUGE: "gauge", SUM: "counter" if monotonic else "gauge", SUMMARY: "summary"}
        return Metric(name, family, MetricMetadata(family, kinds.get(kind, "histogram"), help_text, unit_name(unit), job))

    def _histogram(self, base: Mapping[str, str], metric: Metric, point: tuple[int, int]) -> list[Labels]:
        bounds, has_sum = _bounds(self._data, point)
        if not all(low < high for low, high in pairwise((-math.inf, *bounds, math.inf))):
            raise SamplesRejectedError(f"the bounds of histogram {metric.name!r} must be finite and ascend", 1)
        if self._settings.convert_histograms_to_nhcb:
            return [Labels({**base, METRIC_NAME: metric.family})]
        _check_number(len(bounds), metric)
        own = [{METRIC_NAME: metric.family + "_sum"}] * has_sum + [{METRIC_NAME: metric.family + "_count"}]
        own += [{METRIC_NAME: metric.family + "_bucket", "le": le} for le in [*(plain_float(bound) for bound in bounds), "+Inf"]]
        return [Labels({**base, **extra}) for extra in own]

    def _resource(self, bounds: tuple[int, int]) -> tuple[dict[str, str], dict[str, str]]:
        """Promoted attributes, and job and instance."""
        found = self._resources.get(bounds)
        if found is None:
            own = dict(self._pairs(1, bounds))
            target = {}
            if _NAME in own:
                target["job"] = f"{own[_NAMESPACE]}/{own[_NAME]}" if _NAMESPACE in own else own[_NAME]
            if _INSTANCE in own:
                target["instance"] = own[_INSTANCE]
            target = {name: value for name, value in target.items() if value}
            found = self._resources[bounds] = {self._label(name): value for name, value in self._promoted(own)}, target
        return found

    def _promoted(self, own: Mapping[str, str]) -> Iterable[tuple[str, str]]:
        if self._settings.promote_all_resource_attributes:
            return [pair for pair in own.items() if pair[0] not in self._settings.ignore_resource_attributes]
        return [pair for pair in own.items() if pair[0] in self._settings.promote_resource_attributes]

    def _scope(self, bounds: tuple[int, int]) -> dict[str, str]:
        """The labels of a scope; none for one without a name."""
        found = self._scopes.get(bounds)
        if found is None:
            scope, url = (0, 0), text_field(self._data, 3, *bounds)
            for number, _, start, end in fields(self._data, *bounds):
                scope = (start, end) if number == 1 else scope
            name, version = (text_field(self._data, number, *scope) for number in (1, 2))
            own = {self._label("otel_scope_" + key): value for key, value in self._pairs(3, scope)}
            own |= {"otel_scope_name": name, "otel_scope_version": version, "otel_scope_schema_url": url}
            found = self._scopes[bounds] = own if name else {}
        return found

    def _attributes(self, pairs: list[tuple[str, str]]) -> dict[str, str]:
        """Labels by their translated names; of attributes that get the same one, values are joined."""
        found: dict[str, str] = {}
        for name, value in sorted(pairs, key=lambda pair: pair[0]):
            if name == METRIC_NAME:
                continue
            label = self._label(name) if self._escapes or not name else name
            found[label] = f"{found[label]};{value}" if self._escapes and found.get(label) else value
        return found

    def _pairs(self, number: int, bounds: tuple[int, int]) -> list[tuple[str, str]]:
        """The attributes in these fields of a message."""
        limit = self._settings.attribute_limit
        pairs = list(islice(attributes(self._data, number, *bounds), limit + 1))
        if len(pairs) > limit:
            raise SamplesRejectedError(f"more than {limit} attributes of a point, resource or scope (otlp.attribute_limit)", 1)
        return pairs

    def _label(self, name: str) -> str:
        found = self._translated.get(name)
        if found is None:
            found = self._translated[name] = self._names.translate(name)
        return found

    def _check_size(self, labels: Mapping[str, str], metric: Metric) -> None:
        size = sum(len(name) + len(value) for name, value in labels.items())
        if size > self._settings.label_size_limit:
            limit = self._settings.label_size_limit
            raise SamplesRejectedError(
                f"the labels of a point of {metric.name!r} take {size} bytes, the limit is {limit} (otlp.label_size_limit)", 1
            )


def _check_number(parts: int, metric: Metric) -> None:
    if parts > _MOST_PARTS:
        raise SamplesRejectedError(f"a point of {metric.name!r} has {parts} buckets or quantiles, at most {_MOST_PARTS} become series", 1)


def _is_monotonic(data: bytes, bounds: tuple[int, int]) -> bool:
    found = 0
    for number, _, start, end in fields(data, *bounds):
        if number == SUM:
            for part, plain, _, _ in fields(data, start, end):
                found = plain if part == 3 else found
    return bool(found)


def _bounds(data: bytes, point: tuple[int, int]) -> tuple[tuple[float, ...], bool]:
    """The bounds of a HistogramDataPoint, and whether it has a sum."""
    bounds: tuple[float, ...] = ()
    has_sum = False
    for number, _, start, end in fields(data, *point):
        if number == 7:
            bounds = struct.unpack(f"<{(end - start) // 8}d", data[start:end])
        has_sum = has_sum or (number == 5 and end - start == 8)
    return bounds, has_sum


def _quantiles(data: bytes, point: tuple[int, int]) -> list[float]:
    found = []
    for number, _, start, end in fields(data, *point):
        if number == 6:
            own = [struct.unpack_from("<d", data, at)[0] for part, _, at, stop in fields(data, start, end) if part == 1 and stop - at == 8]
            found.append(own[-1] if own else 0.0)
    return found
