"""The messages of OTLP metrics as data, for what the walk does not read: JSON, and protobuf in an unusual form.

Both become the plain protobuf that every sender writes, so there is one way of decoding behind them. From
https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto, JSON by
https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

Kind = Literal["string", "bytes", "hex", "double", "fixed64", "sfixed64", "int", "sint", "uint", "bool", "enum", "message"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: its number, its name in JSON, what it holds."""

    number: int
    name: str
    kind: Kind
    message: str = ""
    repeated: bool = False
    #: In a oneof, or ``optional``: written also where it is zero.
    explicit: bool = False


def _message(*lines: str) -> tuple[Field, ...]:
    """Fields from ``number name kind [repeated|explicit]``; a kind with a capital is the name of a message."""
    found = []
    for line in lines:
        number, name, kind, *rest = line.split()
        of = "" if kind[0].islower() else kind
        plain = cast("Kind", "message" if of else kind)
        found.append(Field(int(number), name, plain, of, repeated="repeated" in rest, explicit="explicit" in rest))
    return tuple(sorted(found, key=lambda one: one.number))


MESSAGES: Final = {
    "Request": _message("1 resourceMetrics ResourceMetrics repeated"),
    "ResourceMetrics": _message("1 resource Resource", "2 scopeMetrics ScopeMetrics repeated", "3 schemaUrl string"),
    "Resource": _message("1 attributes KeyValue repeated"),
    "ScopeMetrics": _message("1 scope Scope", "2 metrics Metric repeated", "3 schemaUrl string"),
    "Scope": _message("1 name string", "2 version string", "3 attributes KeyValue repeated"),
    "Metric": _message(
        "1 name string",
        "2 description string",
        "3 unit string",
        "5 gauge Gauge explicit",
        "7 sum Sum explicit",
        "9 histogram Histogram explicit",
        "10 exponentialHistogram ExponentialHistogram explicit",
        "11 summary Summary explicit",
    ),
    "Gauge": _message("1 dataPoints NumberPoint repeated"),
    "Sum": _message("1 dataPoints NumberPoint repeated", "2 aggregationTemporality enum", "3 isMonotonic bool"),
    "Histogram": _message("1 dataPoints HistogramPoint repeated", "2 aggregationTemporality enum"),
    "ExponentialHistogram": _message("1 dataPoints ExponentialPoint repeated", "2 aggregationTemporality enum"),
    "Summary": _message("1 dataPoints SummaryPoint repeated"),
    "NumberPoint": _message(
        "7 attributes KeyValue repeated",
        "2 startTimeUnixNano fixed64",
        "3 timeUnixNano fixed64",
        "4 asDouble double explicit",
        "6 asInt sfixed64 explicit",
        "5 exemplars Exemplar repeated",
        "8 flags uint",
    ),
    "HistogramPoint": _message(
        "9 attributes KeyValue repeated",
        "2 startTimeUnixNano fixed64",
        "3 timeUnixNano fixed64",
        "4 count fixed64",
        "5 sum double explicit",
        "6 bucketCounts fixed64 repeated",
        "7 explicitBounds double repeated",
        "8 exemplars Exemplar repeated",
        "10 flags uint",
    ),
    "ExponentialPoint": _message(
        "1 attributes KeyValue repeated",
        "2 startTimeUnixNano fixed64",
        "3 timeUnixNano fixed64",
        "4 count fixed64",
        "5 sum double explicit",
        "6 scale sint",
        "7 zeroCount fixed64",
        "8 positive Buckets",
        "9 negative Buckets",
        "10 flags uint",
        "11 exemplars Exemplar repeated",
        "14 zeroThreshold double",
    ),
    "Buckets": _message("1 offset sint", "2 bucketCounts uint repeated"),
    "SummaryPoint": _message(
        "7 attributes KeyValue repeated",
        "2 startTimeUnixNano fixed64",
        "3 timeUnixNano fixed64",
        "4 count fixed64",
        "5 sum double",
        "6 quantileValues Quantile repeated",
        "8 flags uint",
    ),
    "Quantile": _message("1 quantile double", "2 value double"),
    "Exemplar": _message(
        "7 filteredAttributes KeyValue repeated",
        "2 timeUnixNano fixed64",
        "3 asDouble double explicit",
        "6 asInt sfixed64 explicit",
        "4 spanId hex",
        "5 traceId hex",
    ),
    "KeyValue": _message("1 key string", "2 value AnyValue"),
    "AnyValue": _message(
        "1 stringValue string explicit",
        "2 boolValue bool explicit",
        "3 intValue int explicit",
        "4 doubleValue double explicit",
        "5 arrayValue ArrayValue explicit",
        "6 kvlistValue KeyValueList explicit",
        "7 bytesValue bytes explicit",
    ),
    "ArrayValue": _message("1 values AnyValue repeated"),
    "KeyValueList": _message("1 values KeyValue repeated"),
}
