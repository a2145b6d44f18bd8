from __future__ import annotations

import pytest

from fusewatch.telemetry.exposition.errors import MalformedLineError
from fusewatch.telemetry.exposition.lines import About, Exemplar, MetadataLine, SampleLine, parse_line
from fusewatch.telemetry.exposition.negotiation import Format

TEXT, STRICT = Format.TEXT, Format.OPENMETRICS
TRACED = Exemplar({"trace_id": "x"}, 0.5, 1_700_000_000_000)


def sample(value, timestamp=None, exemplar=None, **labels):
    return SampleLine({"__name__": labels.pop("name"), **labels}, value, timestamp, exemplar)


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("a 1", sample(1.0, name="a")),
        ("  a\t 1  ", sample(1.0, name="a")),
        ("a 1 1700000000000", sample(1.0, 1_700_000_000_000, name="a")),
        ('a{b="c"} 1', sample(1.0, name="a", b="c")),
        ('a { b = "c" , d = "e" , } 1', sample(1.0, name="a", b="c", d="e")),
        ('a{b="c"d="e"}1', sample(1.0, name="a", b="c", d="e")),  # Prometheus takes pairs without a comma
        (r'a{b="\\ \" \n \x"} 1', sample(1.0, name="a", b='\\ " \n \\x')),
        ('a{b=""} 1', sample(1.0, name="a", b="")),
        ('a{b="}"} 1', sample(1.0, name="a", b="}")),
        ("a:b_c{} -1e3", sample(-1000.0, name="a:b_c")),
        ('{"a.b","x.y"="z"} 1', SampleLine({"__name__": "a.b", "x.y": "z"}, 1.0)),
        ('{x="y","a.b"} 1', SampleLine({"x": "y", "__name__": "a.b"}, 1.0)),
        ('a{b="Füße"} 1', sample(1.0, name="a", b="Füße")),
        ("", None),
        (" \t", None),
        ("#", None),
        ("# anything at all", None),
        ("#HELP a b", MetadataLine("a", About.HELP, "b")),
        (r"# HELP a two\nlines \\ \"kept", MetadataLine("a", About.HELP, 'two\nlines \\ \\"kept')),
        ("# HELP a", MetadataLine("a", About.HELP, "")),
        ('# HELP "a.b" x', MetadataLine("a.b", About.HELP, "x")),
        ("# TYPE a counter", MetadataLine("a", About.TYPE, "counter")),
        ("# TYPE a untyped", MetadataLine("a", About.TYPE, "unknown")),
        ("# UNIT a seconds", None),  # no keyword of this format
    ],
)
def test_text_lines(line, means):
    assert parse_line(line.encode(), TEXT) == means


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("a_total 1.0", sample(1.0, name="a_total")),
        ("a 1 1700000000.123", sample(1.0, 1_700_000_000_123, name="a")),
        ("a 1 -1.5", sample(1.0, -1500, name="a")),
        ('a_bucket{le="1"} 3 # {trace_id="x"} 0.5 1700000000', sample(3.0, exemplar=TRACED, name="a_bucket", le="1")),
        ('a_bucket{le="1"} 3 17 # {} 0.5', sample(3.0, 17_000, Exemplar({}, 0.5), name="a_bucket", le="1")),
        ('a{b="c",} 1', sample(1.0, name="a", b="c")),
        ('{"a.b",x="y"} 1', SampleLine({"__name__": "a.b", "x": "y"}, 1.0)),
        (r"# HELP a say \"hi\"", MetadataLine("a", About.HELP, 'say "hi"')),
        ("# TYPE a stateset", MetadataLine("a", About.TYPE, "stateset")),
        ("# UNIT a_seconds seconds", MetadataLine("a_seconds", About.UNIT, "seconds")),
    ],
)
def test_openmetrics_lines(line, means):
    assert parse_line(line.encode(), STRICT) == means


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a", "expected value after metric"),
        ("a{", "expected label name"),
        ('a{b="c"', "expected label name"),
        ('a{b="c} 1', "expected label value"),
        ("a{b=c} 1", "expected label value"),
        ('a{b"c"} 1', "expected equal"),
        ('a{,b="c"} 1', "expected label name"),
        ('a{1b="c"} 1', "expected label name"),
        ('a{b="c",b="d"} 1', 'label name "b" is not unique'),
        ("a one", "expected value after metric"),
        ("a 1 2 3", "expected next entry after timestamp"),
        ("a 1 soon", "expected timestamp or new record"),
        ("a 1 99999999999999999999", "timestamp out of range"),
        ("1a 1", "expected a valid start token"),
        ('{b="c"} 1', "metric name not found"),
        ('{"a","b"} 1', "metric name already set"),
        ("# TYPE a sometimes", 'invalid metric type "sometimes"'),
        ("# TYPE a info", 'invalid metric type "info"'),
        ("# TYPE 1 gauge", "expected metric name after TYPE"),
    ],
)
def test_malformed_text_lines_say_what_was_expected(line, reason):
    with pytest.raises(MalformedLineError, match=reason):
        parse_line(line.encode(), TEXT)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "expected a valid start token"),
        (" a 1", "expected a valid start token"),
        ("a  1", "expected value after metric"),
        ("a\t1", "expected value after metric"),
        ("a 1 ", "expected timestamp"),
        ('a{b="c"d="e"} 1', "expected comma or brace close"),
        ("a 1 NaN", "invalid timestamp"),
        ('a 1 # {b="c"}', "expected value after exemplar labels"),
        ("a 1 # {b} 1", "expected equal"),
        ("# a comment", "expected HELP, TYPE, UNIT or EOF"),
        ("# TYPE a untyped", "invalid metric type"),
        ("# UNIT a_seconds bytes", 'unit "bytes" not a suffix of metric "a_seconds"'),
        ("# EOF", "unexpected data after # EOF"),
    ],
)
def test_malformed_openmetrics_lines_say_what_was_expected(line, reason):
    with pytest.raises(MalformedLineError, match=reason):
        parse_line(line.encode(), STRICT)


def test_bytes_that_are_no_utf8_are_refused():
    with pytest.raises(MalformedLineError, match="invalid UTF-8"):
        parse_line(b'a{b="\xff"} 1', TEXT)
