"""What is exported is what is stored, in whatever slices it is read."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import math
import shutil
import struct
import subprocess
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pyarrow import parquet
from starlette.applications import Starlette
from starlette.middleware import Middleware
from tests.api.running import application, listening, until
from tests.api.serving import NOW, As, Served, memory_services
from tests.promql.memory import MemoryReader

from fusewatch.api.prometheus.export import export_route
from fusewatch.api.prometheus.series_groups import groups
from fusewatch.telemetry.exposition.history import HistoryReader
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import match_all
from fusewatch.telemetry.samples import STALE_NAN

pytestmark = pytest.mark.anyio

HARD = 'ä "quoted" \\ and\nbroken'
SERIES = {
    Labels({"__name__": "up", "job": "1"}): [(NOW - 1000, 1.0), (NOW, STALE_NAN), (NOW + 123, math.nan)],
    Labels({"__name__": "up", "job": HARD}): [(NOW, math.inf), (NOW + 1, -0.0)],
    Labels({"__name__": "dotted.name", "label.name": "x"}): [(NOW, 0.1 + 0.2), (-1500, 1e300)],
    Labels({"__name__": "long"}): [(NOW + 15_000 * k + k % 1000, k * 0.7) for k in range(3000)],
    **{Labels({"__name__": "many", "a": str(k % 7), "b": str(k)}): [(NOW + k, float(k))] for k in range(600)},
}


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0] if not math.isnan(value) or value is STALE_NAN else 0x7FF8000000000001


EXPECTED = {labels: sorted((at, bits_of(value)) for at, value in rows) for labels, rows in SERIES.items()}


@dataclasses.dataclass
class Sliced(Served):
    """Exports with few samples at a time."""

    most_samples: int = 1

    @property
    def app(self):
        return Starlette(routes=[export_route(self.services, most_samples=self.most_samples)], middleware=[Middleware(As, role=self.role)])


@pytest.fixture
def filled(served):
    for labels, rows in SERIES.items():
        served.services.reader.add(labels, rows)
    return served


async def export(served, *selectors, **parameters):
    async with served.client() as asking:
        return await asking.post("/api/v1/export", data={"match[]": list(selectors), **parameters})


def read_text(content):
    reader, found = HistoryReader(), {}
    part = reader.read(content)
    reader.finish()
    for slot, at, bits in zip(part.slots.tolist(), part.timestamps.tolist(), part.bits.tolist(), strict=True):
        found.setdefault(part.series[slot], []).append((at, bits))
    return found


def read_parquet(content):
    table, found = parquet.read_table(io.BytesIO(content)), {}
    names, maps = table["metric"].to_pylist(), table["labels"].to_pylist()
    times = table["timestamp"].cast("int64").to_pylist()
    bits = [int(one) for chunk in table["value"].chunks for one in chunk.to_numpy().view("uint64")]
    for name, pairs, at, word in zip(names, maps, times, bits, strict=True):
        found.setdefault(Labels({"__name__": name, **dict(pairs)}), []).append((at, 0x7FF8000000000001 if word == 0x7FF8 << 48 else word))
    return found


READERS = {"openmetrics": read_text, "parquet": read_parquet}


@pytest.mark.parametrize("form", list(READERS))
async def test_every_sample_is_exported_bit_for_bit(filled, form):
    answer = await export(filled, '{__name__=~".+"}', format=form)
    assert answer.status_code == 200
    assert READERS[form](answer.content) == EXPECTED


@pytest.mark.parametrize("form", list(READERS))
@pytest.mark.parametrize("most_samples", [1, 50, 1000])
async def test_the_same_is_exported_in_small_slices(filled, form, most_samples):
    """With so few samples at a time every group is split, down to the time of one series."""
    selectors = ["up", "many"] if most_samples == 1 else ["up", "many", "long"]
    answer = await export(Sliced(filled.services, most_samples=most_samples), *selectors, format=form)
    found = READERS[form](answer.content)
    assert found == {labels: rows for labels, rows in EXPECTED.items() if labels.metric in selectors}


async def test_series_of_several_selectors_come_once_and_between_times(filled):
    answer = await export(filled, "up", '{job="1"}', start=str((NOW - 500) / 1000), end=str(NOW / 1000))
    found = read_text(answer.content)
    assert found == {
        labels: [row for row in rows if NOW - 500 <= row[0] <= NOW] for labels, rows in EXPECTED.items() if labels.metric == "up"
    }
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="export.om"'


async def test_series_stay_together_and_are_ordered_by_metric(filled):
    lines = (await export(filled, '{__name__=~"up|many|long"}')).text.splitlines()
    heads = [line.rsplit(" ", 2)[0] for line in lines[:-1]]
    runs = [head for k, head in enumerate(heads) if k == 0 or heads[k - 1] != head]
    assert len(runs) == len(set(runs))
    metrics = [head.split("{")[0] for head in runs]
    assert metrics == sorted(metrics)
    assert lines[-1] == "# EOF"


async def test_other_readers_of_openmetrics_understand_it(filled, tmp_path):
    text = (await export(filled, "up", "long")).text
    families = {family.name: family.samples for family in text_string_to_metric_families(text)}
    assert {name: len(samples) for name, samples in families.items()} == {"up": 5, "long": 3000}
    assert {sample.labels["job"] for sample in families["up"]} == {"1", HARD}
    program = shutil.which("promtool") or pytest.skip("promtool is not installed")
    (tmp_path / "export.om").write_text(text)
    command = [program, "tsdb", "create-blocks-from", "openmetrics", str(tmp_path / "export.om"), str(tmp_path / "tsdb")]
    done = await asyncio.to_thread(subprocess.run, command, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 0


async def test_parquet_has_row_groups_and_types_that_others_read(filled):
    file = parquet.ParquetFile(io.BytesIO((await export(filled, "long", format="parquet")).content))
    assert [str(kind) for kind in file.schema_arrow.types[:-1]] == [
        "string",
        "map<string, string ('labels')>",
        "timestamp[ms, tz=UTC]",
        "double",
    ]
    assert file.schema_arrow.names == ["metric", "labels", "timestamp", "value", "histogram"]
    assert file.metadata.num_rows == 3000


async def test_nothing_found_is_an_empty_file(served):
    assert (await export(served, "nothing")).text == "# EOF\n"
    assert parquet.read_table(io.BytesIO((await export(served, "nothing", format="parquet")).content)).num_rows == 0


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "no match[] parameter provided"),
        ({"match[]": "{}"}, "at least one non-empty matcher"),
        ({"match[]": "up", "format": "xml"}, 'invalid parameter \\"format\\": not one of openmetrics, parquet'),
        ({"match[]": "up", "start": "2", "end": "1"}, "must not be before start"),
        ({"match[]": "rate(x[5m])"}, "parse error"),
    ],
)
async def test_what_is_asked_wrongly_is_refused(served, parameters, words):
    async with served.client() as asking:
        answer = await asking.get("/api/v1/export", params=parameters)
    assert answer.status_code == 400
    assert words in answer.text


class Endless(MemoryReader):
    """A reader of very many series that notes how many groups were asked for."""

    def __init__(self):
        super().__init__()
        self.fetched = 0

    def fetch(self, matchers, start, end, budget, windows=()):
        self.fetched += 1
        return super().fetch(matchers, start, end, budget)


async def test_a_client_that_hangs_up_ends_the_work():
    reader, ended = Endless(), threading.Event()
    for k in range(20_000):
        reader.add(Labels({"__name__": "m", "pad": "x" * 2000, "n": str(k)}), [(NOW, 1.0)])
    services = memory_services(reader=reader)
    inner = application(services)

    async def noting(scope, receive, send):
        try:
            await inner(scope, receive, send)
        finally:
            ended.set()

    try:
        with listening(noting) as server:
            # 40 MB fit into no socket's buffer: the answer can't be over before the client is gone.
            coming, going = await asyncio.open_connection("127.0.0.1", server.port)
            going.write(b"GET /api/v1/export?match[]=m HTTP/1.1\r\nHost: x\r\n\r\n")
            await coming.readexactly(1000)
            going.close()
            await asyncio.to_thread(until, ended.is_set)
            await asyncio.to_thread(until, lambda: services.pool.statistics().running == 0)
            assert 0 < reader.fetched < 20_000 // 256
    finally:
        services.pool.close()


label_sets = st.dictionaries(st.sampled_from(["__name__", "a", "b", "c"]), st.sampled_from(["", "x", "y", "z.*", "|", "10"]), max_size=4)


@given(st.sets(label_sets.map(Labels), max_size=30), st.integers(1, 5))
async def test_groups_are_bounded_and_their_matchers_mean_their_series(series, most):
    found = list(groups(sorted(series, key=str), most))
    assert sorted((labels for group in found for labels in group.series), key=str) == sorted(series, key=str)
    for group in found:
        assert len(group.series) <= most
        assert all(match_all(group.matchers, labels) for labels in group.series)
        assert len({labels.metric for labels in group.series}) == 1
        halves = group.halves()
        assert len(group.series) == 1 or len(halves) > 1
        assert sorted((labels for half in halves for labels in half.series), key=str) == sorted(group.series, key=str)
    metrics = [group.series[0].metric for group in found]
    assert metrics == sorted(metrics)
