"""What Grafana's Prometheus data source and its pages send, as they send it, and what they read of the answers.

After packages/grafana-prometheus, pkg/promlib and public/app/features/alerting/unified of https://github.com/grafana/grafana. The data
source speaks through Grafana's backend: by POST where it is set up so and the endpoint takes it, by GET otherwise, and again by GET where
a POST was answered with 400 or 405.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import numpy as np
import pytest
from tests.api.running import Running, running

from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, SampleBatch

MINUTE = 60_000
#: What Grafana's backend adds to a request of a panel, of Explore, or of an alert rule.
HEADERS = {
    "User-Agent": "Grafana/12.0.0",
    "Accept-Encoding": "gzip",
    "X-Grafana-Org-Id": "1",
    "X-Grafana-User": "anna",
    "X-Dashboard-UID": "d1",
    "X-Panel-Id": "2",
    "X-Datasource-Uid": "prometheus",
    "X-Query-Group-Id": "5e1b",
    "FromAlert": "true",
    "X-Rule-Uid": "r1",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}
#: How the language provider asks for all series: https://github.com/grafana/grafana/blob/main/packages/grafana-prometheus/src/constants.ts.
ALL_SERIES = '{__name__!=""}'
LIMIT = "40000"


@dataclass
class DataSource:
    """Grafana's client: a server, and the moment that "now" is (ms)."""

    server: Running
    now: int
    #: What a user wrote under "Custom query parameters"; it stands in the URL whatever the method.
    custom: str = ""

    @property
    def range(self) -> dict[str, str]:
        """The time of the page, snapped to whole seconds."""
        return {"start": str(self.now // 1000 - 600), "end": str(self.now // 1000)}

    def ask(self, method: str, path: str, *, status: int = 200, form: dict[str, object] | None = None, query: str = "") -> dict:
        """The answer's JSON; the form is the body of a POST, or a part of the URL of a GET."""
        fields = urlencode(form or {}, doseq=True)
        parameters = "&".join(filter(None, (self.custom, query, fields if method == "GET" else "")))
        sent = {} if method == "GET" else {"content": fields, "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
        headers = {**HEADERS, **sent.pop("headers", {})}
        answer = httpx.request(method, f"{self.server.url}/api/v1/{path}?{parameters}", headers=headers, **sent)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    def data(self, method: str, path: str, **sent: object):
        """What a successful answer has to say."""
        answer = self.ask(method, path, **sent)
        assert answer["status"] == "success"
        return answer["data"]


def bucket(le: str) -> Labels:
    return Labels({"__name__": "latency_bucket", "job": "api", "le": le})


NATIVE = Labels({"__name__": "latency", "job": "api"})
TRACE = Labels({"traceID": "4bf92f3577b34da6"})


def histogram(number: int) -> Histogram:
    counts = (4.0 * number, 2.0 * number)
    return Histogram(schema=0, count=sum(counts), sum=9.0 * number, positive_spans=(Span(0, 2),), positive_buckets=counts)


def fill(server: Running, now: int) -> None:
    """Ten minutes of counters, a classic and a native histogram, an exemplar, a name that is no name of old, and descriptions."""
    times = [now - before * MINUTE for before in range(10, -1, -1)]
    for instance, rate in (("a:80", 1.0), ("b:80", 2.0)):
        labels = {"__name__": "requests_total", "job": "api", "instance": instance}
        server.add(labels, *[(time, 60 * rate * number) for number, time in enumerate(times)])
    for le, rate in (("0.1", 1.0), ("0.5", 3.0), ("+Inf", 4.0)):
        server.add(bucket(le).as_dict(), *[(time, rate * number) for number, time in enumerate(times)])
    server.add({"__name__": "http.requests", "http.status": "200"}, (now, 5.0))
    rows = HistogramRows.of([(NATIVE.id, time, histogram(number).encode()) for number, time in enumerate(times, 1)])
    exemplars = ExemplarRows.of([(bucket("0.5").id, now - 500, 0.25, TRACE.canonical)])
    empty = np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0)
    batch = SampleBatch(*empty, {NATIVE.id: NATIVE, bucket("0.5").id: bucket("0.5")}, histograms=rows, exemplars=exemplars)
    described = [
        MetricMetadata("requests_total", "counter", "Requests answered.", ""),
        MetricMetadata("latency", "histogram", "Time.", "s"),
    ]
    for work in (server.store.write(batch), server.store.write_metadata(described)):
        asyncio.run_coroutine_threadsafe(work, server.loop).result(10)


@pytest.fixture(scope="module")
def grafana(tmp_path_factory):
    with running(tmp_path_factory.mktemp("store")) as server:
        now = server.store._clock.now_ms() // MINUTE * MINUTE
        fill(server, now)
        yield DataSource(server, now)


both = pytest.mark.parametrize("method", ["GET", "POST"])


# Setting up ----------------------------------------------------------------------------------------------------------------------------


@both
def test_save_and_test_asks_for_a_sum_in_1970(grafana, method):
    """pkg/promlib/healthcheck.go."""
    assert grafana.data(method, "query", form={"query": "1+1", "time": "4"}) == {"resultType": "scalar", "result": [4, "2"]}


def test_the_heuristics_find_a_prometheus_of_a_version_that_has_everything(grafana):
    """pkg/promlib/heuristics.go takes what names features for Mimir; the version decides whether labels are asked for with match[]."""
    found = grafana.data("GET", "status/buildinfo")
    assert "features" not in found
    assert tuple(map(int, re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", found["version"]).groups())) >= (2, 24, 0)
    assert all(isinstance(found[name], str) for name in ("revision", "branch", "buildUser", "buildDate", "goVersion"))


def test_the_old_way_to_the_version_is_a_metric_that_may_be_missing(grafana):
    """fetchPromBuildInfoFallback in public/app/features/alerting/unified/api/buildInfo.ts."""
    assert grafana.data("GET", "query", form={"query": "prometheus_build_info"}) == {"resultType": "vector", "result": []}


@both
def test_whether_there_are_exemplars_is_asked_in_milliseconds(grafana, method):
    """areExemplarsAvailable in datasource.ts takes milliseconds for seconds: any success will do."""
    form = {"query": "test", "start": str(grafana.now - 30 * MINUTE), "end": str(grafana.now)}
    assert grafana.data(method, "query_exemplars", form=form) == []


def test_rules_are_loaded_for_the_editor_and_the_alerting_pages(grafana):
    """loadRules in datasource.ts; getGroups in prometheusApi.ts names everything twice, for Mimir and for Prometheus."""
    assert isinstance(grafana.data("GET", "rules")["groups"], list)
    narrowed = dict.fromkeys(("file", "file[]", "rule_group", "rule_group[]", "rule_name", "rule_name[]"), "x")
    asked = {**narrowed, "exclude_alerts": "true", "group_limit": "40", "limit_alerts": "16"}
    assert isinstance(grafana.data("GET", "rules", form=asked)["groups"], list)
    assert isinstance(grafana.data("GET", "alerts")["alerts"], list)


# Panels and Explore --------------------------------------------------------------------------------------------------------------------


def range_form(grafana: DataSource, query: str, **changes: str) -> dict[str, str]:
    return {"query": query, **grafana.range, "step": "60", **changes}


@both
def test_a_range_query_has_its_step_in_seconds(grafana, method):
    query = 'rate(requests_total{instance="a:80"}[5m])'
    found = grafana.data(method, "query_range", form=range_form(grafana, query, start=str(grafana.now // 1000 - 60), timeout="60s"))
    shown = [[grafana.now // 1000 - 60, "1"], [grafana.now // 1000, "1"]]
    assert found == {"resultType": "matrix", "result": [{"metric": {"instance": "a:80", "job": "api"}, "values": shown}]}


@pytest.mark.parametrize("step", ["0.5", "15", "15.000", "1e1", "1m"])
def test_steps_are_numbers_of_any_form(grafana, step):
    start = f"{grafana.now / 1000 - 30:.3f}"
    assert grafana.data("POST", "query_range", form=range_form(grafana, "sum(requests_total)", start=start, step=step))["result"]


@both
def test_an_instant_query_of_a_panel_or_an_alert_rule(grafana, method):
    found = grafana.data(method, "query", form={"query": "sum(requests_total)", "time": f"{grafana.now / 1000:.3f}", "timeout": "60s"})
    assert found == {"resultType": "vector", "result": [{"metric": {}, "value": [grafana.now // 1000, "1800"]}]}


def test_a_heat_map_of_classic_buckets_has_one_series_for_each_le(grafana):
    """The panel sorts them by le and takes each from the next: public/app/core/utils/heatmap and result_transformer.ts."""
    query = "sum by (le) (increase(latency_bucket[5m]))"
    found = grafana.data("POST", "query_range", form=range_form(grafana, query))["result"]
    last = {row["metric"]["le"]: float(row["values"][-1][1]) for row in found}
    assert last == pytest.approx({"0.1": 5.0, "0.5": 15.0, "+Inf": 20.0})


@both
def test_a_heat_map_of_native_histograms_has_cells(grafana, method):
    """readHistogram in pkg/promlib/converter/prom.go: layout as a number, bounds and count as text; series without "values"."""
    [row] = grafana.data(method, "query_range", form=range_form(grafana, "latency"))["result"]
    assert row["metric"] == NATIVE.as_dict()
    assert "values" not in row
    time, cells = row["histograms"][-1]
    assert time == grafana.now / 1000
    assert cells == {"count": "66", "sum": "99", "buckets": [[0, "0.5", "1", "44"], [0, "1", "2", "22"]]}
    [row] = grafana.data(method, "query", form={"query": "latency", "time": str(grafana.now // 1000)})["result"]
    assert row["histogram"] == [grafana.now // 1000, cells]


def test_exemplars_name_their_series_first(grafana):
    """readLabelsOrExemplars in prom.go reads in order: a series' labels stand before its exemplars; values are text."""
    query = "histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))"
    found = grafana.data("POST", "query_exemplars", form={"query": query, **grafana.range})
    shown = {"labels": {"traceID": "4bf92f3577b34da6"}, "value": "0.25", "timestamp": grafana.now / 1000 - 0.5}
    assert found == [{"seriesLabels": bucket("0.5").as_dict(), "exemplars": [shown]}]
    assert list(found[0]) == ["seriesLabels", "exemplars"]


def test_warnings_and_infos_are_lists_of_text(grafana):
    """They become notices of a panel."""
    answer = grafana.ask(
        "POST", "query", form={"query": "rate(http_requests[5m]) + rate(requests_total[1s])", "time": str(grafana.now // 1000)}
    )
    assert all(isinstance(text, str) for name in ("warnings", "infos") for text in answer.get(name, []))
    answer = grafana.ask("POST", "query", form={"query": 'quantile(2, requests_total) + rate({"http.requests"}[5m])'})
    assert "quantile value should be between 0 and 1" in answer["warnings"][0]


def test_custom_parameters_stand_in_the_url_of_a_post(grafana):
    """pkg/promlib/middleware/custom_query_params.go; those of Thanos and VictoriaMetrics are common, and mean nothing here."""
    source = DataSource(grafana.server, grafana.now, "max_source_resolution=5m&dedup=true&partial_response=true&nocache=1&timeout=20s")
    form = range_form(grafana, "sum(requests_total)")
    assert source.data("POST", "query_range", form=form) == grafana.data("POST", "query_range", form=form)
    assert source.data("GET", "label/job/values", form=grafana.range) == ["api"]


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [("sum(", 400, "bad_data"), ("requests_total + on () requests_total", 422, "execution")],
)
@both
def test_an_error_is_said_in_prometheus_shape_however_it_was_asked(grafana, method, query, status, kind):
    """Grafana shows errorType and error, and asks again by GET after 400."""
    answer = grafana.ask(method, "query", status=status, form={"query": query, "time": str(grafana.now // 1000)})
    assert (answer["status"], answer["errorType"]) == ("error", kind)
    assert answer["error"]


# Completion, the metrics browser, variables ---------------------------------------------------------------------------------------------

NAMES = ["http.requests", "latency", "latency_bucket", "requests_total"]


def test_names_of_metrics(grafana):
    """LabelsApiClient.queryMetrics in resource_clients.ts; metrics() of a variable sends no limit."""
    assert grafana.data("GET", "label/__name__/values", form={"limit": LIMIT, **grafana.range}) == NAMES
    assert grafana.data("GET", "label/__name__/values", form=grafana.range) == NAMES


@pytest.mark.parametrize("matched", [{"match[]": "requests_total"}, {"match[]": ["requests_total", '{job="web"}']}])
def test_values_of_a_label(grafana, matched):
    form = {"limit": LIMIT, **grafana.range, **matched}
    assert grafana.data("GET", "label/instance/values", form=form) == ["a:80", "b:80"]
    answer = grafana.ask("GET", "label/instance/values", form={**form, "limit": "1"})
    assert answer["data"] == ["a:80"]
    assert answer["warnings"] == ["results truncated due to limit"]
    assert grafana.data("GET", "label/instance/values", form={**form, "limit": "0"}) == ["a:80", "b:80"]


def test_a_label_that_is_no_name_of_old_comes_escaped(grafana):
    """escapeForUtf8Support in utf8_support.ts."""
    form = {"limit": LIMIT, **grafana.range, "match[]": '{"http.requests"}'}
    assert grafana.data("GET", "label/U__http_2e_status/values", form=form) == ["200"]


@both
def test_names_of_labels(grafana, method):
    form = {"limit": LIMIT, **grafana.range}
    assert grafana.data(method, "labels", form=form) == ["__name__", "http.status", "instance", "job", "le"]
    form["match[]"] = '{__name__="requests_total",job="api"}'
    assert grafana.data(method, "labels", form=form) == ["__name__", "instance", "job"]


def test_labels_by_post_have_their_matchers_in_the_url_where_the_backend_suggests(grafana):
    """GetSuggestions in pkg/promlib/resource/resource.go: a POST whose body is empty, for ad-hoc filters and scopes."""
    query = urlencode({"match[]": ['requests_total{job="api"}', 'latency{job="api"}'], **grafana.range, "limit": "10000"}, doseq=True)
    assert grafana.data("POST", "labels", query=query) == ["__name__", "instance", "job"]
    assert grafana.data("GET", "label/job/values", query=query) == ["api"]


@both
def test_series_of_everything_and_of_a_selector(grafana, method):
    """SeriesApiClient in resource_clients.ts, and a variable whose query is a selector."""
    form = {**grafana.range, "match[]": ALL_SERIES, "limit": LIMIT}
    found = grafana.data(method, "series", form=form)
    assert {row["__name__"] for row in found} == set(NAMES)
    narrowed = grafana.data(method, "series", form={**form, "match[]": '{__name__="requests_total",instance!=""}'})
    assert sorted(row["instance"] for row in narrowed) == ["a:80", "b:80"]
    assert len(grafana.data(method, "series", form={**form, "limit": "1"})) == 1


def test_metadata_of_all_and_of_one_metric(grafana):
    """queryMetricsMetadata in language_provider.ts; its values are lists, of which the first is read."""
    known = {
        "requests_total": [{"type": "counter", "help": "Requests answered.", "unit": ""}],
        "latency": [{"type": "histogram", "help": "Time.", "unit": "s"}],
    }
    assert grafana.data("GET", "metadata") == known
    assert grafana.data("GET", "metadata", form={"limit": LIMIT}) == known
    assert len(grafana.data("GET", "metadata", form={"limit": "1"})) == 1
    assert grafana.data("GET", "metadata", form={"metric": "latency"}) == {"latency": known["latency"]}
    assert grafana.data("GET", "metadata", form={"metric": "nothing"}) == {}


@both
@pytest.mark.parametrize(
    ("query", "result"),
    [
        ("vector(2)", {"resultType": "vector", "result": [{"metric": {}, "value": [100, "2"]}]}),
        ("scalar(vector(3))", {"resultType": "scalar", "result": [100, "3"]}),
        ('"text"', {"resultType": "string", "result": [100, "text"]}),
    ],
)
def test_query_result_of_a_variable(grafana, method, query, result):
    """queryResultQuery in metric_find_query.ts reads vectors, scalars and strings."""
    assert grafana.data(method, "query", form={"query": query, "time": "100"}) == result


def test_the_rest_that_its_pages_and_plugins_ask_for(grafana):
    """Thanos' flags while rules are discovered, and what its plugins pass through the data source."""
    assert isinstance(grafana.data("GET", "status/flags"), dict)
    assert isinstance(grafana.data("GET", "status/runtimeinfo"), dict)
    assert isinstance(grafana.data("GET", "status/config")["yaml"], str)
    assert isinstance(grafana.data("GET", "status/tsdb")["headStats"]["numSeries"], int)
    assert isinstance(grafana.data("GET", "targets", form={"state": "active"})["activeTargets"], list)
    assert isinstance(grafana.data("GET", "targets/metadata", form={"limit": "1"}), list)
    assert isinstance(grafana.data("GET", "alertmanagers")["activeAlertmanagers"], list)
    assert grafana.data("GET", "format_query", form={"query": "sum(up)by(job)"}) == "sum by (job) (up)"
    assert grafana.data("POST", "parse_query", form={"query": "up"})["type"] == "vectorSelector"
