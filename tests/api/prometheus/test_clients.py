"""The field's own clients, unchanged, against a real server: promtool and prometheus-api-client."""

from __future__ import annotations

import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.api.running import running

MINUTE = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that knows 20 minutes of two counters."""
    with running(tmp_path_factory.mktemp("store")) as found:
        now = int(time.time() * 1000) // MINUTE * MINUTE
        for instance, rate in (("a:80", 1.0), ("b:80", 2.0)):
            labels = {"__name__": "requests_total", "job": "api", "instance": instance}
            found.add(labels, *[(now - before * MINUTE, 1000.0 - before * 60 * rate) for before in range(20, -1, -1)])
        found.now = now
        yield found


# promtool ----------------------------------------------------------------------------------------------------------------------------

promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")


def ask_promtool(*arguments):
    done = subprocess.run(["promtool", "query", *arguments], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


@promtool
def test_promtool_asks_at_one_moment(server):
    code, out, err = ask_promtool("instant", f"--time={server.now / 1000:.0f}", server.url, "sum by (job) (rate(requests_total[5m]))")
    assert (code, err) == (0, "")
    assert out == f'{{job="api"}} => 3 @[{server.now // 1000}]\n'


@promtool
def test_promtool_asks_for_a_range(server):
    start, end = server.now // 1000 - 120, server.now // 1000
    code, out, err = ask_promtool("range", f"--start={start}", f"--end={end}", "--step=1m", server.url, 'requests_total{instance="a:80"}')
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        'requests_total{instance="a:80", job="api"} =>',
        f"880 @[{start}]",
        f"940 @[{start + 60}]",
        f"1000 @[{end}]",
    ]


@promtool
def test_promtool_lists_series_and_labels(server):
    code, out, _ = ask_promtool("series", "--match=requests_total", f"--start={server.now / 1000 - 600:.0f}", server.url)
    assert code == 0
    assert sorted(out.splitlines()) == [
        '{__name__="requests_total", instance="a:80", job="api"}',
        '{__name__="requests_total", instance="b:80", job="api"}',
    ]
    assert ask_promtool("labels", server.url, "instance")[1].splitlines() == ["a:80", "b:80"]


@promtool
def test_promtool_shows_our_errors(server):
    code, _, err = ask_promtool("instant", server.url, "sum(")
    assert code == 1
    assert "bad_data" in err
    assert 'invalid parameter "query": 1:5: parse error' in err


# prometheus-api-client ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["GET", "POST"])
def client(server, request):
    # Imported here: the package brings pandas and matplotlib where they are installed.
    from prometheus_api_client import PrometheusConnect  # noqa: PLC0415

    with PrometheusConnect(url=server.url, method=request.param) as connected:
        yield connected


def test_the_python_client_queries(server, client):
    at = {"time": server.now / 1000}
    assert client.custom_query("sum(requests_total)", params=at) == [{"metric": {}, "value": [server.now // 1000, "2000"]}]
    assert [row["value"][1] for row in client.get_current_metric_value("requests_total", {"instance": "b:80"}, params=at)] == ["1000"]
    end = datetime.fromtimestamp(server.now / 1000, UTC)
    [series] = client.custom_query_range("sum(requests_total)", end - timedelta(minutes=2), end, "60")
    assert [value for _, value in series["values"]] == ["1640", "1820", "2000"]
    assert len(client.get_metric_range_data("requests_total", start_time=end - timedelta(minutes=5), end_time=end)) == 2
    assert client.get_metric_aggregation("requests_total", ["max"], end - timedelta(minutes=2), end, "60")["max"] == 1000


def test_the_python_client_explores(server, client):
    end = datetime.fromtimestamp(server.now / 1000, UTC)
    assert client.all_metrics() == ["requests_total"]
    assert client.get_label_names() == ["__name__", "instance", "job"]
    assert client.get_label_values("instance") == ["a:80", "b:80"]
    assert len(client.get_series(end - timedelta(minutes=5), end, {"match[]": "requests_total"})) == 2
    assert client.get_targets() == {"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}}
    assert client.get_scrape_pools() == []
    assert client.get_metric_metadata("requests_total") == []
