from __future__ import annotations

import asyncio
import itertools
import math
import shutil

import pytest
from tests.collect.exporter import Exporter, job, running, scraping
from tests.collect.memory import MemorySink
from tests.prometheus import prometheus
from tests.telemetry.exposition.protobuf_page import COUNTER, HISTOGRAM, bucket, classic, counter, exemplar, family, metric, native, page

from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.labels import Labels

PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
VALUE = Histogram(schema=2, count=3, sum=4.5, zero_threshold=0.001, positive_spans=(Span(1, 2),), positive_buckets=(1, 2))
NATIVE = family("size", HISTOGRAM, metric({"a": "b"}, native(VALUE)), about="How large")
COUNTED = family("seen_total", COUNTER, metric({}, counter(3.0, exemplar([("trace_id", "x")], 1.0))))


def scenario(work, body, **settings):
    async def run():
        exporter, sink = Exporter(body, PROTOBUF), MemorySink()
        settings.setdefault("scrape_native_histograms", True)
        async with running(exporter), scraping(sink, job(exporter.address, **settings)) as manager:
            await work(exporter, sink, manager)

    asyncio.run(run())


def native_rows(sink, batch):
    """The batch's native histograms by metric."""
    rows = batch.histograms
    bodies = [rows.bodies[start:end].tobytes() for start, end in itertools.pairwise(rows.offsets.tolist())]
    return {sink.names[series].metric: Histogram.decode(body) for series, body in zip(rows.ids.tolist(), bodies, strict=True)}


def test_native_histograms_and_exemplars_come_with_the_batch_of_the_scrape():
    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches and len(sink.batches[-1].histograms))
        (batch,) = (batch for batch in sink.batches if len(batch.exemplars))
        (time,) = set(batch.timestamps.tolist())
        assert native_rows(sink, batch) == {"size": VALUE}
        assert batch.histograms.timestamps.tolist() == batch.exemplars.timestamps.tolist() == [time]
        assert Labels.from_canonical(batch.exemplars.labels.tobytes()) == Labels({"trace_id": "x"})
        assert sink.metrics(batch) | {"seen_total": 3.0, "up": 1.0, "scrape_samples_scraped": 2.0} == sink.metrics(batch)
        assert (sink.metadata["test", "size"].type, sink.metadata["test", "size"].help) == ("histogram", "How large")
        assert exporter.requests[0].headers["Accept"].startswith("application/vnd.google.protobuf")
        await sink.until(lambda: manager.statistics().samples >= 14)
        (state,) = manager.targets().active
        assert (state.samples, state.series, state.health) == (2, 2, "up")

    scenario(work, page(NATIVE, COUNTED))


def test_a_native_histogram_that_is_gone_is_marked_once_like_any_series():
    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches and len(sink.batches[-1].histograms))
        exporter.body = page(COUNTED)
        await sink.until(lambda: sink.metrics(sink.batches[-1]).get("size") == "stale")
        seen = len(sink.batches)
        await sink.until(lambda: len(sink.batches) > seen)
        assert "size" not in sink.metrics(sink.batches[-1])
        exporter.body = page(NATIVE)
        await sink.until(lambda: len(sink.batches[-1].histograms))
        exporter.body = b"no protobuf"
        await sink.until(lambda: sink.metrics(sink.batches[-1]).get("size") == "stale")
        assert "length-delimited" in manager.targets().active[0].last_error

    scenario(work, page(NATIVE, COUNTED))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"native_histogram_bucket_limit": 1}, "histogram bucket limit exceeded"),
        ({"sample_limit": 1}, "sample limit exceeded (limit: 1, samples: 2)"),
        ({"label_limit": 3}, "label_limit exceeded"),
    ],
)
def test_limits_hold_for_native_histograms_too(settings, reason):
    both = native(Histogram(schema=-4, count=2, sum=1.0, positive_spans=(Span(0, 1), Span(8, 1)), positive_buckets=(1, 1)))
    body = page(family("h", HISTOGRAM, metric({"x": "y"}, both), metric({"x": "z"}, native(VALUE))))

    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches and sink.metrics(sink.batches[-1])["up"] == 0.0)
        assert reason in manager.targets().active[0].last_error

    scenario(work, body, **settings)


def test_relabelling_and_classic_histograms_are_as_with_text():
    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches and "req_count" in sink.metrics(sink.batches[-1]))
        rows = sink.rows(sink.batches[-1])
        assert rows[f'req_bucket{{env="prod", instance="{exporter.address}", job="test", le="+Inf"}}'] == 3.0
        assert not any("req_sum" in series for series in rows)

    drop = [{"source_labels": ["__name__"], "regex": "req_sum", "action": "drop"}, {"target_label": "env", "replacement": "prod"}]
    body = page(family("req", HISTOGRAM, metric({}, classic(3, 4.0, bucket(1.0, 2), bucket(math.inf, 3)))))
    scenario(work, body, scrape_native_histograms=False, scrape_protocols=["PrometheusProto"], metric_relabel_configs=drop)


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Prometheus")
def test_prometheus_own_page_says_the_same_in_protobuf_as_in_text(tmp_path):
    async def run():
        async with prometheus(tmp_path, "scrape_configs: []\n") as address:
            pages = {"PrometheusProto": {}, "OpenMetricsText1.0.0": {}}
            for protocol in pages:
                sink = MemorySink()
                async with scraping(sink, job(address, scrape_protocols=[protocol])) as manager:
                    await sink.until(lambda sink=sink: sink.batches and "go_goroutines" in sink.metrics(sink.batches[-1]))
                    pages[protocol] = {plain_bounds(sink.names[series]) for series in sink.batches[-1].ids.tolist()}
                    assert sink.metadata["test", "go_goroutines"].type == "gauge"
                    assert manager.targets().active[0].last_error == ""
            protobuf, text = pages.values()
            assert len(protobuf) > 200
            # What it counts of its own answers grows from one page to the next.
            assert {series for series in protobuf ^ text if "http" not in series.metric} == set()

    asyncio.run(run())


def plain_bounds(labels):
    """Old text has bounds such as "4" where protobuf, like OpenMetrics, means "4.0"."""
    return labels.replace({name: str(float(labels[name])) for name in ("le", "quantile") if name in labels})
