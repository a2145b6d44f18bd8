"""Remote read, asked by hand and by the real Prometheus."""

from __future__ import annotations

import dataclasses
import json
import struct
import time
import urllib.parse
import urllib.request

import numpy as np
import pytest
from tests.api.running import running
from tests.api.serving import NOW, Served
from tests.real_prometheus import prometheus
from tests.telemetry.remote_reading import query, read_body, read_frames, read_samples, samples_of

from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import STALE_BITS, STALE_NAN, HistogramSet, SeriesSet

pytestmark = pytest.mark.anyio

ALL = ("__name__", "=~", ".+")


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


@pytest.fixture
def filled(served):
    reader = served.services.reader
    reader.add(Labels({"__name__": "up", "job": "10"}), [(NOW, 1.0)])
    reader.add(Labels({"__name__": "up", "job": "1"}), [(NOW - 1000, 1.0), (NOW, STALE_NAN)])
    reader.add(Labels({"__name__": "down", "job": "2", "zone": "own"}), [(NOW + 15_000 * k, float(k)) for k in range(300)])
    return served


async def read(served, body):
    async with served.client() as asking:
        return await asking.post("/api/v1/read", content=body)


async def test_raw_samples_of_several_queries_come_in_their_order(filled):
    queries = query(NOW - 1000, NOW, ("__name__", "=", "up")), query(NOW, NOW + 20_000, ("job", "=~", "2|3")), query(0, 1, ALL)
    answer = await read(filled, read_body(*queries))
    assert (answer.status_code, answer.headers["content-type"], answer.headers["content-encoding"]) == (
        200,
        "application/x-protobuf",
        "snappy",
    )
    up, down, nothing = read_samples(answer.content)
    assert up == [
        ({"__name__": "up", "job": "1"}, [(NOW - 1000, bits_of(1.0)), (NOW, STALE_BITS)], []),
        ({"__name__": "up", "job": "10"}, [(NOW, bits_of(1.0))], []),
    ]
    assert down == [({"__name__": "down", "job": "2", "zone": "own"}, [(NOW, bits_of(0.0)), (NOW + 15_000, bits_of(1.0))], [])]
    assert nothing == []


async def test_chunks_are_streamed_series_by_series(filled):
    asked = read_body(query(0, NOW * 2, ALL), query(NOW, NOW, ("job", "=", "1")), accepted=(1, 0))
    answer = await read(filled, asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
    assert "content-encoding" not in answer.headers
    frames = read_frames(answer.content)
    assert [(number, labels["job"], len(samples_of(chunks))) for number, labels, chunks in frames] == [
        (0, "2", 300),
        (0, "1", 2),
        (0, "10", 1),
        (1, "1", 1),
    ]
    assert samples_of(frames[1][2]) == [(NOW - 1000, bits_of(1.0)), (NOW, STALE_BITS)]


async def test_frames_have_a_bound(filled):
    services = dataclasses.replace(filled.services, read_frame_bytes=100)
    answer = await read(Served(services), read_body(query(0, NOW * 2, ("job", "=", "2")), accepted=(1,)))
    frames = read_frames(answer.content)
    assert len(frames) == 3
    assert [at for _, _, chunks in frames for at, _ in samples_of(chunks)] == [NOW + 15_000 * k for k in range(300)]


async def test_external_labels_are_added_where_a_series_has_none_and_matched_as_missing(filled):
    external = Labels({"zone": "eu", "replica": "a"})
    served = Served(dataclasses.replace(filled.services, external_labels=lambda: external))
    for accepted in ((), (1,)):
        answer = await read(served, read_body(query(0, NOW, ("zone", "=", "eu")), query(0, NOW, ALL), accepted=accepted))
        if accepted:
            found = [[labels for number, labels, _ in read_frames(answer.content) if number == k] for k in (0, 1)]
        else:
            found = [[labels for labels, _, _ in one] for one in read_samples(answer.content)]
        assert [labels["job"] for labels in found[0]] == ["1", "10"]
        assert found[0][0] == {"__name__": "up", "job": "1", "replica": "a", "zone": "eu"}
        assert list(found[0][0]) == sorted(found[0][0])
        assert [labels["zone"] for labels in found[1]] == ["own", "eu", "eu"]


async def test_more_samples_than_the_limit_are_refused_in_prometheus_words(filled):
    served = Served(dataclasses.replace(filled.services, read_sample_limit=299))
    answer = await read(served, read_body(query(0, NOW * 2, ("job", "=", "2"))))
    assert (answer.status_code, answer.text) == (400, "exceeded sample limit (299)\n")
    # Each query for itself; a streamed answer has no such limit.
    assert (await read(served, read_body(*[query(0, NOW, ALL)] * 2))).status_code == 200
    assert (await read(served, read_body(query(0, NOW * 2, ALL), accepted=(1,)))).status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"nonsense", "snappy"),
        (read_body(query(0, 1, ("a", "=~", "(")), accepted=(0,)), "error parsing regexp"),
        (read_body(query(0, 1, ("a", "=~", "(")), accepted=(1,)), "error parsing regexp"),
        (read_body(accepted=(9,)), "server does not support any of the requested response types"),
    ],
)
async def test_what_can_not_be_answered_is_refused_as_plain_text(filled, body, words):
    filled.services.reader.add(Labels({"a": "b"}), [(0, 1.0)])
    answer = await read(filled, body)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert words in answer.text


async def test_no_queries_have_an_empty_answer(served):
    assert read_samples((await read(served, read_body())).content) == []
    assert (await read(served, read_body(accepted=(1,)))).content == b""


class WithHistograms:
    """A reader of one series that has a float sample and two histograms."""

    histograms = tuple(Histogram(schema=1, count=k, sum=1.5 * k, zero_count=k) for k in (1, 2))

    def fetch(self, matchers, start, end, budget, windows=()):
        bodies = [one.encode() for one in self.histograms]
        return SeriesSet(
            [Labels({"__name__": "latency"})],
            np.array([0, 1]),
            np.array([NOW + 1000]),
            np.array([2.5]),
            HistogramSet(np.array([0, 2]), np.array([NOW, NOW + 2000]), np.array([0, 48, 96]), np.frombuffer(b"".join(bodies), np.uint8)),
        )


async def test_native_histograms_are_in_both_answers(served):
    served = Served(dataclasses.replace(served.services, reader=WithHistograms()))
    [[(labels, floats, histograms)]] = read_samples((await read(served, read_body(query(0, NOW, ALL)))).content)
    assert (labels, floats) == ({"__name__": "latency"}, [(NOW + 1000, bits_of(2.5))])
    assert [at for at, _ in histograms] == [NOW, NOW + 2000]
    assert [one.encode() for _, one in histograms] == [one.encode() for one in WithHistograms.histograms]
    [(_, _, chunks)] = read_frames((await read(served, read_body(query(0, NOW, ALL), accepted=(1,)))).content)
    assert [at for at, _ in samples_of(chunks)] == [NOW, NOW + 1000, NOW + 2000]


CONFIG = """
global: {{scrape_interval: 1h}}
remote_read: [{{url: '{url}/api/v1/read', read_recent: true}}]
"""


def ask(url, path, **parameters):
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=30) as answer:
        return json.load(answer)["data"]["result"]


@pytest.mark.e2e
async def test_prometheus_answers_from_our_samples_as_we_do(tmp_path):
    now = int(time.time() * 1000) // 60_000 * 60_000
    with running(tmp_path / "data") as server, prometheus(tmp_path, CONFIG.format(url=server.url)) as reading:
        for job in ("1", "10", "a", "b"):
            points = [(now - 3_600_000 + 15_000 * k + 7, float(k * (len(job) + ord(job[0])))) for k in range(240)]
            server.add({"__name__": "requests_total", "job": job}, *points)
        for promql in ("sum by (job) (sum_over_time(requests_total[5m]))", 'requests_total{job=~"1.*"}', "count(requests_total)"):
            window = {"query": promql, "start": now / 1000 - 3000, "end": now / 1000, "step": 60}
            ours = ask(server.url, "query_range", **window)
            assert reading.result("query_range", **window) == ours
            assert ours
        whole = {"query": "requests_total[2h]", "time": now / 1000}
        ours, theirs = ask(server.url, "query", **whole), reading.result("query", **whole)
        assert sorted(theirs, key=json.dumps) == sorted(ours, key=json.dumps)
        assert sum(len(one["values"]) for one in ours) == 4 * 240
