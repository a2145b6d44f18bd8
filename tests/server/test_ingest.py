"""What the real processes tell of those who send, and what they refuse."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer

pytestmark = pytest.mark.e2e

#: More than Fusewatch's own metrics ever have.
LIMIT = 1000
CONFIG = f"""
host: {{enabled: false}}
storage: {{max_series_per_metric: {LIMIT}}}
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("limited") / "data", config=CONFIG) as running:
        yield running


def write(server: RunningServer, metric: str, numbers: range) -> tuple[int, str]:
    now = time.time_ns() // 1_000_000
    body = remote_body([({"__name__": metric, "job": "shop", "n": str(number)}, [(now, 1.0)]) for number in numbers])
    status, answer = server.ask("/api/v1/write", body, **HEADERS, **{"User-Agent": "Prometheus/3.5.0"})
    return status, answer.decode()


def ingest(server: RunningServer) -> dict:
    found: dict = server.json("/api/fusewatch/v1/ingest")
    return found


@pytest.mark.timeout(240)
def test_a_limit_refuses_only_the_new_series_and_everybody_is_told(limited: RunningServer) -> None:
    assert write(limited, "orders", range(LIMIT))[0] == 204
    status, words = write(limited, "orders", range(1, LIMIT + 2))
    assert status == 429
    assert "reached by orders" in words
    assert "storage.max_series_per_metric" in words
    # The known ones of that request are stored, another metric is not touched, and neither is the known part of the next request.
    assert write(limited, "payments", range(2))[0] == 204
    assert write(limited, "orders", range(LIMIT))[0] == 204
    assert {one["metric"]["n"] for one in limited.query("orders")} == {str(number) for number in range(LIMIT)}

    refused = limited.wait_for(lambda: [one for one in ingest(limited)["refusals"] if one["reason"] == "series_limit"])
    assert (refused[0]["requests"], refused[0]["samples"], refused[0]["agent"]) == (1, 2, "Prometheus/3.5.0")
    assert "reached by orders" in refused[0]["message"]
    full = {"name": "orders", "series": LIMIT}
    limited.wait_for(lambda: any(one["limit"] == LIMIT and full in one["largest"] for one in ingest(limited)["limits"]))

    metrics = limited.ask("/metrics")[1].decode()
    assert 'fusewatch_ingest_refused_samples_total{reason="series_limit"} 2.0' in metrics
    assert 'fusewatch_ingest_limit_fill_ratio{limit="max_series_per_metric"} 1.0' in metrics


@pytest.mark.timeout(240)
def test_senders_and_lags_are_told_across_the_processes(limited: RunningServer) -> None:
    write(limited, "seen", range(2))
    limited.ask("/api/v1/write", b"no snappy at all", **HEADERS)

    def both() -> dict | None:
        found = ingest(limited)
        protocols = {one["protocol"] for one in found["senders"]}
        reasons = {one["reason"] for one in found["refusals"]}
        return found if {"remote_write_1.0", "self"} <= protocols and "malformed" in reasons else None

    found = limited.wait_for(both)
    (sender,) = [one for one in found["senders"] if one["agent"] == "Prometheus/3.5.0"]
    assert sender["address"] == "127.0.0.1"
    assert min(sender["requests"], sender["samples"], sender["bytes"]) > 0
    assert (found["refusing"], found["unready"], found["fsync"]) == (None, None, False)
    assert found["queue_limit_bytes"] == 1 << 30
    assert 'fusewatch_ingest_samples_total{protocol="remote_write_1.0"}' in limited.ask("/metrics")[1].decode()


@pytest.mark.timeout(240)
def test_other_protocols_have_their_names_too(limited: RunningServer) -> None:
    assert limited.ask("/write", b"weather,job=shop temperature=21.5", **{"User-Agent": "Telegraf/1.30"})[0] == 204
    assert limited.ask("/v1/metrics", b"{", **{"Content-Type": "application/json", "User-Agent": "collector"})[0] == 400

    def told() -> bool:
        found = ingest(limited)
        senders = {(one["protocol"], one["agent"]) for one in found["senders"]}
        return ("influx", "Telegraf/1.30") in senders and any(one["protocol"] == "otlp" for one in found["refusals"])

    limited.wait_for(told)


@pytest.mark.timeout(240)
def test_the_kinds_of_cardinality_are_counted_behind_the_api(limited: RunningServer) -> None:
    write(limited, "counted", range(3))
    found = limited.json("/api/fusewatch/v1/cardinality?metric=counted")
    assert (found["total"]["series"], found["metrics"][0]["name"], found["jobs"][0]["name"]) == (3, "counted", "shop")
    tsdb = limited.json("/api/v1/status/tsdb?limit=500")["data"]
    assert {"name": "counted", "value": 3} in tsdb["seriesCountByMetricName"]
