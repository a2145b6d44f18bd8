"""OTLP metrics: data points a second from bytes to columns, all series known, beside the protobuf library with a loop in Python."""

from __future__ import annotations

import time
from statistics import median

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from tests.ingest.otlp.known import MemorySeries

from benchmarks.otlp.bodies import DELTA, METRICS, POINTS, RESOURCES, build
from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState

ROUNDS = 20
MIXES = {
    "gauges and counters": ("gauge", "counter"),
    "a quarter histograms": ("gauge", "counter", "counter", "histogram"),
    "histograms": ("histogram",),
}


def naive(body: bytes, known: dict[tuple[object, ...], int]) -> int:
    """What a receiver does at least: parse, find each series by its labels, list the samples."""
    rows: list[tuple[int, int, float]] = []
    for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        target = tuple((one.key, one.value.string_value) for one in resource.resource.attributes)
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in getattr(metric, str(metric.WhichOneof("data"))).data_points:
                    labels = (metric.name, target, *((one.key, one.value.string_value) for one in point.attributes))
                    millis = point.time_unix_nano // 1_000_000
                    if metric.HasField("histogram"):
                        total = 0
                        for bound, count in zip(point.explicit_bounds, point.bucket_counts, strict=False):
                            total += count
                            rows.append((known.setdefault((*labels, bound), len(known)), millis, float(total)))
                        rows += [(known.setdefault((*labels, part), len(known)), millis, point.sum) for part in ("sum", "count", "inf")]
                    else:
                        value = point.as_double if point.HasField("as_double") else float(point.as_int)
                        rows.append((known.setdefault(labels, len(known)), millis, value))
    return len(rows)


def rate(bodies: list[bytes], decode) -> float:  # noqa: ANN001 - any of the two
    """Points a second, the median of the bodies."""
    seconds = []
    for body in bodies:
        start = time.perf_counter()
        decode(body)
        seconds.append(time.perf_counter() - start)
    return RESOURCES * METRICS * POINTS / median(seconds)


def main() -> None:
    for name, kinds in MIXES.items():
        for temporality in (2, DELTA):
            bodies = [build(tick, kinds, temporality) for tick in range(ROUNDS)]
            decoder = OtlpMetricsDecoder(MemorySeries(), OtlpSettings(), DeltaState())
            start = time.perf_counter()
            rows = len(decoder.decode(bodies[0]).decoded.refs)
            first = RESOURCES * METRICS * POINTS / (time.perf_counter() - start)
            decoder.decode(bodies[1])
            ours = rate(bodies[2:], decoder.decode)
            known: dict[tuple[object, ...], int] = {}
            theirs = rate(bodies[:5], lambda body, known=known: naive(body, known))
            kind = "deltas" if temporality == DELTA else "cumulative"
            print(
                f"{name}, {kind}: {ours / 1e6:.2f} M points/s ({rows / (RESOURCES * METRICS * POINTS) * ours / 1e6:.1f} M samples/s), "
                f"{ours / theirs:.0f} times the library and a loop ({theirs / 1e3:.0f} k/s); all new {first / 1e3:.0f} k/s"
            )


if __name__ == "__main__":
    main()
