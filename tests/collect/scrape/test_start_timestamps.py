from __future__ import annotations

import asyncio

import pytest
from tests.collect.exporter import Exporter, job, running, scraping
from tests.collect.memory import MemorySink
from tests.promql.memory import MemoryReader

from fusewatch.collect.config import GlobalConfig, ScrapeConfig, resolve_scrape_configs
from fusewatch.promql.engine import Engine
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.histograms import Histogram, ResetHint
from fusewatch.telemetry.labels import Labels

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
HOUR = 3_600_000


def scenario(work, body, *, zero_samples=True, **settings):
    async def run():
        exporter, sink = Exporter(body, OPENMETRICS), MemorySink()
        async with running(exporter), scraping(sink, job(exporter.address, **settings), zero_samples=zero_samples):
            await work(exporter, sink)

    asyncio.run(run())


def counted(value, began):
    return f"# TYPE asked counter\nasked_total {value}\nasked_created {began / 1000}\n# EOF\n"


def samples(sink, metric):
    """Time and value of all samples of the metric so far."""
    rows = [row for batch in sink.batches for row in zip(batch.ids.tolist(), batch.timestamps.tolist(), batch.values.tolist(), strict=True)]
    return [(at, value) for series, at, value in rows if sink.names[series].metric == metric]


def test_a_zero_is_stored_where_a_counter_began_and_where_it_began_again():
    began = SystemClock().now_ms() - 60_000

    async def work(exporter, sink):
        await sink.until(lambda: len(samples(sink, "asked_total")) >= 3)
        first, *others = samples(sink, "asked_total")
        assert first == (began, 0.0)
        assert {value for _, value in others} == {7.0}
        again = others[-1][0] + 1
        exporter.body = counted(1, again)
        await sink.until(lambda: samples(sink, "asked_total")[-1][1] == 1.0)
        assert (again, 0.0) in samples(sink, "asked_total")
        assert samples(sink, "asked_created") == []

    scenario(work, counted(7, began))


def test_the_first_increase_of_a_scraped_counter_counts():
    began = SystemClock().now_ms() - 60_000

    async def work(exporter, sink):
        await sink.until(lambda: len(samples(sink, "asked_total")) >= 3)
        reader = MemoryReader()
        reader.add(Labels({"__name__": "asked_total"}), samples(sink, "asked_total"))
        last = samples(sink, "asked_total")[-1][0]
        (value,) = Engine(reader).instant("increase(asked_total[5m])", last).values.ravel().tolist()
        assert value == pytest.approx(7.0, rel=0.01)

    scenario(work, counted(7, began))


def test_a_counter_that_is_old_gets_no_zero():
    async def work(exporter, sink):
        await sink.until(lambda: len(samples(sink, "asked_total")) >= 2)
        assert {value for _, value in samples(sink, "asked_total")} == {7.0}

    scenario(work, counted(7, SystemClock().now_ms() - 2 * HOUR))


def test_where_zeros_are_not_asked_for_the_created_line_is_a_series():
    began = SystemClock().now_ms() - 60_000

    async def work(exporter, sink):
        await sink.until(lambda: len(samples(sink, "asked_total")) >= 2)
        assert {value for _, value in samples(sink, "asked_total")} == {7.0}
        assert {value for _, value in samples(sink, "asked_created")} == {began / 1000}

    scenario(work, counted(7, began), zero_samples=False)


def test_a_converted_histogram_begins_with_an_empty_one():
    began = SystemClock().now_ms() - 60_000
    body = f'# TYPE h histogram\nh_bucket{{le="1"}} 1\nh_bucket{{le="+Inf"}} 2\nh_sum 3\nh_count 2\nh_created {began / 1000}\n# EOF\n'

    async def work(exporter, sink):
        await sink.until(lambda: sink.batches and len(sink.batches[0].histograms))
        rows = sink.batches[0].histograms
        zero, value = (Histogram.decode(rows.bodies[rows.offsets[k] : rows.offsets[k + 1]].tobytes()) for k in range(2))
        assert rows.timestamps.tolist() == [began, sink.batches[0].timestamps[0]]
        assert rows.ids[0] == rows.ids[1]
        assert (zero.count, zero.custom_values, zero.reset_hint, value.count) == (0, (1.0,), ResetHint.YES, 2)

    scenario(work, body, convert_classic_histograms_to_nhcb=True)


def test_targets_are_asked_for_protobuf_first_where_starts_are_wanted():
    (config,) = resolve_scrape_configs(GlobalConfig(), [ScrapeConfig(job_name="a")], starts=True)
    assert config.scrape_protocols[0] == "PrometheusProto"
    own = ScrapeConfig.model_validate({"job_name": "a", "scrape_protocols": ["PrometheusText0.0.4"]})
    (config,) = resolve_scrape_configs(GlobalConfig(), [own], starts=True)
    assert config.scrape_protocols == ("PrometheusText0.0.4",)
