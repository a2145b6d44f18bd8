"""Whatever is sent, the answer is never a 500, and good neighbours are never lost."""

from __future__ import annotations

import asyncio
import struct
import time

import cramjam
import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from tests.api.running import application, store_services

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore

#: Of one loop and one store for the whole module: opening them for each example would take minutes.
relaxed = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


class Asked:
    """An app over a real store, asked without sockets."""

    def __init__(self, app: Starlette, runner: asyncio.Runner) -> None:
        self._app = app
        self._runner = runner

    def __call__(self, method: str, path: str, **sent) -> httpx.Response:
        return self._runner.run(self._ask(method, path, sent))

    async def _ask(self, method, path, sent):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://here") as asking:
            return await asking.request(method, path, **sent)


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    store = MetricStore.open(StorageSettings(), tmp_path_factory.mktemp("store"))
    services = store_services(store)
    with asyncio.Runner() as runner:
        yield Asked(application(services, store), runner)
    services.pool.close()
    store.close()


# Remote write ------------------------------------------------------------------------------------------------------------------------


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def series(labels, *samples):
    """A TimeSeries message: https://github.com/prometheus/prometheus/blob/main/prompb/types.proto."""
    pairs = b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels.items())
    points = b"".join(field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(timestamp)) for timestamp, value in samples)
    return field(1, pairs + points)


def write(ask, message):
    return ask("POST", "/api/v1/write", content=bytes(cramjam.snappy.compress_raw(message)), headers={"Content-Encoding": "snappy"})


def now_ms():
    return int(time.time() * 1000)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff" * 20)
@relaxed
def test_bytes_that_are_no_snappy_are_refused(ask, body):
    assert ask("POST", "/api/v1/write", content=body).status_code in {204, 400}


@given(st.binary(max_size=200))
@example(field(1, b""))
@example(field(1, field(1, b"")))
@example(field(3, b"\x08\x01"))
@relaxed
def test_bytes_that_are_no_request_are_refused(ask, message):
    assert write(ask, message).status_code in {204, 400}


VALID = series({"__name__": "good", "job": "x"}, (1_000, 1.0))


@given(st.integers(0, len(VALID)), st.binary(max_size=4), st.integers(0, 4))
@relaxed
def test_a_damaged_request_is_taken_or_refused(ask, place, inserted, removed):
    damaged = VALID[:place] + inserted + VALID[place + removed :]
    assert write(ask, damaged).status_code in {204, 400}


BAD_SERIES = [
    series({"job": "no name"}, (0, 1.0)),
    series({"__name__": "x", "": "empty name"}, (0, 1.0)),
    field(1, field(1, field(1, b"__name__") + field(2, b"\xff\xfe")) + field(2, b"\x09" + bytes(8) + b"\x10\x01")),
    series({"__name__": "far_future"}, (1 << 62, 1.0)),
    series({"__name__": "far_past"}, (1, 1.0)),
]


@pytest.mark.parametrize("bad", BAD_SERIES, ids=range(len(BAD_SERIES)))
def test_a_bad_series_is_named_and_its_neighbours_are_stored(ask, bad):
    now, name = now_ms(), f"neighbour_{BAD_SERIES.index(bad)}"
    first, second = (series({"__name__": name, "side": side}, (now, 1.0)) for side in ("left", "right"))
    answer = write(ask, first + bad + second)
    assert answer.status_code == 400, answer.text
    assert answer.text.strip()
    assert ask("GET", "/api/v1/query", params={"query": f"count({name})"}).json()["data"]["result"][0]["value"][1] == "2"


# Parameters --------------------------------------------------------------------------------------------------------------------------

GET_PATHS = [
    "query", "query_range", "series", "labels", "label/job/values", "label/U__x/values", "metadata", "targets", "targets/metadata",
    "format_query", "parse_query", "query_exemplars", "rules", "alerts", "status/tsdb", "status/buildinfo", "scrape_pools",
]  # fmt: skip
NAMES = [
    "query",
    "start",
    "end",
    "step",
    "time",
    "timeout",
    "limit",
    "match[]",
    "metric",
    "match_target",
    "lookback_delta",
    "stats",
    "state",
]
texts = st.text(max_size=12) | st.sampled_from(
    [
        "up",
        "up[5m]",
        "{",
        "1",
        "0",
        "-1",
        "1e999",
        "NaN",
        "9223372036854775807",
        "5m",
        "{__name__=~'.+'}",
        "sum(up) by (job)",
        "\x00",
        "up @ 1e18",
    ]
)


@given(st.sampled_from(GET_PATHS), st.dictionaries(st.sampled_from(NAMES), texts, max_size=6), st.sampled_from(["GET", "POST"]))
@example("query", {"query": "up", "time": "-9223372036854775"}, "GET")
@example("query_range", {"query": "rate(up[292y])", "start": "9223309901257974", "end": "9223309901257974", "step": "1"}, "GET")
@example("series", {"match[]": "up", "start": "-1e15", "end": "1e15"}, "GET")
@example("query", {"query": "x offset 290y", "time": "-9223309901257974"}, "GET")
@relaxed
def test_no_parameters_lead_to_an_internal_error(ask, path, parameters, method):
    sent = {"params": parameters} if method == "GET" else {"data": parameters}
    answer = ask(method, f"/api/v1/{path}", **sent)
    # A query may also ask for no time at all.
    assert answer.status_code in {200, 400, 405, 422, *([503] if "timeout" in parameters else [])}, answer.text
    if answer.status_code != 405:
        assert answer.json()["status"] == ("success" if answer.status_code == 200 else "error")


@given(st.binary(max_size=60))
@relaxed
def test_no_form_leads_to_an_internal_error(ask, body):
    answer = ask("POST", "/api/v1/query", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code in {200, 400, 422}


@given(st.lists(texts, max_size=3))
@relaxed
def test_federation_answers_or_refuses_in_text(ask, selectors):
    answer = ask("GET", "/federate", params={"match[]": selectors})
    assert answer.status_code in {200, 400}
    assert answer.headers["content-type"].startswith("text/plain")


MONSTERS = {
    "a long name": ("x" * 1_000_000, 400, "query is too long"),
    "many parentheses": ("(" * 10_000 + "1" + ")" * 10_000, 400, "nested more than"),
    "many minuses": ("-" * 5_000 + "x", 400, "nested more than"),
    "a long number": ("9" * 100_000, 400, "value out of range"),
    "a long hexadecimal number": ("0x" + "f" * 100_000, 400, "value out of range"),
    "a long hexadecimal number that is none": ("0x" + "f" * 100_000 + "g", 400, "bad number or duration syntax"),
    "a long duration": ("1y" + "9" * 100_000 + "s", 400, "duration out of range"),
    "a large regex": ('x{a=~"' + "(a{500}){2}" * 2_000 + '"}', 400, "expression too large"),
    "a regex in a regex in a regex": ('x{a=~"((a{1000}){1000}){1000}"}', 400, "invalid repeat count"),
    "a regex that takes others long": ('x{a=~"(a*)*b(a|aa)+c"}', 200, ""),
    "many matchers": ("x{" + ",".join(f'a!="{number}"' for number in range(5_000)) + "}", 200, ""),
}


@pytest.mark.parametrize(("query", "status", "reason"), [pytest.param(*row, id=name) for name, row in MONSTERS.items()])
def test_a_monstrous_query_is_answered(ask, query, status, reason):
    answer = ask("POST", "/api/v1/query", data={"query": query})
    assert answer.status_code == status, answer.text[:300]
    assert reason in answer.json().get("error", "")


def test_ten_million_steps_are_refused_before_anything_is_read(ask):
    answer = ask("GET", "/api/v1/query_range", params={"query": "up", "start": "0", "end": "10000000", "step": "1"})
    reason = "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
    assert (answer.status_code, answer.json()["errorType"], answer.json()["error"]) == (400, "bad_data", reason)


@pytest.mark.parametrize("query", [b"%22%ff%22", b"up%7ba%3d%22%c3%28%22%7d"])
def test_a_query_that_is_no_utf8_is_refused(ask, query):
    answer = ask("GET", f"/api/v1/query?query={query.decode()}")
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
    assert answer.json()["error"].endswith("parse error: invalid UTF-8 rune")
