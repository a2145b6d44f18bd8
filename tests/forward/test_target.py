from __future__ import annotations

import asyncio
import ssl

import numpy as np
import pytest
import trustme
from aiohttp import web
from tests.forward.conftest import NOW, sending, series, until
from tests.forward.reading import read_v1, read_v2
from tests.forward.sink import Sink, serving

from fusewatch.forward.config import V2
from fusewatch.forward.figures import SENT_BEFORE
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import STALE_BITS, STALE_NAN


def bits(value):
    return int(np.float64(value).view(np.uint64))


def names(sink):
    return sorted(dict(labels)["__name__"] for labels in sink.samples())


def values(sink, **labels):
    """The values of one series at the sink, in the order in which they came."""
    return [word for found, rows in sink.samples().items() if dict(found).items() >= labels.items() for _, word in rows]


def test_what_is_written_goes_on_to_the_target_staleness_markers_too(sender):
    async def scenario():
        async with serving(Sink()) as sink, sending(sender.target(sink.url)):
            await sender.write({series("up", job="a"): {NOW: 1.0, NOW + 1: STALE_NAN}, series("up", job="b"): {NOW: 2.0}})
            await sink.until(lambda: len(sink.samples()) == 2)
            return sink

    sink = asyncio.run(scenario())
    assert sink.samples() == {
        (("__name__", "up"), ("job", "a")): [(NOW, bits(1.0)), (NOW + 1, STALE_BITS)],
        (("__name__", "up"), ("job", "b")): [(NOW, bits(2.0))],
    }
    [headers] = sink.headers
    assert headers["Content-Type"] == "application/x-protobuf"
    assert headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    assert headers["User-Agent"].startswith("Fusewatch/")


def test_a_restart_goes_on_where_it_was_though_the_labels_are_in_the_store_alone(open_sender):
    async def first(sender):
        async with serving(Sink()) as sink, sending(sender.target(sink.url)):
            await sender.write({series("up"): {NOW: 1.0}})
            await sink.until(lambda: names(sink) == ["up"])
            await until(lambda: not sender.figures.pending.samples)

    async def second(sender):
        async with serving(Sink()) as sink:
            await sender.write({series("up"): {NOW + 1: 2.0}})
            sender.commit()
            async with sending(sender.target(sink.url)):
                await sender.write({series("up"): {NOW + 2: 3.0}})
                await sink.until(lambda: len(values(sink)) == 2)
            return sink.samples()

    asyncio.run(first(open_sender()))
    assert asyncio.run(second(open_sender())) == {(("__name__", "up"),): [(NOW + 1, bits(2.0)), (NOW + 2, bits(3.0))]}


def test_a_target_that_is_away_gets_everything_once_it_is_back(sender, free_port):
    async def scenario():
        target = sender.target(f"http://127.0.0.1:{free_port}/api/v1/write", queue_config={"max_backoff": "200ms"})
        async with sending(target):
            for k in range(10):
                await sender.write({series("up"): {NOW + k: float(k)}})
                sender.commit()
            await until(lambda: target.statistics().figures.failing)
            assert sender.backlog.figures().segments > 0
            async with serving(Sink(), free_port) as sink:
                await sink.until(lambda: len(values(sink)) == 10)
                await until(lambda: not target.statistics().figures.failing and not sender.backlog.figures().segments)
                return sink

    sink = asyncio.run(scenario())
    assert values(sink) == [bits(float(k)) for k in range(10)]


def test_what_an_interrupted_run_was_sending_is_sent_again_as_the_same_requests(open_sender):
    async def interrupted(sender):
        silent = asyncio.Event()
        sink = Sink()

        async def handle(request):
            await Sink.handle(sink, request)
            await silent.wait()
            return web.Response(status=503)

        sink.handle = handle
        async with serving(sink), sending(sender.target(sink.url, queue_config={"max_samples_per_send": 10, "min_shards": 3})):
            await sender.write({series("up", n=str(n)): {NOW + k: float(k) for k in range(3)} for n in range(40)})
            await sink.until(lambda: len(sink.seen) == 3)
            silent.set()
        return sink.seen

    async def again(sender):
        async with serving(Sink()) as sink, sending(sender.target(sink.url, queue_config={"max_samples_per_send": 7, "min_shards": 1})):
            await sink.until(lambda: sum(len(rows) for rows in sink.samples().values()) == 120)
            return sink.seen

    before = asyncio.run(interrupted(open_sender()))
    after = asyncio.run(again(open_sender()))
    assert set(before) <= set(after)
    assert len(set(after)) == len(after) >= 12


def test_a_refusal_of_what_was_sent_before_is_no_loss(open_sender):
    async def run(sender, answer, count):
        async with serving(Sink(answer)) as sink, sending(sender.target(sink.url)):
            await sender.write({series("up"): {NOW + count: 1.0}})
            await sink.until(lambda: len(sink.seen) >= count)

    sender = open_sender()
    asyncio.run(run(sender, lambda _: web.Response(status=503), 1))
    sender = open_sender()
    asyncio.run(run(sender, lambda k: web.Response(status=400 if k == 0 else 204, text="out of order"), 2))
    assert sender.figures.dropped[SENT_BEFORE].samples == 1
    assert sender.figures.failed.samples == 0


@pytest.mark.parametrize(
    ("status", "queue", "again"),
    [
        (500, {}, True),
        (503, {}, True),
        (429, {"retry_on_http_429": True}, True),
        (429, {}, False),
        (400, {}, False),
        (404, {}, False),
        (415, {}, False),
    ],
)
def test_answers_are_understood_as_in_prometheus(sender, status, queue, again):
    async def scenario():
        answering = Sink(lambda k: web.Response(status=status if k == 0 else 204))
        async with serving(answering) as sink, sending(sender.target(sink.url, queue_config=queue)):
            await sender.write({series("one"): {NOW: 1.0}})
            await sink.until(lambda: len(sink.seen) == 1)
            await sender.write({series("two"): {NOW: 1.0}})
            await sink.until(lambda: "two" in names(sink))
            return sink

    sink = asyncio.run(scenario())
    assert names(sink) == (["one", "two"] if again else ["two"])
    assert (sender.figures.failed.samples, sender.figures.retried.samples > 0) == (0 if again else 1, again)
    assert ("Retry-Attempt" in sink.headers[1]) is again


def test_a_target_that_names_a_time_is_not_asked_before(sender):
    async def scenario():
        times = []

        def answer(k):
            times.append(asyncio.get_running_loop().time())
            return web.Response(status=503 if k == 0 else 204, headers={"Retry-After": "1"})

        async with serving(Sink(answer)) as sink, sending(sender.target(sink.url)):
            await sender.write({series("up"): {NOW: 1.0}})
            await sink.until(lambda: sink.taken)
            return times

    first, second = asyncio.run(scenario())
    assert second - first >= 1


def test_external_labels_stand_back_and_relabelling_has_the_last_word(sender):
    rules = [
        {"source_labels": ["__name__"], "regex": "secret_.*", "action": "drop"},
        {"source_labels": ["cluster"], "target_label": "from"},
        {"regex": "pod", "action": "labeldrop"},
    ]

    async def scenario():
        target = {"external": {"cluster": "ours", "job": "never"}, "write_relabel_configs": rules}
        async with serving(Sink()) as sink, sending(sender.target(sink.url, **target)):
            await sender.write({series("secret_key"): {NOW: 1.0}, series("up", job="a", pod="x"): {NOW: 1.0}})
            await sink.until(lambda: sink.taken)
            return list(sink.samples())

    [labels] = asyncio.run(scenario())
    assert dict(labels) == {"__name__": "up", "cluster": "ours", "from": "ours", "job": "a"}
    assert sender.figures.dropped["dropped_series"].samples == 1


@pytest.mark.parametrize(("message", "read"), [("prometheus.WriteRequest", read_v1), (V2, read_v2)])
@pytest.mark.parametrize("wanted", [True, False])
def test_histograms_and_exemplars_go_out_when_asked(sender, message, read, wanted):
    histogram = Histogram(schema=0, count=1, sum=1.0, zero_count=1)

    async def scenario():
        written = {f"X-Prometheus-Remote-Write-{kind}-Written": "1" for kind in ("Samples", "Histograms", "Exemplars")}
        config = {"send_native_histograms": wanted, "send_exemplars": wanted, "protobuf_message": message}
        bodies = []

        async def handle(request):
            bodies.append(await request.read())
            sink.changed.set()
            return web.Response(status=204, headers=written)

        sink = Sink()
        sink.handle = handle
        async with serving(sink), sending(sender.target(sink.url, **config)):
            await sender.write_others(
                series("seconds"), histograms=[(NOW, histogram.encode())], exemplars=[(NOW, 0.5, Labels({"trace_id": "7"}))]
            )
            await sender.write({series("end"): {NOW: 1.0}})
            await sink.until(lambda: any(one.labels[0][1] == "end" for body in bodies for one in read(body)))
        return {one.labels[0][1]: one for body in bodies for one in read(body)}

    found = asyncio.run(scenario())
    assert sorted(found) == (["end", "seconds"] if wanted else ["end"])
    if wanted:
        assert found["seconds"].histograms == [(NOW, histogram)]
        assert found["seconds"].exemplars == [(NOW, bits(0.5), [("trace_id", "7")])]
    assert sender.figures.failed.samples == 0


def test_a_target_that_does_not_confirm_version_2_has_not_understood_it(sender):
    async def scenario():
        async with serving(Sink()) as sink, sending(sender.target(sink.url, protobuf_message=V2)):
            await sender.write({series("up"): {NOW: 1.0}})
            await sink.until(lambda: sink.seen)
            await until(lambda: sender.figures.failed.samples)

    asyncio.run(scenario())
    assert "version 1.0 alone" in sender.figures.failing


def test_metadata_goes_out_from_time_to_time(sender):
    async def scenario():
        async with serving(Sink()) as sink, sending(sender.target(sink.url, metadata_config={"send_interval": "100ms"})):
            await sender.store.write_metadata([MetricMetadata("up", "gauge", "Whether it is up.", "", "a")])
            await sink.until(sink.metadata)
            return sink.metadata()[0]

    assert asyncio.run(scenario()) == {1: 2, 2: b"up", 4: b"Whether it is up."}


def test_samples_that_are_too_old_are_not_sent(sender):
    async def scenario():
        async with serving(Sink()) as sink, sending(sender.target(sink.url, queue_config={"sample_age_limit": "1h"})):
            await sender.write({series("old"): {NOW - 2 * 3_600_000: 1.0}, series("new"): {NOW: 1.0}})
            await sink.until(lambda: sink.taken)
            return names(sink)

    assert asyncio.run(scenario()) == ["new"]
    assert sender.figures.dropped["too_old"].samples == 1


def test_shards_grow_while_the_target_is_slow_and_each_series_keeps_its_order(sender):
    async def scenario():
        sink = Sink()

        async def slow(request):
            await asyncio.sleep(0.01)
            return await Sink.handle(sink, request)

        sink.handle = slow
        queue = {"max_samples_per_send": 50, "capacity": 100, "max_shards": 8}
        async with serving(sink):
            for k in range(300):
                await sender.write({series("m", n=str(n)): {NOW + k: float(k)} for n in range(50)})
            async with sending(sender.target(sink.url, queue_config=queue)):
                await sink.until(lambda: sum(len(rows) for rows in sink.samples().values()) == 15_000)
                return sink.samples(), sender.figures.shards

    samples, shards = asyncio.run(scenario())
    assert shards == 8
    assert all(rows == [(NOW + k, bits(float(k))) for k in range(300)] for rows in samples.values())


def test_a_target_behind_tls_and_a_password_is_reached(sender, tmp_path):
    authority = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def scenario():
        sink = Sink()
        app = web.Application()
        app.router.add_post("/api/v1/write", sink.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        url = f"https://127.0.0.1:{runner.addresses[0][1]}/api/v1/write"
        config = {
            "basic_auth": {"username": "me", "password": "secret"},
            "tls_config": {"ca_file": str(tmp_path / "ca.pem")},
            "headers": {"X-Scope-OrgID": "team"},
        }
        async with sending(sender.target(url, **config)):
            await sender.write({series("up"): {NOW: 1.0}})
            await sink.until(lambda: sink.taken)
        await runner.cleanup()
        return sink.headers[0]

    headers = asyncio.run(scenario())
    assert headers["Authorization"].startswith("Basic ")
    assert headers["X-Scope-OrgID"] == "team"
