"""Native histograms are exported: as they are in Parquet, as classic ones in OpenMetrics."""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pyarrow import parquet
from starlette.applications import Starlette
from starlette.middleware import Middleware
from tests.api.mixed import MixedReader
from tests.api.serving import NOW, As, memory_services
from tests.telemetry.histogram_strategies import custom_histograms, histograms
from tests.telemetry.mixed import mixed_set

from fusewatch.access.need import Role
from fusewatch.api.prometheus.export import export_route
from fusewatch.api.prometheus.history_text import HistoryText
from fusewatch.api.prometheus.parquet_histograms import HISTOGRAM, histogram_column
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import STALE_NAN

pytestmark = pytest.mark.anyio


async def export(rows, form, *, most_samples=1_000_000):
    services = memory_services(reader=MixedReader(rows))
    app = Starlette(routes=[export_route(services, most_samples=most_samples)], middleware=[Middleware(As, role=Role.ADMIN)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as asking:
        answer = await asking.post("/api/v1/export", data={"match[]": '{__name__=~".+"}', "format": form})
    services.pool.close()
    assert answer.status_code == 200
    return answer.content


SIZE, LOAD, UP = Labels({"__name__": "size", "job": "a"}), Labels({"__name__": "load.1"}), Labels({"__name__": "up"})
CUSTOM = Histogram(
    schema=CUSTOM_SCHEMA, count=6, sum=7.5, positive_spans=(Span(0, 1), Span(1, 1)), positive_buckets=(2, 4), custom_values=(1.0, 2.5)
)
EXPONENTIAL = Histogram(
    schema=0,
    count=10,
    sum=-3.0,
    zero_threshold=0.5,
    zero_count=1,
    positive_spans=(Span(1, 2),),
    positive_buckets=(4, 2),
    negative_spans=(Span(0, 1), Span(1, 1)),
    negative_buckets=(1, 2),
)
MORE = Histogram(schema=0, count=3, sum=1.0, zero_threshold=0.5, positive_spans=(Span(2, 2),), positive_buckets=(1, 2))
ROWS = {
    SIZE: {NOW: CUSTOM, NOW + 1000: STALE_NAN, NOW + 2000: CUSTOM},
    LOAD: {NOW: EXPONENTIAL, NOW + 1500: MORE},
    UP: {NOW: 1.0},
}
TEXT = """\
# TYPE "load.1" histogram
{"load.1_bucket",le="-2.0"} 2 1700000000
{"load.1_bucket",le="-0.5"} 3 1700000000
{"load.1_bucket",le="0.5"} 4 1700000000
{"load.1_bucket",le="2.0"} 8 1700000000
{"load.1_bucket",le="4.0"} 10 1700000000
{"load.1_bucket",le="8.0"} 10 1700000000
{"load.1_bucket",le="+Inf"} 10 1700000000
{"load.1_sum"} -3 1700000000
{"load.1_count"} 10 1700000000
{"load.1_bucket",le="-2.0"} 0 1700000001.500
{"load.1_bucket",le="-0.5"} 0 1700000001.500
{"load.1_bucket",le="0.5"} 0 1700000001.500
{"load.1_bucket",le="2.0"} 0 1700000001.500
{"load.1_bucket",le="4.0"} 1 1700000001.500
{"load.1_bucket",le="8.0"} 3 1700000001.500
{"load.1_bucket",le="+Inf"} 3 1700000001.500
{"load.1_sum"} 1 1700000001.500
{"load.1_count"} 3 1700000001.500
# TYPE size histogram
size_bucket{job="a",le="1.0"} 2 1700000000
size_bucket{job="a",le="2.5"} 2 1700000000
size_bucket{job="a",le="+Inf"} 6 1700000000
size_sum{job="a"} 7.5 1700000000
size_count{job="a"} 6 1700000000
size_bucket{job="a",le="1.0"} nAN 1700000001
size_bucket{job="a",le="2.5"} nAN 1700000001
size_bucket{job="a",le="+Inf"} nAN 1700000001
size_sum{job="a"} nAN 1700000001
size_count{job="a"} nAN 1700000001
size_bucket{job="a",le="1.0"} 2 1700000002
size_bucket{job="a",le="2.5"} 2 1700000002
size_bucket{job="a",le="+Inf"} 6 1700000002
size_sum{job="a"} 7.5 1700000002
size_count{job="a"} 6 1700000002
up{} 1 1700000000
# EOF
"""


async def test_text_has_the_lines_of_classic_histograms():
    assert (await export(ROWS, "openmetrics")).decode().splitlines() == TEXT.splitlines()


async def test_a_layout_that_changes_has_bounds_of_its_own():
    finer = Histogram(schema=1, count=1, sum=1.0, positive_spans=(Span(2, 1),), positive_buckets=(1,))
    text = (await export({LOAD: {NOW: MORE, NOW + 1: finer}}, "openmetrics")).decode()
    assert [line.split('le="')[1].split('"')[0] for line in text.splitlines() if "le=" in line] == ["4.0", "8.0", "+Inf", "2.0", "+Inf"]


async def test_slices_of_any_size_have_the_same_samples():
    rows = {SIZE: {NOW + k: CUSTOM for k in range(9)} | {NOW - 1: 5.0}, UP: {NOW: 1.0}}
    text = await export(rows, "openmetrics")
    assert text.count(b"# TYPE") == 1
    assert await export(rows, "openmetrics", most_samples=2) == text
    found = parquet.read_table(io.BytesIO(await export(rows, "parquet", most_samples=2)))
    assert found.equals(parquet.read_table(io.BytesIO(await export(rows, "parquet"))))


def test_what_would_be_too_much_text_at_a_time_is_put_off_unless_there_is_no_less():
    series = mixed_set({SIZE: {NOW: CUSTOM}})
    assert HistoryText(100).add(series, is_least=False) is None
    assert HistoryText(100).add(series, is_least=True) == HistoryText(1000).add(series, is_least=False)


async def test_other_readers_of_openmetrics_understand_the_histograms(tmp_path):
    # It takes no histogram of several times.
    text = (await export({SIZE: {NOW: CUSTOM}, SIZE.replace({"job": "b"}): {NOW: CUSTOM}, UP: {NOW: 1.0}}, "openmetrics")).decode()
    families = {family.name: (family.type, len(family.samples)) for family in text_string_to_metric_families(text)}
    assert families == {"size": ("histogram", 10), "up": ("unknown", 1)}
    program = shutil.which("promtool") or pytest.skip("promtool is not installed")
    (tmp_path / "export.om").write_text((await export({SIZE: ROWS[SIZE], UP: ROWS[UP]}, "openmetrics")).decode())
    command = [program, "tsdb", "create-blocks-from", "openmetrics", str(tmp_path / "export.om"), str(tmp_path / "tsdb")]
    done = await asyncio.to_thread(subprocess.run, command, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 0


async def test_parquet_has_a_column_of_histograms_and_one_of_values():
    table = parquet.read_table(io.BytesIO(await export(ROWS, "parquet")))
    assert table.schema.field("histogram").type == HISTOGRAM
    rows = [(row["metric"], row["timestamp"].timestamp(), row["value"], row["histogram"] is not None) for row in table.to_pylist()]
    assert [(metric, at, has) for metric, at, _, has in rows] == [
        ("load.1", NOW / 1000, True),
        ("load.1", NOW / 1000 + 1.5, True),
        ("size", NOW / 1000, True),
        ("size", NOW / 1000 + 1, False),
        ("size", NOW / 1000 + 2, True),
        ("up", NOW / 1000, False),
    ]
    assert [value is None for _, _, value, _ in rows] == [True, True, True, False, True, False]
    assert as_histogram(table["histogram"][0].as_py()) == EXPONENTIAL
    assert table["histogram"][2].as_py() == {
        "schema": -53,
        "is_float": False,
        "reset_hint": "unknown",
        "count": 6.0,
        "sum": 7.5,
        "zero_threshold": 0.0,
        "zero_count": 0.0,
        "positive_spans": [{"offset": 0, "length": 1}, {"offset": 1, "length": 1}],
        "positive_buckets": [2.0, 4.0],
        "negative_spans": [],
        "negative_buckets": [],
        "custom_values": [1.0, 2.5],
    }


def as_histogram(row):
    spans = {f"{side}_spans": tuple(Span(**span) for span in row[f"{side}_spans"]) for side in ("positive", "negative")}
    lists = {name: tuple(row[name]) for name in ("positive_buckets", "negative_buckets", "custom_values")}
    return Histogram(**{**row, **spans, **lists, "reset_hint": ResetHint[row["reset_hint"].upper()]})


@given(st.lists(st.one_of(histograms(), custom_histograms()), min_size=1, max_size=5))
async def test_the_column_holds_any_histogram_as_it_is(found):
    bodies = [one.encode() for one in found]
    ends = np.cumsum([8, *map(len, bodies)], dtype=np.int64)
    column = histogram_column(ends, np.frombuffer(bytes(8) + b"".join(bodies), np.uint8))
    column.validate(full=True)
    assert [as_histogram(row) for row in column.to_pylist()] == found
