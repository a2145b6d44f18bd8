"""Queries are answered with Prometheus' bodies, and refused with its words and codes."""

from __future__ import annotations

import socket
import threading

import pytest
from tests.api.running import application, listening, until
from tests.api.serving import NOW, Served, memory_services
from tests.promql.memory import MemoryReader

from fusewatch.api.prometheus.pool import PoolLimits, QueryPool
from fusewatch.promql.engine import Engine, QueryLimits
from fusewatch.telemetry.labels import Labels

pytestmark = pytest.mark.anyio

S = NOW // 1000
UP = {"__name__": "up", "instance": "a:80", "job": "api"}


@pytest.fixture
def store(served):
    served.add(UP, (30_000, 0.5), (15_000, 1.0), (0, 2.0))
    served.add({**UP, "instance": "b:80"}, (15_000, float("nan")))
    return served


async def test_an_instant_vector(store):
    answer = await store.get("/api/v1/query", query="up", time=str(S))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "status": "success",
        "data": {
            "resultType": "vector",
            "result": [
                {"metric": UP, "value": [S, "2"]},
                {"metric": {**UP, "instance": "b:80"}, "value": [S, "NaN"]},
            ],
        },
    }


async def test_now_is_when_no_time_is_given(store):
    answer = await store.get("/api/v1/query", query='up{instance="a:80"}')
    assert answer.json()["data"]["result"][0]["value"] == [S, "2"]


async def test_a_range(store):
    answer = await store.get("/api/v1/query_range", query='up{instance="a:80"}', start=S - 30, end=S, step="15s")
    assert answer.json()["data"] == {
        "resultType": "matrix",
        "result": [{"metric": UP, "values": [[S - 30, "0.5"], [S - 15, "1"], [S, "2"]]}],
    }


async def test_a_range_by_post_form(store):
    form = {"query": 'up{instance="a:80"}', "start": str(S - 15), "end": str(S), "step": "15"}
    answer = await store.post("/api/v1/query_range", **form)
    assert answer.json()["data"]["result"][0]["values"] == [[S - 15, "1"], [S, "2"]]


@pytest.mark.parametrize(
    ("query", "kind", "result"),
    [
        ("1.5", "scalar", [S, "1.5"]),
        ("1e21", "scalar", [S, "1000000000000000000000"]),
        ('"text \\"quoted\\""', "string", [S, 'text "quoted"']),
        ("up{job='none'}", "vector", []),
        ("vector(1e21)", "vector", [{"metric": {}, "value": [S, "1e+21"]}]),
        ("up{instance='a:80'}[20s]", "matrix", [{"metric": UP, "values": [[S - 15, "1"], [S, "2"]]}]),
    ],
)
async def test_every_type_of_result_at_one_moment(store, query, kind, result):
    data = (await store.get("/api/v1/query", query=query, time=str(S))).json()["data"]
    assert data == {"resultType": kind, "result": result}


async def test_milliseconds_of_a_time_are_kept(store):
    data = (await store.get("/api/v1/query", query="vector(1)", time=f"{S}.250")).json()["data"]
    assert data["result"][0]["value"] == [S + 0.25, "1"]


async def test_a_limit_cuts_and_says_so(store):
    answer = (await store.get("/api/v1/query", query="up", limit=1)).json()
    assert len(answer["data"]["result"]) == 1
    assert answer["warnings"] == ["results truncated due to limit"]
    answer = (await store.get("/api/v1/query", query="up", limit=2)).json()
    assert "warnings" not in answer


async def test_statistics_are_shown_on_request(store):
    stats = (await store.get("/api/v1/query", query="up", stats="all")).json()["data"]["stats"]
    assert stats["samples"]["totalQueryableSamples"] > 0
    assert stats["timings"]["execTotalTime"] > 0
    other = (await store.get("/api/v1/query", query="up", stats="x")).json()
    assert "deprecated" in other["warnings"][0]


async def test_lookback_can_be_shortened(store):
    answer = await store.get("/api/v1/query", query="up", time=str(S + 10), lookback_delta="5s")
    assert answer.json()["data"]["result"] == []


# path, parameters, status, errorType, error
REFUSALS = [
    ("query", {"query": "up{"}, 400, "bad_data", 'invalid parameter "query": 1:4: parse error: unexpected end of input'),
    ("query", {"query": ""}, 400, "bad_data", None),
    ("query", {}, 400, "bad_data", None),
    ("query", {"query": "up", "time": "x"}, 400, "bad_data", "cannot parse"),
    ("query", {"query": "up", "timeout": "x"}, 400, "bad_data", 'invalid parameter "timeout": cannot parse "x" to a valid duration'),
    ("query", {"query": "up", "limit": "-1"}, 400, "bad_data", 'invalid parameter "limit": limit must be non-negative'),
    (
        "query",
        {"query": "up", "lookback_delta": "x"},
        400,
        "bad_data",
        'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    ),
    ("query", {"query": 'up{job=~"["}'}, 400, "bad_data", None),
    (
        "query_range",
        {"query": "up", "end": "1", "step": "1"},
        400,
        "bad_data",
        'invalid parameter "start": cannot parse "" to a valid timestamp',
    ),
    (
        "query_range",
        {"query": "up", "start": "x", "end": "1", "step": "1"},
        400,
        "bad_data",
        'invalid parameter "start": cannot parse "x" to a valid timestamp',
    ),
    (
        "query_range",
        {"query": "up", "start": "2", "end": "1", "step": "1"},
        400,
        "bad_data",
        'invalid parameter "end": end timestamp must not be before start time',
    ),
    (
        "query_range",
        {"query": "up", "start": "1", "end": "2", "step": "0"},
        400,
        "bad_data",
        'invalid parameter "step": zero or negative query resolution',
    ),
    (
        "query_range",
        {"query": "up", "start": "1", "end": "2"},
        400,
        "bad_data",
        'invalid parameter "step": cannot parse "" to a valid duration',
    ),
    (
        "query_range",
        {"query": "up", "start": "0", "end": "11001", "step": "1"},
        400,
        "bad_data",
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    ),
    ("query_range", {"query": "up[5m]", "start": "1", "end": "2", "step": "1"}, 400, "bad_data", "invalid expression type"),
    ("query", {"query": "up + on(job) group_left up", "time": str(S)}, 422, "execution", None),
    ("format_query", {"query": "up{"}, 400, "bad_data", 'invalid parameter "query": 1:4: parse error'),
    ("parse_query", {"query": "up{"}, 400, "bad_data", 'invalid parameter "query": 1:4: parse error'),
    ("query_exemplars", {"query": "up{"}, 400, "bad_data", "parse error"),
    ("series", {}, 400, "bad_data", "no match[] parameter provided"),
    ("series", {"match[]": "up["}, 400, "bad_data", 'invalid parameter "match[]": '),
    ("series", {"match[]": "sum(up)"}, 400, "bad_data", 'invalid parameter "match[]": 1:4: parse error: unexpected "("'),
    ("series", {"match[]": "up offset 5m"}, 400, "bad_data", 'invalid parameter "match[]": 1:4: parse error: unexpected <offset>'),
    ("series", {"match[]": "1"}, 400, "bad_data", 'invalid parameter "match[]": 1:1: parse error: unexpected number "1"'),
    ("query", {"query": '"é" bar'}, 400, "bad_data", 'invalid parameter "query": 1:6: parse error: unexpected identifier "bar"'),
    ("query", {"query": "1 </ 2"}, 422, "execution", 'operator "</" not allowed for Scalar operations'),
    ("series", {"match[]": '{job=""}'}, 400, "bad_data", "must contain at least one non-empty matcher"),
    ("labels", {"match[]": "1"}, 400, "bad_data", None),
    ("label/job/values", {"start": "x"}, 400, "bad_data", 'invalid parameter "start"'),
    ("metadata", {"limit": "x"}, 400, "bad_data", "limit must be a number"),
    ("targets/metadata", {"match_target": "{"}, 400, "bad_data", 'invalid parameter "match_target"'),
    ("status/tsdb", {"limit": "0"}, 400, "bad_data", "limit must be a positive number"),
    ("rules", {"type": "x"}, 400, "bad_data", 'invalid parameter "type": not supported value "x"'),
    ("nothing", {}, 404, "not_found", None),
]


@pytest.mark.parametrize(("path", "parameters", "status", "kind", "words"), REFUSALS)
async def test_what_is_wrong_is_said_as_prometheus_says_it(store, path, parameters, status, kind, words):
    answer = await store.get(f"/api/v1/{path}", **parameters)
    body = answer.json()
    assert (answer.status_code, body["status"], body["errorType"]) == (status, "error", kind), body
    assert words is None or words in body["error"]


async def test_a_query_is_laid_out(store):
    assert (await store.get("/api/v1/format_query", query="sum( up )by(job)")).json() == {"status": "success", "data": "sum by (job) (up)"}


SELECTOR = {
    "name": "up",
    "matchers": [{"name": "job", "value": "a|b", "type": "=~"}, {"name": "__name__", "value": "up", "type": "="}],
    "offset": 60_000,
    "offsetExpr": None,
    "timestamp": None,
    "startOrEnd": "end",
    "anchored": False,
    "smoothed": False,
}


async def test_a_query_is_told_as_a_tree(store):
    query = 'sum by (job) (-rate(up{job=~"a|b"}[5m] @ end() offset 1m)) > bool on (job) group_left (x) 1 * topk(3, up smoothed)'
    found = (await store.get("/api/v1/parse_query", query=query)).json()["data"]
    assert (found["type"], found["op"], found["bool"]) == ("binaryExpr", ">", True)
    fills = {"lhs": None, "rhs": None}
    assert found["matching"] == {"card": "many-to-one", "on": True, "labels": ["job"], "include": ["x"], "fillValues": fills}
    total = found["lhs"]
    assert (total["type"], total["op"], total["grouping"], total["without"], total["param"]) == ("aggregation", "sum", ["job"], False, None)
    minus = total["expr"]
    assert (minus["type"], minus["op"]) == ("unaryExpr", "-")
    rate = {"name": "rate", "argTypes": ["matrix"], "variadic": 0, "returnType": "vector"}
    assert minus["expr"] == {
        "type": "call",
        "func": rate,
        "args": [{"type": "matrixSelector", "range": 300_000, "rangeExpr": None, **SELECTOR}],
    }
    product = found["rhs"]
    assert (product["lhs"], product["matching"]) == ({"type": "numberLiteral", "val": "1"}, None)
    assert product["rhs"]["param"] == {"type": "numberLiteral", "val": "3"}
    assert product["rhs"]["expr"]["smoothed"] is True


async def test_a_subquery_is_told_with_its_step(store):
    found = (await store.get("/api/v1/parse_query", query='label_join(up[5m:30s] @ 10, "a", "b")')).json()
    assert found["errorType"] == "bad_data"
    found = (await store.get("/api/v1/parse_query", query="max_over_time(up[5m:30s] @ 10)")).json()["data"]["args"][0]
    assert (found["type"], found["range"], found["step"], found["timestamp"]) == ("subquery", 300_000, 30_000, 10_000)


async def test_nocache_is_a_yes_or_a_no(store):
    window = {"query": "up", "start": "0", "end": "60", "step": "60"}
    for nocache in ("", "0", "1"):
        assert (await store.get("/api/v1/query_range", **window, nocache=nocache)).status_code == 200
    refused = await store.get("/api/v1/query_range", **window, nocache="maybe")
    assert (refused.status_code, refused.json()["error"]) == (400, 'invalid parameter "nocache": expected 0 or 1')


async def test_a_query_is_explained(store):
    found = (await store.get("/api/v1/query", query="sum(uo)", time=str(S), explain="1")).json()["data"]["explain"]
    assert (found["query"], found["series"]) == ("sum(uo)", 0)
    assert found["parts"][0]["reason"].startswith("there is no metric uo")
    assert "explain" not in (await store.get("/api/v1/query", query="up", time=str(S))).json()["data"]
    assert (await store.get("/api/v1/query", query="up", explain="yes")).json()["errorType"] == "bad_data"


async def test_there_are_no_exemplars(store):
    answer = await store.get("/api/v1/query_exemplars", query="up", start="0", end="1")
    assert answer.json() == {"status": "success", "data": []}


async def test_a_limit_on_samples_is_an_execution_error(store):
    store.services = memory_services(
        reader=store.services.reader, pool=QueryPool(PoolLimits(max_samples=1)), engine=Engine(store.services.reader)
    )
    answer = await store.get("/api/v1/query", query="up[5m]", time=str(S))
    assert (answer.status_code, answer.json()["errorType"]) == (422, "execution")
    assert "too many samples" in answer.json()["error"]
    store.services.pool.close()


class SlowReader(MemoryReader):
    """Reads until its budget says stop."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = threading.Event()
        self.budget = None

    def fetch(self, matchers, start, end, budget, windows=()):
        self.budget = budget
        self.reading.set()
        while True:
            budget.check()


async def test_a_query_ends_with_its_own_timeout():
    reader = SlowReader()
    served = Served(memory_services(reader=reader, engine=Engine(reader, QueryLimits())))
    answer = await served.get("/api/v1/query", query="up", timeout="20ms")
    assert (answer.status_code, answer.json()["errorType"]) == (503, "timeout")
    assert "query timed out" in answer.json()["error"]
    served.services.pool.close()


REQUESTS = [
    b"GET /api/v1/query?query=up HTTP/1.1\r\nHost: here\r\n\r\n",
    b"POST /api/v1/query HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nquery=up",
]


@pytest.mark.parametrize("request_bytes", REQUESTS, ids=["get", "post"])
async def test_a_query_ends_when_its_client_hangs_up(request_bytes):
    reader = SlowReader()
    services = memory_services(reader=reader, engine=Engine(reader))
    with listening(application(services)) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(request_bytes)
            assert reader.reading.wait(10)
            assert not reader.budget.cancelled
        until(lambda: reader.budget.cancelled)
        until(lambda: services.pool.statistics().running == 0)
    services.pool.close()


async def test_utf8_names_arrive_whole(served):
    served.add({"__name__": "http.size", "größe": 'ü"\\\n'}, (0, 1.0))
    [row] = (await served.get("/api/v1/query", query='{"http.size"}')).json()["data"]["result"]
    assert Labels(row["metric"]) == Labels({"__name__": "http.size", "größe": 'ü"\\\n'})
