from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusewatch.telemetry.exposition.negotiation import DEFAULT_PROTOCOLS, Format, accept_header, format_of
from fusewatch.telemetry.exposition.reader import PageReader
from fusewatch.telemetry.exposition.writer import Dialect, ExposedSample, choose_dialect, write_exposition
from fusewatch.telemetry.labels import Labels

TEXT, STRICT = Format.TEXT, Format.OPENMETRICS


def test_a_page_of_the_text_format():
    samples = [
        ExposedSample(Labels({"__name__": "a_total", "b": 'say "hi"\n'}), 3.0, 1_700_000_000_000),
        ExposedSample(Labels({"__name__": "a_total"}), float("nan")),
        ExposedSample(Labels({"__name__": "x.y", "z.w": "1"}), 0.5),
    ]
    assert write_exposition(samples, {"a_total": "counter"}, Dialect(TEXT)).decode() == (
        '# TYPE a_total counter\na_total{b="say \\"hi\\"\\n"} 3 1700000000000\na_total NaN\n# TYPE x_y untyped\nx_y{z_w="1"} 0.5\n'
    )


def test_a_page_of_openmetrics():
    samples = [ExposedSample(Labels({"__name__": "a_total"}), 3.0, 1_700_000_000_123), ExposedSample(Labels({"__name__": "x.y"}), 1.0)]
    assert write_exposition(samples, {"a_total": "counter"}, Dialect(STRICT, "allow-utf-8")).decode() == (
        '# TYPE a counter\na_total 3.0 1700000000.123\n# TYPE "x.y" unknown\n{"x.y"} 1.0\n# EOF\n'
    )


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(deadline=None)
@given(
    texts, st.dictionaries(texts.filter(lambda name: name != "__name__"), texts, max_size=3), st.floats(), st.sampled_from([TEXT, STRICT])
)
def test_what_is_written_is_read_back(metric, labels, value, grammar):
    dialect = Dialect(grammar, "allow-utf-8")
    reader = PageReader(Labels)
    page = reader.read(
        write_exposition([ExposedSample(Labels({"__name__": metric, **labels}), value, 1_234)], {}, dialect),
        format_of(dialect.content_type),
    )
    assert list(reader.unnamed.values()) == [Labels({"__name__": metric, **labels})]
    assert page.timestamps.tolist() == [1_234]
    assert value != value or struct.pack("<d", page.values[0]) == struct.pack("<d", value)  # noqa: PLR0124 - NaN has no equal


@pytest.mark.parametrize(
    ("accept", "dialect"),
    [
        ("", Dialect(TEXT)),
        ("*/*", Dialect(TEXT)),
        ("application/json", Dialect(TEXT)),
        (accept_header(DEFAULT_PROTOCOLS), Dialect(STRICT, "allow-utf-8")),
        ("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.1", Dialect(TEXT)),
        ("application/openmetrics-text;q=soon,text/plain;q=0.1", Dialect(TEXT)),
        ("application/openmetrics-text;version=9.9", Dialect(TEXT)),
    ],
)
def test_the_client_chooses_the_dialect(accept, dialect):
    assert choose_dialect(accept) == dialect
