"""Influx line protocol: Telegraf's lines become series, bad ones are named by their number."""

from __future__ import annotations

import gzip
import math

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route
from tests.api.serving import NOW, StillClock
from tests.ingest.otlp.known import MemorySeries, floats

from fusewatch.ingest.influx import InfluxDecoder
from fusewatch.ingest.influx_http import InfluxHttp
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError, SeriesLimitError

TELEGRAF = b"""\
cpu,cpu=cpu-total,host=web-01 usage_user=1.5,usage_idle=98.5 1700000000000000000
mem,host=web-01 used=8123456i,total=16000000u 1700000000000000000

# a comment
system,host=web-01 uptime_format="5 days,  1:02",load1=0.5 1700000000000000000
docker_container_status,host=web\\ 01,image=a\\,b\\=c oomkilled=false,running=true 1700000000000000000
1min,le-ft=x value=1 1700000000000000000
"""


def decoded(body, limit=1 << 30, precision="", database="", **options):
    series = MemorySeries(limit)
    found = InfluxDecoder(series, StillClock(), **options).decode(body, precision=precision, database=database)
    return floats(series, found), found.problem


def test_telegrafs_lines_become_a_series_per_field():
    found, problem = decoded(TELEGRAF)
    assert problem is None
    assert {name: [value for _, value in rows] for name, rows in found.items()} == {
        'cpu_usage_user{cpu="cpu-total", host="web-01"}': [1.5],
        'cpu_usage_idle{cpu="cpu-total", host="web-01"}': [98.5],
        'mem_used{host="web-01"}': [8123456.0],
        'mem_total{host="web-01"}': [16000000.0],
        'system_load1{host="web-01"}': [0.5],
        'docker_container_status_oomkilled{host="web 01", image="a,b=c"}': [0.0],
        'docker_container_status_running{host="web 01", image="a,b=c"}': [1.0],
        '_1min_value{le_ft="x"}': [1.0],
    }
    assert {time for rows in found.values() for time, _ in rows} == {1_700_000_000_000}


@pytest.mark.parametrize(
    ("precision", "time", "expected"),
    [
        ("", 5_999_999, 5),
        ("ns", 5_999_999, 5),
        ("us", 5_999, 5),
        ("u", 5_999, 5),
        ("ms", 5, 5),
        ("s", 5, 5000),
        ("m", 5, 300_000),
        ("h", -1, -3_600_000),
    ],
)
def test_a_timestamp_is_in_the_precision_of_the_request(precision, time, expected):
    assert decoded(f"m f=1 {time}".encode(), precision=precision)[0] == {"m_f": [(expected, 1.0)]}


def test_a_line_without_a_timestamp_is_of_now():
    assert decoded(b"m f=1")[0] == {"m_f": [(NOW, 1.0)]}


def test_the_database_is_a_label_unless_a_tag_has_its_name():
    found, _ = decoded(b"m f=1\nm,db=mine f=2", database="telegraf")
    assert list(found) == ['m_f{db="telegraf"}', 'm_f{db="mine"}']


def test_a_field_named_value_may_leave_the_measurement_its_name():
    assert set(decoded(b"m value=1,other=2", drops_value_field=True)[0]) == {"m", "m_other"}


def test_bad_lines_are_named_by_their_number_and_the_others_are_taken():
    found, problem = decoded(b'a f=1 1\nb\n\nc f="x\ny",g=2 1\nd f=x\ne f=1 9223372036854775807\nf g=1 1', precision="s")
    assert list(found) == ["a_f", "c_g", "f_g"]
    assert str(problem).startswith("line 2: ")
    assert "'b'" in str(problem)
    assert problem.rejected == 3


def test_a_series_over_the_limit_is_told_as_such():
    found, problem = decoded(b"a f=1,g=2\nb f=1", limit=1)
    assert (len(found), type(problem), problem.rejected) == (1, SeriesLimitError, 2)


@pytest.mark.parametrize(
    ("body", "precision", "words"), [(b"a f=1", "d", "unknown precision 'd'"), (b"a f=1\nb\xff f=1", "", "line 2: not UTF-8")]
)
def test_what_can_not_be_read_at_all_is_an_error(body, precision, words):
    with pytest.raises(ValueError, match=words):
        decoded(body, precision=precision)


def test_the_same_lines_after_references_ended_are_learnt_again():
    series = MemorySeries()
    decoder = InfluxDecoder(series, StillClock())
    before = floats(series, decoder.decode(TELEGRAF))
    series.forget()
    again = decoder.decode(TELEGRAF)
    assert again.epoch == 1
    assert floats(series, again) == before


def escaped(text, characters):
    return "".join("\\" + char if char in characters else char for char in text)


words = st.text("abcdefXYZ019_ ,=-éß/", min_size=1, max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: value == 0 or 1e-300 < abs(value) < 1e300)


@st.composite
def lines(draw):
    measurement, tags = draw(words.filter(lambda text: text[0] != "#")), draw(st.dictionaries(words, words, max_size=3))
    fields = draw(
        st.dictionaries(
            words,
            numbers | st.integers(-(1 << 63), (1 << 63) - 1) | st.booleans() | st.text('ab" \\,=\n', max_size=8),
            min_size=1,
            max_size=4,
        )
    )
    return measurement, tags, fields, draw(st.integers(-(10**15), 10**15))


def written(measurement, tags, fields, time):
    def value(plain):
        match plain:
            case bool():
                return "true" if plain else "F"
            case int():
                return f"{plain}i"
            case float():
                return repr(plain)
            case _:
                return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'

    head = ",".join([escaped(measurement, " ,"), *(f"{escaped(key, ' ,=')}={escaped(text, ' ,=')}" for key, text in tags.items())])
    return head + " " + ",".join(escaped(key, " ,=") + "=" + value(plain) for key, plain in fields.items()) + f" {time}"


@given(st.lists(lines(), max_size=5))
@example([("m", {}, {"f": 'a\n"b', "g": 1.0}, 5), ("n", {}, {"f": 2.0}, 5)])
def test_what_was_written_is_read(several):
    found, problem = decoded("\n".join(written(*line) for line in several).encode(), precision="ms")
    assert problem is None
    samples = [(time, float(value)) for *_, fields, time in several for value in fields.values() if not isinstance(value, str)]
    assert sorted(row for rows in found.values() for row in rows) == sorted(samples)


@settings(max_examples=300)
@given(st.binary(max_size=80) | st.text('ab,= "\\\n#1.5eitTF', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(body):
    try:
        found, problem = decoded(body)
    except ValueError as error:
        assert "not UTF-8" in str(error)  # noqa: PT017
    else:
        assert problem is None or problem.rejected > 0
        assert all(math.isfinite(value) for rows in found.values() for _, value in rows)


class Log:
    def __init__(self, error=None):
        self.series = MemorySeries()
        self.error = error
        self.samples = {}

    def append(self, decoded, *_):
        if self.error is None:
            self.samples |= floats(self.series, decoded)
        return self.answer()

    async def answer(self):
        if self.error is not None:
            raise self.error


async def post(path, content, log=None, limit=1 << 20, headers=None, **options):
    log = log or Log()
    handler = InfluxHttp(InfluxDecoder(log.series, StillClock()), log.append, body_limit=limit, **options)
    app = Starlette(routes=[Route("/write", handler, methods=["POST"]), Route("/api/v2/write", handler, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as asking:
        return await asking.post(path, content=content, headers=headers), log


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "options", "series"),
    [
        ("/write?db=telegraf&precision=s", {}, 'm_f{db="telegraf"}'),
        ("/write?precision=s", {}, "m_f"),
        ("/api/v2/write?org=o&bucket=b&precision=s", {}, "m_f"),
        ("/api/v2/write?bucket=b&precision=s", {"bucket_label": True}, 'm_f{db="b"}'),
    ],
)
async def test_both_versions_are_answered_with_204(path, options, series):
    answer, log = await post(path, gzip.compress(b"m f=1 5", mtime=0), headers={"Content-Encoding": "gzip"}, **options)
    assert (answer.status_code, answer.content, log.samples) == (204, b"", {series: [(5000, 1.0)]})


@pytest.mark.anyio
async def test_a_large_body_is_taken_too():
    answer, log = await post("/write", b"\n".join(b"m,n=%d f=1 5" % k for k in range(6000)))
    assert (answer.status_code, len(log.samples)) == (204, 6000)


@pytest.mark.anyio
async def test_a_bad_line_is_told_in_the_words_of_the_version():
    answer, log = await post("/write", b"m f=1 5\nx")
    assert (answer.status_code, list(log.samples)) == (400, ["m_f"])
    assert answer.json()["error"].startswith("partial write: line 2: ")
    answer, _ = await post("/api/v2/write", b"m f=1 5\nx")
    assert (answer.json()["code"], "line 2: " in answer.json()["message"]) == ("invalid", True)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (OverloadedError("full", 7), 503, "7"),
        (ReadOnlyError("disk full"), 503, "30"),
        (SeriesLimitError("too many", 1), 429, "30"),
        (SamplesRejectedError("too old", 1), 400, None),
    ],
)
async def test_what_the_log_refuses_has_a_status(error, status, retry):
    answer, _ = await post("/api/v2/write", b"m f=1", Log(error))
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry)
    assert str(error) in answer.json()["message"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Encoding": "gzip"}, gzip.compress(bytes(1 << 20), mtime=0), 413),
        ({}, bytes(2000), 413),
        ({"Content-Encoding": "br"}, b"", 415),
    ],
)
async def test_a_body_that_is_too_large_or_unknown_is_refused(headers, body, status):
    assert (await post("/write", body, limit=1000, headers=headers))[0].status_code == status
