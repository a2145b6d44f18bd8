from __future__ import annotations

import asyncio
import json
import urllib.parse
import urllib.request

import numpy as np
from tests.api.running import running

from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import ExemplarRows, SampleBatch

BUCKET = Labels({"__name__": "latency_bucket", "job": "api", "le": "0.5"})
TRACE = Labels({"trace_id": "4bf92f3577b34da6"})


def test_exemplars_come_in_prometheus_shape_for_every_selector_of_a_query(tmp_path):
    with running(tmp_path / "data") as server:
        now = 1000 * int(server.store._clock.now_ms() / 1000)
        rows = ExemplarRows.of([(BUCKET.id, now, 0.25, TRACE.canonical)])
        empty = np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0)
        batch = SampleBatch(*empty, {BUCKET.id: BUCKET}, exemplars=rows)
        asyncio.run_coroutine_threadsafe(server.store.write(batch), server.loop).result(10)

        def ask(query: str) -> list:
            parameters = urllib.parse.urlencode({"query": query, "start": now / 1000 - 60, "end": now / 1000 + 60})
            with urllib.request.urlopen(f"{server.url}/api/v1/query_exemplars?{parameters}") as answer:
                return json.load(answer)["data"]

        shown = {"labels": {"trace_id": "4bf92f3577b34da6"}, "value": "0.25", "timestamp": now / 1000}
        wanted = [{"seriesLabels": BUCKET.as_dict(), "exemplars": [shown]}]
        assert ask("histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m]))) + other") == wanted
        assert ask("other") == []
