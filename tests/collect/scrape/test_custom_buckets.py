from __future__ import annotations

import asyncio

import pytest
from tests.collect.exporter import Exporter, job, running, scraping
from tests.collect.memory import MemorySink

from fusewatch.collect.config import GlobalConfig, ScrapeConfig, resolve_scrape_configs
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, Span

CLASSIC = '# TYPE size histogram\nsize_bucket{le="1"} 2\nsize_bucket{le="+Inf"} 3\nsize_sum 4\nsize_count 3\nother 1\n'
VALUE = Histogram(schema=CUSTOM_SCHEMA, count=3, sum=4.0, positive_spans=(Span(0, 2),), positive_buckets=(2, 1), custom_values=(1.0,))


def scenario(work, **settings):
    async def run():
        exporter, sink = Exporter(CLASSIC), MemorySink()
        settings.setdefault("convert_classic_histograms_to_nhcb", True)
        async with running(exporter), scraping(sink, job(exporter.address, **settings)) as manager:
            await work(exporter, sink, manager)

    asyncio.run(run())


def test_a_classic_histogram_is_stored_as_a_native_one_and_marked_when_it_is_gone():
    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches and len(sink.batches[-1].histograms))
        batch = sink.batches[-1]
        assert Histogram.decode(batch.histograms.bodies.tobytes()) == VALUE
        assert sink.names[batch.histograms.ids[0]].as_dict() == {"__name__": "size", "instance": exporter.address, "job": "test"}
        assert set(batch.histograms.timestamps) == set(batch.timestamps)
        metrics = sink.metrics(batch)
        assert {name for name in metrics if name.startswith("size")} == set()
        assert metrics["scrape_samples_scraped"] == metrics["scrape_samples_post_metric_relabeling"] == 2
        assert sink.metadata["test", "size"].type == "histogram"
        exporter.body = "other 1\n"
        await sink.until(lambda: sink.metrics(sink.batches[-1]).get("size") == "stale")
        exporter.body = CLASSIC.replace("size_count 3", "size_count 4")  # not what its buckets say
        await sink.until(lambda: sink.metrics(sink.batches[-1])["scrape_samples_scraped"] == 1)
        assert not len(sink.batches[-1].histograms)

    scenario(work)


def test_the_classic_series_are_kept_where_the_job_asks_for_them():
    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches and len(sink.batches[-1].histograms))
        metrics = sink.metrics(sink.batches[-1])
        assert (metrics["size_bucket"], metrics["size_sum"], metrics["size_count"]) == (3.0, 4.0, 3.0)
        assert metrics["scrape_samples_scraped"] == 6
        exporter.body = "other 1\n"
        await sink.until(lambda: sink.metrics(sink.batches[-1]).get("size") == "stale")
        assert sink.metrics(sink.batches[-1])["size_count"] == "stale"

    scenario(work, always_scrape_classic_histograms=True)


def test_a_bucket_limit_holds_for_converted_histograms():
    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches and sink.metrics(sink.batches[-1])["up"] == 0.0)
        assert manager.targets().active[0].last_error == "histogram bucket limit exceeded"

    scenario(work, native_histogram_bucket_limit=1)


@pytest.mark.parametrize(("own", "expected"), [({}, True), ({"convert_classic_histograms_to_nhcb": False}, False)])
def test_a_job_converts_as_the_global_block_says_unless_it_says_otherwise(own, expected):
    defaults = GlobalConfig.model_validate({"convert_classic_histograms_to_nhcb": True})
    (config,) = resolve_scrape_configs(defaults, [ScrapeConfig.model_validate({"job_name": "a", **own})])
    assert config.histograms.convert_classic is expected
    (config,) = resolve_scrape_configs(GlobalConfig(), [ScrapeConfig(job_name="a")])
    assert not config.histograms.convert_classic
