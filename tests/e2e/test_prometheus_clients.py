"""A real exporter scraped, and Prometheus' own clients asking for what it said."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest
from prometheus_api_client import PrometheusConnect
from tests.running import RunningServer

pytestmark = pytest.mark.e2e

CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['127.0.0.1:{port}'], labels: {{env: test}}}}]
    metric_relabel_configs: [{{source_labels: [__name__], regex: go_.*, action: drop}}]
host: {{enabled: false}}
"""


def need(program: str) -> str:
    return shutil.which(program) or pytest.skip(f"{program} is not installed")


@pytest.fixture(scope="module")
def node_exporter():
    program = need("prometheus-node-exporter")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, f"--web.listen-address=127.0.0.1:{port}", "--collector.disable-defaults", "--collector.cpu", "--collector.meminfo"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        RunningServer.wait_for(lambda: _answers(f"http://127.0.0.1:{port}/metrics"))
        yield port
        process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def scraping(node_exporter, tmp_path_factory):
    with RunningServer(tmp_path_factory.mktemp("scraping") / "data", config=CONFIG.format(port=node_exporter)) as server:
        server.wait_for(lambda: server.query("count_over_time(up{job='node'}[1m]) >= 5"))
        yield server


def test_the_exporter_is_up_and_its_metrics_are_there(scraping, node_exporter):
    [up] = scraping.query("up{job='node'}")
    assert up["metric"] == {"__name__": "up", "job": "node", "instance": f"127.0.0.1:{node_exporter}", "env": "test"}
    assert up["value"][1] == "1"
    assert scraping.query("node_memory_MemTotal_bytes")
    assert scraping.query("sum by (mode) (rate(node_cpu_seconds_total[10s]))")
    assert scraping.query("go_goroutines") == []


def test_a_target_page_and_metadata_know_it(scraping):
    [target] = scraping.json("/api/fusewatch/v1/targets?job=node")["targets"]
    assert target["health"] == "up"
    assert scraping.json("/api/v1/metadata?metric=node_cpu_seconds_total")["data"]["node_cpu_seconds_total"][0]["type"] == "counter"


def test_promtool_asks_for_a_moment_a_range_series_and_labels(scraping):
    program = need("promtool")

    def promtool(*arguments: str) -> str:
        return subprocess.run([program, "query", *arguments], capture_output=True, text=True, check=True, timeout=30).stdout

    assert "=> 1 @" in promtool("instant", scraping.url, "up{job='node'}")
    now = int(time.time())
    shown = promtool("range", f"--start={now - 10}", f"--end={now}", "--step=1s", scraping.url, "up{job='node'}")
    assert shown.count("1 @") >= 3
    assert "env" in promtool("labels", scraping.url, "env") or "test" in promtool("labels", scraping.url, "env")
    assert "node_memory_MemTotal_bytes" in promtool("series", "--match=node_memory_MemTotal_bytes", scraping.url)


def test_the_python_client_of_prometheus_works(scraping):
    client = PrometheusConnect(url=scraping.url)
    assert client.check_prometheus_connection()
    assert "node_cpu_seconds_total" in client.all_metrics()
    assert client.get_current_metric_value("up", label_config={"job": "node"})[0]["value"][1] == "1"


def test_the_command_line_asks_the_running_server(scraping):
    from click.testing import CliRunner  # noqa: PLC0415

    from fusewatch.cli.main import fusewatch  # noqa: PLC0415

    done = CliRunner().invoke(fusewatch, ["query", "up{job='node'}", "--server", scraping.url, "--format", "json"])
    assert json.loads(done.stdout)["result"][0]["value"][1] == "1"


def test_prometheus_federates_from_it(scraping, tmp_path):
    program = need("prometheus")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = scraping.url.removeprefix("http://")
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: federate\n"
        "    honor_labels: true\n"
        "    metrics_path: /federate\n"
        "    params: {'match[]': ['{job=\"node\"}']}\n"
        f"    static_configs: [{{targets: ['{address}']}}]\n"
    )
    command = [
        program,
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            RunningServer.wait_for(lambda: _answers(f"http://127.0.0.1:{port}/-/ready"))
            prometheus = PrometheusConnect(url=f"http://127.0.0.1:{port}")
            [found] = RunningServer.wait_for(lambda: prometheus.custom_query("node_memory_MemTotal_bytes"))
        finally:
            process.terminate()
    assert found["metric"]["job"] == "node"


def test_prometheus_writes_remotely_to_it(scraping, node_exporter, tmp_path):
    program = need("prometheus")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, external_labels: {replica: one}}\n"
        f"scrape_configs: [{{job_name: remote, static_configs: [{{targets: ['127.0.0.1:{node_exporter}']}}]}}]\n"
        f"remote_write: [{{url: '{scraping.url}/api/v1/write', queue_config: {{batch_send_deadline: 200ms}}}}]\n"
    )
    command = [
        program,
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            [found] = scraping.wait_for(lambda: scraping.query("node_memory_MemTotal_bytes{job='remote'}"))
        finally:
            process.terminate()
    assert found["metric"]["replica"] == "one"
