"""A sink over a real decoder and a log in memory, which may refuse; and an SDK that sends to it."""

from __future__ import annotations

from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.resources import Resource
from tests.ingest.otlp.known import MemorySeries, floats, histograms

from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.ingest.otlp.sink import OtlpWriter

DELTAS = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}
EXPONENTIAL = {Histogram: ExponentialBucketHistogramAggregation()}


class Receiver(OtlpWriter):
    """``samples`` and ``natives`` are all that was logged; with ``error`` set the log refuses, ``late`` only when it is awaited."""

    def __init__(self, **settings) -> None:
        self.series = MemorySeries()
        super().__init__(OtlpMetricsDecoder(self.series, OtlpSettings(**settings), DeltaState()), self.take)
        self.samples: dict[str, list[tuple[int, float]]] = {}
        self.natives: dict[str, list] = {}
        self.error: Exception | None = None
        self.late = False

    def take(self, decoded, *_):
        if self.error is not None and not self.late:
            raise self.error
        if self.error is None:
            for name, rows in floats(self.series, decoded).items():
                self.samples.setdefault(name, []).extend(rows)
            for name, rows in histograms(self.series, decoded).items():
                self.natives.setdefault(name, []).extend(rows)
        return self.answer()

    async def answer(self):
        if self.error is not None:
            raise self.error

    def values(self, name):
        return [value for _, value in self.samples[name]]


def measure(exporter):
    """Counts and times something and flushes it, three times."""
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
    provider = MeterProvider([reader], resource=Resource({"service.name": "shop", "service.instance.id": "1"}), shutdown_on_exit=False)
    try:
        meter = provider.get_meter("tests")
        counter, histogram = meter.create_counter("orders", unit="1"), meter.create_histogram("latency", unit="s")
        for k in range(3):
            counter.add(k + 1, {"kind": "book"})
            histogram.record(0.3 * (k + 1))
            assert provider.force_flush()
    finally:
        provider.shutdown()
