"""A real Prometheus beside us: it writes to us, federates from us, and answers the same to the same questions."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time

import httpx
import pytest
import yaml
from tests.api.running import running, until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("store")) as found:
        yield found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def prometheus(folder, **configuration):
    """A real Prometheus with that configuration; what yields is its URL."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    port = free_port()
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump({"global": {"scrape_interval": "1s"}, **configuration}).replace("PORT", str(port)))
    flags = [f"--config.file={file}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("w") as log, subprocess.Popen(["prometheus", *flags], stdout=log, stderr=log) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: ready(url))
            yield url
        finally:
            process.terminate()
            process.wait(20)


def ready(url):
    try:
        return httpx.get(f"{url}/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def value(url, query):
    """The value of a query that answers with one series, None before it does."""
    rows = httpx.get(f"{url}/api/v1/query", params={"query": query}).json()["data"]["result"]
    return rows[0]["value"][1] if rows else None


def test_prometheus_writes_to_us_and_federates_from_us(server, tmp_path):
    ours = {"__name__": "orders_total", "job": "shop", "instance": "s:80"}
    server.add(ours, (int(time.time() * 1000), 42.0))
    scrape_itself = {"job_name": "prometheus", "static_configs": [{"targets": ["127.0.0.1:PORT"]}]}
    federate = {
        "job_name": "federate",
        "honor_labels": True,
        "metrics_path": "/federate",
        "params": {"match[]": ['{job="shop"}']},
        "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}],
    }
    # What it federates must not come back to us.
    keep = [{"source_labels": ["job"], "regex": "prometheus", "action": "keep"}]
    write = {"url": f"{server.url}/api/v1/write", "write_relabel_configs": keep, "queue_config": {"batch_send_deadline": "200ms"}}
    with prometheus(tmp_path, scrape_configs=[scrape_itself, federate], remote_write=[write]) as theirs:
        until(lambda: value(server.url, 'up{job="prometheus"}') == "1")
        until(lambda: value(theirs, "orders_total") == "42")
        assert value(theirs, 'count(orders_total{job="shop",instance="s:80"})') == "1"
        assert value(theirs, 'up{job="federate"}') == "1"
        until(lambda: value(server.url, "count(count_over_time(process_start_time_seconds[1m]) >= 2)") == "1")
        count = 'count({job="prometheus"})'
        until(lambda: value(server.url, count) == value(theirs, count))
        assert int(value(server.url, count)) > 300
        assert value(theirs, "prometheus_remote_storage_samples_failed_total") == "0"


#: What both are asked; the answers must be equal byte by byte.
SAME = [
    *[("query", {"query": f"vector({number})", "time": "1700000000"}) for number in (
        "0", "-0", "1e-6", "9.9e-7", "1.5e-7", "123456789.123", "1e15", "1e20", "123456789012345680", "1e21", "-1.25e100", "5e-324",
        "1.7976931348623157e308", "Inf", "-Inf", "NaN", "0.1+0.2", "1/3", "2^53", "2^70",
    )],
    *[("query", {"query": text, "time": "1700000000.25"}) for text in ("1", "1e21", "1e-7", "-Inf", '"a\\"b"', "vector(1)")],
    ("query_range", {"query": "vector(time())", "start": "1700000000.5", "end": "1700000002", "step": "0.5"}),
    ("query", {"query": "1", "time": "x"}),
    ("query", {"query": "1", "timeout": "x"}),
    ("query", {"query": "1", "timeout": "1x"}),
    ("query_range", {"query": "1", "start": "x", "end": "1", "step": "1"}),
    ("query_range", {"query": "1", "start": "1", "step": "1"}),
    ("query_range", {"query": "1", "start": "2", "end": "1", "step": "1"}),
    ("query_range", {"query": "1", "start": "1", "end": "2", "step": "x"}),
    ("query_range", {"query": "1", "start": "1", "end": "2", "step": "-1"}),
    ("query_range", {"query": "1", "start": "1", "end": "2", "step": "1e30"}),
    ("query_range", {"query": "1", "start": "0", "end": "11001", "step": "1"}),
    ("series", {}),
    ("series", {"match[]": "up", "start": "x"}),
    ("labels", {"start": "x"}),
    ("label/job/values", {"end": "x"}),
    ("label/job/values", {"match[]": "nothing"}),
    ("metadata", {"limit": "x"}),
    ("metadata", {"metric": "nothing"}),
    ("targets/metadata", {"limit": "x"}),
    ("rules", {"type": "x"}),
    ("alerts", {}),
    ("alertmanagers", {}),
    ("query_exemplars", {"query": "up", "start": "2", "end": "1"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with prometheus(tmp_path_factory.mktemp("prometheus")) as url:
        yield url


@pytest.mark.parametrize(("path", "parameters"), SAME, ids=[str(index) for index in range(len(SAME))])
def test_we_answer_as_prometheus_does(server, reference, path, parameters):
    theirs, ours = (httpx.get(f"{url}/api/v1/{path}", params=parameters) for url in (reference, server.url))
    # Prometheus 3 begins this sentence with a small letter, 2 with a capital one.
    expected = theirs.text.replace("Invalid time value", "invalid time value")
    assert (ours.status_code, ours.text) == (theirs.status_code, expected)
