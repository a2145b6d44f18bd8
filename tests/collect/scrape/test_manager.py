from __future__ import annotations

import asyncio
import gzip
import time

import numpy as np
import pytest
from aiohttp import web
from tests.collect.exporter import Exporter, job, running, scraping
from tests.collect.memory import MemorySink

from fusewatch.telemetry.ports import OverloadedError, SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.samples import is_stale

REPORT = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"}


def scenario(work, body="a 1\n", **settings):
    """Runs ``work(exporter, sink, manager)`` beside a manager that scrapes the exporter."""

    async def run():
        exporter, sink = Exporter(body), MemorySink()
        async with running(exporter), scraping(sink, job(exporter.address, **settings)) as manager:
            await work(exporter, sink, manager)

    asyncio.run(run())


async def until_last(sink, **metrics):
    """Waits for a batch that says so of these metrics, and returns it."""
    await sink.until(lambda: sink.batches and metrics.items() <= sink.metrics(sink.batches[-1]).items())
    return sink.metrics(sink.batches[-1])


def test_a_scrape_is_one_batch_with_its_report():
    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches and "a" in sink.metrics(sink.batches[-1]))
        good = len(sink.batches)
        rows = sink.rows(sink.batches[good - 1])
        instance = f'instance="{exporter.address}", job="test"'
        assert {name.split("{")[0] for name in rows} == REPORT | {"a", "b"}
        assert rows[f"a{{{instance}}}"] == 1.0
        assert rows[f'b{{{instance}, x="y"}}'] == 2.0
        assert rows[f"up{{{instance}}}"] == 1.0
        assert rows[f"scrape_samples_scraped{{{instance}}}"] == 2.0
        assert rows[f"scrape_series_added{{{instance}}}"] == 2.0
        assert len(set(sink.batches[good - 1].timestamps.tolist())) == 1
        assert (await sink.batch_number(good + 1))[f"scrape_series_added{{{instance}}}"] == 0.0
        assert sink.metadata["test", "a"].help == "An a"

    scenario(work, body='# HELP a An a\n# TYPE a gauge\na 1\nb{x="y"} 2\n')


def test_a_target_is_asked_as_prometheus_asks():
    async def work(exporter, sink, manager):
        await sink.batch_number(1)
        request = exporter.requests[0]
        assert request.path_qs == "/probe?module=x"
        assert request.headers["Accept"].startswith("application/openmetrics-text;version=1.0.0")
        assert request.headers["Accept-Encoding"] == "gzip"
        assert request.headers["User-Agent"].startswith("Fusewatch")
        assert request.headers["X-Prometheus-Scrape-Timeout-Seconds"] == "0.25"

    scenario(work, metrics_path="/probe", params={"module": ["x"]})


def test_a_series_that_is_gone_is_marked_once():
    async def work(exporter, sink, manager):
        await until_last(sink, a=1.0, b=2.0)
        exporter.body = "a 1\n"
        assert "stale" not in {value for name, value in (await until_last(sink, b="stale")).items() if name != "b"}
        seen = len(sink.batches)
        await sink.until(lambda: len(sink.batches) > seen)
        assert "b" not in sink.metrics(sink.batches[-1])
        exporter.body = "a 1\nb 3\n"
        await until_last(sink, b=3.0)

    scenario(work, body="a 1\nb 2\n")


@pytest.mark.parametrize(
    ("broken", "settings", "reason"),
    [
        ("a 1\nb{\n", {}, "line 2: expected label name"),
        ("a 1\nb 2\nc 3\n", {"sample_limit": 2}, "sample limit exceeded"),
        ("a 1\nb 2\n" + "# comment\n" * 100, {"body_size_limit": 500}, "body size limit exceeded"),
        ('a 1\nb{x="1",y="2"} 1\n', {"label_limit": 4}, "label_limit exceeded"),
    ],
)
def test_a_page_that_is_refused_marks_all_its_series(broken, settings, reason):
    async def work(exporter, sink, manager):
        await until_last(sink, a=1.0)
        exporter.body = broken
        last = await until_last(sink, up=0.0, a="stale")
        assert "b" not in last
        (state,) = manager.targets().active
        assert (state.health, reason in state.last_error) == ("down", True)
        exporter.body = "a 1\n"
        await until_last(sink, up=1.0, a=1.0)

    scenario(work, **settings)


def test_a_status_other_than_200_is_a_failure():
    async def work(exporter, sink, manager):
        await until_last(sink, a=1.0)

        async def answer(request):
            return web.Response(status=503)

        exporter.answer = answer
        await until_last(sink, up=0.0, a="stale")
        assert manager.targets().active[0].last_error == "server returned HTTP status 503 Service Unavailable"

    scenario(work)


def test_a_target_that_does_not_answer_in_time_is_down():
    async def work(exporter, sink, manager):
        async def answer(request):
            await asyncio.Event().wait()

        exporter.answer = answer
        await until_last(sink, up=0.0)
        assert manager.targets().active[0].last_error.endswith("context deadline exceeded")

    scenario(work)


def test_nobody_listening_is_said_so():
    async def work():
        sink = MemorySink()
        async with scraping(sink, job("127.0.0.1:1")) as manager:
            await until_last(sink, up=0.0)
            assert (
                "refused" in manager.targets().active[0].last_error.lower()
                or "Connect call failed" in manager.targets().active[0].last_error
            )

    asyncio.run(work())


def test_a_compressed_page_is_unpacked_within_the_limit():
    async def work(exporter, sink, manager):
        async def answer(request):
            return web.Response(body=gzip.compress(exporter.body), headers={"Content-Type": "text/plain", "Content-Encoding": "gzip"})

        exporter.answer = answer
        exporter.body = b"a 7\n"
        await until_last(sink, up=1.0, a=7.0)
        exporter.body = b"a 7\n" + b"#" * 100_000
        await until_last(sink, up=0.0, a="stale")
        assert manager.targets().active[0].last_error == "body size limit exceeded"

    scenario(work, body_size_limit=50_000)


def test_explicit_timestamps_are_honoured_and_end_by_themselves():
    async def work(exporter, sink, manager):
        now = time.time_ns() // 1_000_000 - 5_000
        exporter.body = f"a 1\nb 2 {now}\nc 3 {now + 3_600_000}\n"
        last = await until_last(sink, b=2.0)
        assert "c" not in last  # an hour ahead
        batch = sink.batches[-1]
        assert now in batch.timestamps.tolist()
        exporter.body = "a 1\n"
        await until_last(sink, scrape_samples_scraped=1.0)
        assert not any(sink.metrics(batch).get("b") == "stale" for batch in sink.batches)

    scenario(work)


def test_explicit_timestamps_may_be_tracked():
    async def work(exporter, sink, manager):
        exporter.body = f"a 1\nb 2 {time.time_ns() // 1_000_000}\n"
        await until_last(sink, b=2.0)
        exporter.body = "a 1\n"
        await until_last(sink, b="stale")

    scenario(work, track_timestamps_staleness=True)


def test_openmetrics_is_read_when_the_target_speaks_it():
    async def work(exporter, sink, manager):
        await sink.until(lambda: sink.batches)
        exporter.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        exporter.body = '# TYPE a counter\na_total{x="y"} 3 # {trace="1"} 1\n# EOF\n'
        await until_last(sink, up=1.0, a_total=3.0)

    scenario(work)


def test_a_removed_target_is_marked_and_a_kept_one_goes_on():
    async def work():
        one, two, sink = Exporter("a 1\n"), Exporter("b 2\n"), MemorySink()
        async with running(one), running(two), scraping(sink, job(one.address, two.address)) as manager:
            await sink.until(lambda: len({name for batch in sink.batches for name in sink.metrics(batch)} & {"a", "b"}) == 2)
            manager.apply([job(one.address)])
            gone = await until_last(sink, b="stale", up="stale")
            assert set(gone) == REPORT | {"b"}
            assert set(gone.values()) == {"stale"}
            await until_last(sink, a=1.0)
            assert [target.instance for target in manager.targets().active] == [one.address]
            assert not any(sink.metrics(batch).get("a") == "stale" for batch in sink.batches)

    asyncio.run(work())


def test_a_removed_job_is_marked():
    async def work(exporter, sink, manager):
        await until_last(sink, a=1.0)
        manager.apply([])
        assert set(await until_last(sink, a="stale")) == REPORT | {"a"}
        assert manager.targets().active == []

    scenario(work)


def test_a_reload_that_changes_a_job_marks_only_what_is_gone():
    async def work(exporter, sink, manager):
        await until_last(sink, a=1.0, b=2.0)
        rule = {"source_labels": ["__name__"], "regex": "b", "action": "drop"}
        manager.apply([job(exporter.address, metric_relabel_configs=[rule])])
        await until_last(sink, b="stale")
        assert not any("stale" in (sink.metrics(batch).get("a"), sink.metrics(batch).get("up")) for batch in sink.batches)

    scenario(work, body="a 1\nb 2\n")


def test_ending_writes_no_markers():
    async def work():
        exporter, sink = Exporter(), MemorySink()
        async with running(exporter):
            async with scraping(sink, job(exporter.address)):
                await until_last(sink, a=1.0)
            assert not any(is_stale(np.ascontiguousarray(batch.values)).any() for batch in sink.batches)

    asyncio.run(work())


def test_a_scrape_that_the_store_does_not_take_is_counted_and_its_names_come_again():
    async def work(exporter, sink, manager):
        sink.failure = OverloadedError("the queue is full")
        await sink.until_refused(1)
        assert manager.statistics().lost >= 1
        assert manager.targets().active[0].last_error == "the scrape was lost: the queue is full"
        sink.failure = None
        assert (await until_last(sink, a=1.0))["up"] == 1.0

    scenario(work)


def test_a_series_that_went_while_the_store_was_busy_is_still_marked():
    async def work(exporter, sink, manager):
        await until_last(sink, a=1.0, b=2.0)
        sink.failure = OverloadedError("the queue is full")
        exporter.body = "a 1\n"
        await sink.until_refused(1)
        sink.failure = None
        await sink.until(lambda: any(sink.metrics(batch).get("b") == "stale" for batch in sink.batches))

    scenario(work, body="a 1\nb 2\n")


@pytest.mark.parametrize(
    ("failure", "named_again"),
    [
        (SamplesRejectedError("too old", 3), False),  # the store kept the names
        (SeriesLimitError("too many series", 3), True),
    ],
)
def test_refused_samples_are_counted(failure, named_again):
    async def work(exporter, sink, manager):
        await until_last(sink, a=1.0)
        sink.names.clear()
        sink.failure = failure
        exporter.body = "a 1\nnew 2\n"
        await sink.until_refused(2)
        sink.failure = None
        seen = len(sink.batches)
        await sink.until(lambda: len(sink.batches) > seen)
        assert manager.targets().active[0].lost == 0
        assert manager.targets().active[0].rejected >= 6
        assert bool(sink.names) is named_again

    scenario(work)


def test_more_targets_than_allowed_are_not_scraped():
    async def work():
        exporter, sink = Exporter(), MemorySink()
        async with running(exporter), scraping(sink, job(exporter.address, "127.0.0.1:1", target_limit=1)) as manager:
            await until_last(sink, up=0.0)
            errors = {target.last_error for target in manager.targets().active}
            assert errors - {""} == {"target_limit exceeded (number of targets: 2, limit: 1)"}
            assert not exporter.requests

    asyncio.run(work())


def test_dropped_targets_are_shown():
    async def work():
        sink = MemorySink()
        rule = {"source_labels": ["__address__"], "regex": "a:1", "action": "drop"}
        async with scraping(sink, job("a:1", "127.0.0.1:1", relabel_configs=[rule])) as manager:
            await until_last(sink, up=0.0)
            targets = manager.targets()
            assert [dropped.discovered_labels["__address__"] for dropped in targets.dropped] == ["a:1"]
            assert targets.dropped_counts == {"test": 1}

    asyncio.run(work())


def test_scrapes_that_get_no_turn_in_time_fail():
    async def work():
        exporter, sink = Exporter(), MemorySink()

        async def answer(request):
            await asyncio.Event().wait()

        exporter.answer = answer
        async with running(exporter):
            groups = [{"targets": [exporter.address], "labels": {"shard": str(shard)}} for shard in range(5)]
            async with scraping(sink, job(static_configs=groups), most_concurrent=1) as manager:
                await sink.until(lambda: any("got no turn" in target.last_error for target in manager.targets().active))
                statistics = manager.statistics()
                assert (statistics.targets, statistics.most_under_way) == (5, 1)
                assert statistics.failed >= 1

    asyncio.run(work())
