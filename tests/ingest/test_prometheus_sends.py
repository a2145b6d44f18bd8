from __future__ import annotations

import asyncio
import itertools
import shutil
from dataclasses import replace

import pytest
from aiohttp import web
from tests.collect.exporter import Exporter, running
from tests.ingest.known import KnownInMemory
from tests.prometheus import prometheus
from tests.telemetry.exposition.protobuf_page import (
    COUNTER,
    GAUGE_HISTOGRAM,
    HISTOGRAM,
    bucket,
    counter,
    exemplar,
    family,
    metric,
    native,
    page,
)

from fusewatch.ingest.remote_write import RemoteWriteDecoder
from fusewatch.telemetry.histograms import Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Prometheus")

COUNTS = Histogram(
    schema=3,
    count=12,
    sum=18.4,
    zero_threshold=0.001,
    zero_count=2,
    positive_spans=(Span(-2, 2), Span(3, 1)),
    positive_buckets=(1, 4, 2),
    negative_spans=(Span(0, 2),),
    negative_buckets=(2, 1),
)
PAGE = page(
    family("seen_total", COUNTER, metric({"code": "ü"}, counter(3.0, exemplar([("trace_id", "x")], 1.0)))),
    family("whole", HISTOGRAM, metric({}, native(COUNTS, bucket(1.0, 2), bucket(float("inf"), 12)))),
    family("real", GAUGE_HISTOGRAM, metric({}, native(replace(COUNTS, is_float=True, positive_buckets=(1.5, 3.5, 2.0))))),
)
CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: sender, static_configs: [{{targets: ['{exporter}']}}]}}]
remote_write:
  - url: "http://{receiver}/write"
    send_native_histograms: true
    send_exemplars: true
    metadata_config: {{send_interval: 1s}}
    queue_config: {{batch_send_deadline: 100ms}}
"""


class Receiver:
    """Decodes what comes in; labels by metric, the last value, histogram and exemplar of each."""

    def __init__(self):
        self.known = KnownInMemory()
        self.decoder = RemoteWriteDecoder(self.known)
        self.values, self.histograms, self.exemplars, self.metadata = {}, {}, {}, {}
        self.problems = []
        self.news = asyncio.Event()

    async def write(self, request):
        decoded = self.decoder.decode(await request.read())
        self.problems += [decoded.problem] if decoded.problem else []
        names = {ref: labels.metric for labels, ref in self.known.refs.items()}
        for ref, bits in zip(decoded.refs.tolist(), decoded.bits.view("f8").tolist(), strict=True):
            self.values[names[ref]] = bits
        rows = decoded.histograms
        for ref, (start, end) in zip(rows.refs.tolist(), itertools.pairwise(rows.offsets.tolist()), strict=True):
            self.histograms[names[ref]] = Histogram.decode(rows.bodies[start:end].tobytes())
        rows = decoded.exemplars
        for ref, (start, end) in zip(rows.refs.tolist(), itertools.pairwise(rows.offsets.tolist()), strict=True):
            self.exemplars[names[ref]] = Labels.from_canonical(rows.labels[start:end].tobytes())
        self.metadata |= {entry.metric: entry.type for entry in decoded.metadata}
        self.news.set()
        return web.Response(status=204)

    async def until(self, condition):
        async with asyncio.timeout(60):
            while not condition():
                self.news.clear()
                await self.news.wait()


def test_what_prometheus_sends_is_decoded_with_native_histograms_and_exemplars(tmp_path):
    async def run():
        sender, door, receiver = Exporter(PAGE, "application/vnd.google.protobuf"), Exporter(), Receiver()
        door.answer = receiver.write
        async with running(sender), running(door):
            config = CONFIG.format(exporter=sender.address, receiver=door.address)
            async with prometheus(tmp_path, config, "native-histograms", "exemplar-storage"):
                await receiver.until(lambda: len(receiver.histograms) == 2 and receiver.exemplars and "seen_total" in receiver.metadata)
        assert receiver.problems == []
        assert receiver.values["seen_total"] == 3.0
        assert receiver.histograms["whole"].sum == 18.4
        assert replace(receiver.histograms["whole"], reset_hint=ResetHint.UNKNOWN) == COUNTS
        real = receiver.histograms["real"]
        assert (real.is_float, real.positive_buckets, real.reset_hint) == (True, (1.5, 3.5, 2.0), ResetHint.GAUGE)
        assert receiver.exemplars == {"seen_total": Labels({"trace_id": "x"})}
        assert receiver.metadata["seen_total"] == "counter"

    asyncio.run(run())
