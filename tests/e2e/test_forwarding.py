"""Samples that go on arrive whole: at the real Prometheus, at VictoriaMetrics, at another Fusewatch; whatever is killed meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import cramjam
import psutil
import pytest
from tests.real_prometheus import Prometheus, prometheus, until_ready
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer
from tests.telemetry.remote_reading import query, read_body, read_samples
from tests.telemetry.wire import field, histogram, label

from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.samples import STALE_NAN

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

QUIET = "host: {enabled: false}\n"
SENT = ("__name__", "=~", "sent_.*")
RECEIVER = ("--web.enable-remote-write-receiver", "--enable-feature=native-histograms")


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@contextlib.contextmanager
def victoria_metrics(folder: Path, address: str):
    """A VictoriaMetrics at this address until the block ends."""
    program = shutil.which("victoria-metrics") or pytest.skip("victoria-metrics is not installed")
    flags = [f"-storageDataPath={folder}", f"-httpListenAddr={address}", "-search.latencyOffset=0s"]
    with subprocess.Popen([program, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until_ready(f"http://{address}/health")
            yield f"http://{address}"
        finally:
            process.terminate()


def ours(url):
    """Our own server behind the face of the other."""
    return Prometheus(url, Path())


def read(server, start, end, matcher=SENT):
    """Samples and histograms by labels; the order of series is the servers' own."""
    [found] = read_samples(server.post("/api/v1/read", read_body(query(start, end, matcher))))
    return {
        tuple(sorted(labels.items())): (samples, [(at, one.encode()) for at, one in histograms]) for labels, samples, histograms in found
    }


def exported(url, start, end):
    """What VictoriaMetrics has, as (ms, value), by labels; None for a staleness marker."""
    parameters = urllib.parse.urlencode({"match[]": '{__name__=~"sent_.*"}', "start": start / 1000, "end": end / 1000})
    with urllib.request.urlopen(f"{url}/api/v1/export?{parameters}", timeout=30) as answer:
        rows = [json.loads(line) for line in answer.read().splitlines()]
    return {tuple(sorted(row["metric"].items())): list(zip(row["timestamps"], row["values"], strict=True)) for row in rows}


def targets(urls, **more):
    """The block of the configuration."""
    return json.dumps(
        [
            {"url": f"{url}/api/v1/write", "name": name, "queue_config": {"batch_send_deadline": "200ms", "max_backoff": "500ms"}, **more}
            for name, url in urls.items()
        ]
    )


def write(server, body):
    status, answer = server.ask("/api/v1/write", body, **HEADERS)
    assert status == 204, answer


def test_everything_arrives_as_it_came(tmp_path):
    now = int(time.time() * 1000) - 60_000
    native = Histogram(
        schema=2, count=6, sum=7.5, zero_threshold=0.001, zero_count=1, positive_spans=(Span(0, 2),), positive_buckets=(2, 3)
    )
    series = [
        ({"__name__": "sent_floats", "n": str(n), "zone": "own" if n else ""}, [(now + k * 1000, n + k / 4) for k in range(20)])
        for n in range(30)
    ]
    series += [({"__name__": "sent_ending", "job": "a"}, [(now, 1.0), (now + 1000, STALE_NAN)])]
    labels = label("__name__", "sent_seconds") + label("zone", "own")
    histograms = field(1, labels + b"".join(field(4, histogram(native, now + k * 1000)) for k in range(5)))
    with (
        prometheus(tmp_path, "global: {}\n", *RECEIVER) as other,
        victoria_metrics(tmp_path / "vm", free_address()) as victoria,
        RunningServer(tmp_path / "sink", config=QUIET) as sink,
    ):
        urls = {"prometheus": other.url, "victoria": victoria, "fusewatch": sink.url}
        version_2 = json.loads(targets({"version 2": sink.url}, protobuf_message="io.prometheus.write.v2.Request"))
        version_2[0]["write_relabel_configs"] = [{"target_label": "via", "replacement": "2.0"}]
        blocks = json.loads(targets(urls, send_native_histograms=True)) + [{**block, "send_native_histograms": True} for block in version_2]
        config = f"{QUIET}global: {{external_labels: {{zone: external}}}}\nremote_write: {json.dumps(blocks)}\n"
        with RunningServer(tmp_path / "data", config=config) as server:
            write(server, remote_body(series))
            write(server, bytes(cramjam.snappy.compress_raw(histograms)))
            window = now, now + 60_000
            own = read(ours(server.url), *window)
            expected = {tuple(sorted(({"zone": "external"} | dict(labels)).items())): rows for labels, rows in own.items()}
            assert len(expected) == 32
            # Debian's Prometheus leaves histograms out of remote read, but not out of queries.
            floats = {labels: (samples, []) for labels, (samples, _) in expected.items()}
            server.wait_for(lambda: read(other, *window) == floats, within_s=60)
            end = (now + 5000) / 1000
            [found] = other.result("query", query="sent_seconds[1m]", time=end)
            buckets = [[3, "-0.001", "0.001", "1"], [0, "0.8408964152537144", "1", "2"], [0, "1", "1.189207115002721", "3"]]
            expected_points = [[now / 1000 + k, {"count": "6", "sum": "7.5", "buckets": buckets}] for k in range(5)]
            assert found == {"metric": {"__name__": "sent_seconds", "zone": "own"}, "histograms": expected_points}
            both = {
                **expected,
                **{tuple(sorted((*labels, ("via", "2.0")))): rows for labels, rows in expected.items()},
            }
            server.wait_for(lambda: read(ours(sink.url), *window) == both, within_s=60)
            counts = {labels: len(samples) for labels, (samples, _) in expected.items() if samples}
            server.wait_for(lambda: {labels: len(rows) for labels, rows in exported(victoria, *window).items()} == counts)
            found = exported(victoria, *window)
            assert found[("__name__", "sent_floats"), ("n", "3"), ("zone", "own")] == [(now + k * 1000, 3 + k / 4) for k in range(20)]
            assert found[("__name__", "sent_ending"), ("job", "a"), ("zone", "external")] == [(now, 1), (now + 1000, None)]
            metrics = server.ask("/metrics")[1].decode()
    assert 'prometheus_remote_storage_samples_failed_total{remote_name="prometheus"' in metrics
    failed = [line for line in metrics.splitlines() if line.startswith("prometheus_remote_storage_") and "failed_total" in line]
    assert [line for line in failed if not line.endswith(" 0.0") and "metadata" not in line] == []


class Writer(threading.Thread):
    """Writes a batch after the other, each until it is acknowledged; batch k has the value k at a time of its own."""

    SERIES = 40

    def __init__(self, server: RunningServer, number: int, start_ms: int) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.number = number
        self.start_ms = start_ms
        self.acknowledged = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            batch = self.acknowledged + 1
            body = remote_body(
                ({"__name__": "sent_durable", "writer": str(self.number), "n": str(n)}, [(self.start_ms + batch, float(batch))])
                for n in range(self.SERIES)
            )
            try:
                status, _ = self.server.ask("/api/v1/write", body, **HEADERS)
            except (OSError, http.client.HTTPException):
                status = 0
            if status == 204:
                self.acknowledged = batch
            else:
                time.sleep(0.05)


def missing(server, writers):
    """By writer: how many acknowledged samples a server does not have."""
    last = max(writer.start_ms + writer.acknowledged for writer in writers)
    found = server.result("query", query="sum by (writer) (count_over_time(sent_durable[2h]))", time=f"{last / 1000 + 1:.3f}")
    counts = {int(one["metric"]["writer"]): int(one["value"][1]) for one in found}
    return {w.number: lost for w in writers if (lost := w.acknowledged * Writer.SERIES - counts.get(w.number, 0)) > 0}


def kill_all(server):
    """Ends all of a server at once, as a power cut would."""
    processes = [server.process.pid, *(child.pid for child in psutil.Process(server.process.pid).children(recursive=True))]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
    server.wait()


def killed(server, what, listen, config):
    """Kills a part of a server, or all of it; the server that is ready again then."""
    if what == "all":
        kill_all(server)
        return RunningServer(server.data, "--listen", listen, config=config).wait_until_ready()
    before = server.output.count("starting it again")
    server.kill_engine() if what == "engine" else server.kill_receiver()
    server.wait_for(lambda: server.output.count("starting it again") > before)
    server.wait_for(lambda: server.status("/-/ready") == 200)
    return server


def test_killed_while_it_sends_nothing_is_missing_at_any_target(tmp_path):
    start_ms = int(time.time() * 1000) - 3_000_000
    with prometheus(tmp_path, "global: {}\n", *RECEIVER) as other, RunningServer(tmp_path / "sink", config=QUIET) as sink:
        block = json.loads(targets({"prometheus": other.url, "fusewatch": sink.url}))
        for one in block:
            one["queue_config"] |= {"max_samples_per_send": 50, "min_shards": 2}
        config = f"{QUIET}storage: {{commit_rows: 2000}}\nremote_write: {json.dumps(block)}\n"
        listen = free_address()
        server = RunningServer(tmp_path / "data", "--listen", listen, config=config).wait_until_ready()
        writers = [Writer(server, number, start_ms) for number in range(2)]
        for writer in writers:
            writer.start()
        for kill in ("engine", "receiver", "all", "engine", "all"):
            goal = {writer: writer.acknowledged + 15 for writer in writers}
            server.wait_for(lambda goal=goal: all(writer.acknowledged >= wanted for writer, wanted in goal.items()))
            server = killed(server, kill, listen, config)
            for writer in writers:
                writer.server = server
        for writer in writers:
            writer.stopping.set()
            writer.join(timeout=60)
        try:
            assert missing(ours(server.url), writers) == {}
            for target in (ours(sink.url), other):
                server.wait_for(lambda target=target: missing(target, writers) == {}, within_s=60)
        finally:
            server.stop()


def test_a_target_that_is_away_is_a_finding_and_gets_everything_after_a_restart_of_ours(tmp_path):
    now, address = int(time.time() * 1000) - 600_000, free_address()
    config = f"{QUIET}storage: {{commit_rows: 100}}\nremote_write: {targets({'away': f'http://{address}'})}\n"

    def batch(k):
        return remote_body(({"__name__": "sent_late", "n": str(n)}, [(now + k * 1000, float(k))]) for n in range(100))

    with RunningServer(tmp_path / "data", config=config) as server:
        for k in range(20):
            write(server, batch(k))
        server.wait_for(lambda: list((tmp_path / "data" / "sending").glob("*.log")))
        server.wait_for(
            lambda: [one for one in server.json("/api/fusewatch/v1/findings")["findings"] if "remote write away" in one["title"]]
        )
        assert server.status("/-/ready") == 200
        assert b'fusewatch_remote_write_failing{remote_name="away"' in server.ask("/metrics")[1]
    with RunningServer(tmp_path / "data", config=config) as server:
        write(server, batch(20))
        with victoria_metrics(tmp_path / "vm", address) as victoria:
            complete = dict.fromkeys(range(100), 21)
            server.wait_for(
                lambda: {int(dict(labels)["n"]): len(rows) for labels, rows in exported(victoria, now, now + 60_000).items()} == complete
            )
            server.wait_for(lambda: not list((tmp_path / "data" / "sending").glob("*.log")), within_s=60)


def test_targets_come_change_and_go_with_a_reload(tmp_path):
    now = int(time.time() * 1000) - 60_000
    with RunningServer(tmp_path / "sink", config=QUIET) as sink, RunningServer(tmp_path / "data", config=QUIET) as server:

        def reload(block):
            server.config.write_text(f"{QUIET}remote_write: {json.dumps(block)}\n")
            status, answer = server.ask("/-/reload", b"")
            assert status == 200, answer

        def arrived():
            return {dict(labels)["n"]: dict(labels).get("via") for labels in read(ours(sink.url), now, now + 60_000)}

        def one(n):
            write(server, remote_body([({"__name__": "sent_one", "n": n}, [(now, 1.0)])]))

        [block] = json.loads(targets({"sink": sink.url}))
        one("before")
        reload([block])
        one("added")
        server.wait_for(lambda: arrived() == {"added": None})
        reload([{**block, "write_relabel_configs": [{"target_label": "via", "replacement": "rule"}]}])
        one("changed")
        server.wait_for(lambda: arrived() == {"added": None, "changed": "rule"})
        reload([])
        one("removed")
        components = [component["name"] for component in server.json("/api/fusewatch/v1/components")["components"]]
        assert "remote write sink" not in components
        assert list((tmp_path / "data" / "sending").iterdir()) == []
        reload([block])
        one("again")
        server.wait_for(lambda: arrived() == {"added": None, "changed": "rule", "again": None})
