from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, Summary
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from fusewatch.telemetry.exposition.errors import MalformedLineError
from fusewatch.telemetry.exposition.lines import About, MetadataLine, SampleLine, parse_line
from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.exposition.reader import PageReader
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.labels import Labels

TEXT, STRICT = Format.TEXT, Format.OPENMETRICS


class NamingReader:
    """A reader that remembers the labels of the ids, and shows pages as sets of (labels, timestamp, bits of the value)."""

    def __init__(self, **options):
        self.names = {}
        self.named = 0
        self.reader = PageReader(self._name, **options)

    def _name(self, labels):
        self.named += 1
        named = Labels(labels)
        if named.get("drop") == "yes":
            return None
        self.names[named.id] = named
        return named

    def page(self, text, grammar=TEXT):
        body = text if isinstance(text, bytes) else text.encode()
        return self.reader.read(body, grammar)

    def samples(self, text, grammar=TEXT):
        page = self.page(text, grammar)
        rows = zip(page.ids.tolist(), page.timestamps.tolist(), page.values.tolist(), strict=True)
        return {(self.names[series], None if at == NO_TIMESTAMP else at, struct.pack("<d", value)) for series, at, value in rows}


def reference(body: bytes, grammar: Format):
    """The slow way, line by line in Python.

    Of two samples of one series and timestamp the first counts; one without timestamp only as the first of its series.
    """
    found, seen = {}, set()
    lines = body.removesuffix(b"\n").split(b"\n")
    if grammar is STRICT:
        assert lines.pop() == b"# EOF"
    for line in lines:
        read = parse_line(line, grammar)
        if isinstance(read, SampleLine):
            labels = Labels(read.labels)
            if read.timestamp is not None or labels not in seen:
                found.setdefault((labels, read.timestamp), struct.pack("<d", read.value))
            seen.add(labels)
    return {(*key, value) for key, value in found.items()}


def test_a_known_line_is_named_once():
    reader = NamingReader()
    first = reader.samples('a{b="c"} 1\nd 2\n')
    assert reader.samples('a{b="c"} 1\nd 2\n') == first
    assert reader.named == 2
    assert reader.samples('d 3\na{b="c"} 4\ne 5') == {
        (Labels({"__name__": name} | more), None, struct.pack("<d", value))
        for name, more, value in (("d", {}, 3), ("a", {"b": "c"}, 4), ("e", {}, 5))
    }
    assert reader.named == 3


def test_dropped_lines_are_counted_but_not_kept():
    page = NamingReader().page('a{drop="yes"} 1\nb 2\n')
    assert (page.scraped, page.kept, len(page.ids)) == (2, 1, 1)


def test_of_a_series_that_stands_twice_on_a_page_the_first_line_counts():
    reader = NamingReader()
    for _ in range(2):
        page = reader.page('a{b="1",c="2"} 1\na{c="2",b="1"} 2\n')
        assert page.values.tolist() == [1.0]
        assert (page.scraped, page.kept, page.duplicates) == (2, 2, 1)


def test_a_series_may_stand_twice_with_different_timestamps():
    page = NamingReader().page("a 1 1000\na 2 2000\na 3 1000\n")
    assert (page.timestamps.tolist(), page.values.tolist(), page.duplicates) == ([1000, 2000], [1.0, 2.0], 1)


def test_timestamps_can_be_disregarded():
    page = NamingReader(honor_timestamps=False).page("a 1 1000\n")
    assert page.timestamps.tolist() == [NO_TIMESTAMP]
    assert len(page.timed_series) == 0


def test_metadata_is_told_once_and_again_when_it_changes():
    reader = NamingReader()
    assert reader.page("# HELP a one\n# TYPE a gauge\na 1\n").metadata == [
        MetadataLine("a", About.HELP, "one"),
        MetadataLine("a", About.TYPE, "gauge"),
    ]
    assert reader.page("# HELP a one\n# TYPE a gauge\na 1\n").metadata == []
    assert reader.page("# HELP a two\n# TYPE a gauge\na 1\n").metadata == [MetadataLine("a", About.HELP, "two")]
    assert reader.page("# HELP a one\n# TYPE a gauge\na 1\n").metadata == [MetadataLine("a", About.HELP, "one")]


def test_a_malformed_line_refuses_the_page_and_is_named():
    reader = NamingReader()
    reader.page("a 1\nb 2\n")
    for page in ("a 1\n\nb x\n", "a 1\n\nb\n", "a 1\n\nc{ 3\n"):
        with pytest.raises(MalformedLineError, match="line 3: expected"):
            reader.page(page)
    assert len(reader.samples("a 1\nb 2\n")) == 2


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("", "does not end with # EOF"),
        ("a 1\n", "does not end with # EOF"),
        ("a 1\n# EOF\nb 2\n", "unexpected data after # EOF"),
        ("a 1\n# EOF\n# EOF\n", "unexpected data after # EOF"),
        ("a 1\n\n# EOF\n", "line 2: expected a valid start token"),
        ("a 1 # EOF\n", "expected"),
    ],
)
def test_openmetrics_ends_with_eof(page, reason):
    reader = NamingReader()
    for _ in range(2):
        with pytest.raises(MalformedLineError, match=reason):
            reader.page(page, STRICT)


def test_a_target_may_change_its_format():
    reader = NamingReader()
    spaced = reader.samples('a { b="c" } 1\n')
    assert reader.samples('a{b="c"} 1\n# EOF\n', STRICT) == spaced
    assert reader.samples('a { b="c" } 1\n') == spaced


def test_a_longer_name_with_a_known_beginning_is_another_series():
    reader = NamingReader()
    reader.page("a 1\nab 2\n")
    assert {labels.metric for labels, _, _ in reader.samples("ab 1\nabc 2\na 3\n")} == {"a", "ab", "abc"}
    assert reader.samples('a {b="c"} 1\n') == {(Labels({"__name__": "a", "b": "c"}), None, struct.pack("<d", 1.0))}


def test_keys_that_no_page_shows_any_more_are_forgotten():
    reader = NamingReader()
    for start in range(0, 5_000, 500):
        page = reader.page("\n".join(f'a{{b="{number}"}} 1' for number in range(start, start + 500)))
        assert len(page.series) == 500
    assert reader.reader._entries.count <= 2_500


@pytest.mark.parametrize("grammar", [TEXT, STRICT])
def test_pages_of_the_python_client_mean_what_its_own_parser_reads(grammar):
    registry = CollectorRegistry()
    Gauge("g", "A gauge\nwith two lines", ["x"], registry=registry).labels('quo"te\\n\n').set(0.1 + 0.2)
    Counter("c", "A counter", registry=registry).inc(1e17, {"trace": "abc"} if grammar is STRICT else None)
    histogram = Histogram("h", "A histogram", ["path"], registry=registry)
    Summary("s", "A summary", registry=registry).observe(float("inf"))
    Info("i", "An info", registry=registry).info({"version": "1"})
    reader = NamingReader()
    for step in range(3):
        histogram.labels(f"/{step}").observe(step * 1.1)
        text = (generate_openmetrics if grammar is STRICT else generate_latest)(registry).decode()
        families = list((parse_openmetrics if grammar is STRICT else parse_text)(text))
        wanted = {
            (Labels({"__name__": sample.name, **sample.labels}), struct.pack("<d", float(sample.value)))
            for family in families
            for sample in family.samples
        }
        assert {(labels, value) for labels, _, value in reader.samples(text, grammar)} == wanted


names = st.from_regex(r"[a-z_:][a-z0-9_:]{0,3}", fullmatch=True)
values = st.one_of(st.floats().map(repr), st.integers().map(str), st.sampled_from(["NaN", "+Inf", "-Inf", "1e5", "0.1"]))
label_values = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(
    lambda text: text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
)
label_sets = st.dictionaries(
    st.from_regex(r"[a-z_][a-z0-9_]{0,2}", fullmatch=True).filter(lambda name: name != "__name__"), label_values, max_size=3
)


@st.composite
def pages(draw, grammar):
    lines = []
    for _ in range(draw(st.integers(0, 12))):
        labels = ",".join(f'{name}="{value}"' for name, value in draw(label_sets).items())
        series = draw(names) + (f"{{{labels}}}" if labels or draw(st.booleans()) else "")
        value = draw(values).removeprefix("+") if grammar is STRICT else draw(values)
        time = draw(st.one_of(st.just(""), st.integers(0, 10**13).map(str)))
        if time and grammar is STRICT:
            time = f"{int(time) / 1000}"
        exemplar = draw(st.sampled_from(["", "", ' # {id="x"} 1', ' # {id="ü"} 1.5 3'])) if grammar is STRICT else ""
        lines.append(f"{series} {value}{' ' + time if time else ''}{exemplar}")
    lines += draw(st.lists(st.sampled_from(lines), max_size=3)) if lines else []
    if grammar is STRICT:
        lines.append("# EOF")
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.mark.parametrize("grammar", [TEXT, STRICT])
@settings(max_examples=50)
@given(data=st.data())
def test_the_compiled_walk_reads_what_the_slow_parser_reads(grammar, data):
    reader = NamingReader()
    for _ in range(3):
        body = data.draw(pages(grammar))
        first, again, wanted = reader.samples(body, grammar), reader.samples(body, grammar), reference(body, grammar)
        assert first == again == wanted


@pytest.mark.parametrize("grammar", [TEXT, STRICT])
@settings(max_examples=50)
@given(data=st.data())
def test_damage_either_refuses_the_page_or_changes_what_it_says_for_both_readers(grammar, data):
    body = bytearray(data.draw(pages(grammar)))
    reader = NamingReader()
    reader.samples(bytes(body), grammar)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        wanted = reference(bytes(body), grammar)
    except (MalformedLineError, AssertionError):
        wanted = None
    try:
        found = reader.samples(bytes(body), grammar)
    except MalformedLineError:
        found = None
    assert found == wanted


@settings(max_examples=50)
@given(st.binary(max_size=200), st.sampled_from([TEXT, STRICT]))
def test_no_bytes_at_all_do_worse_than_being_refused(body, grammar):
    reader = NamingReader()
    for _ in range(2):
        try:
            reader.page(body, grammar)
        except MalformedLineError:
            continue


def exemplars(reader, text):
    rows = reader.page(text, STRICT).exemplars
    ends = rows.offsets.tolist()
    return [
        (
            str(reader.names[series]),
            None if at == NO_TIMESTAMP else at,
            value,
            Labels.from_canonical(rows.labels[start:end].tobytes()).as_dict(),
        )
        for series, at, value, (start, end) in zip(
            rows.ids.tolist(), rows.timestamps.tolist(), rows.values.tolist(), pairwise(ends), strict=True
        )
    ]


def test_exemplars_are_read_once_each():
    reader = NamingReader()
    page = 'a_total 1 # {id="x"} 0.5 1.5\nb_bucket{le="1"} 2 # {} 0.25\nc_total{drop="yes"} 1 # {id="z"} 1\nd_total 3\n# EOF\n'
    found = [("a_total", 1500, 0.5, {"id": "x"}), ('b_bucket{le="1"}', None, 0.25, {})]
    assert exemplars(reader, page) == found
    assert exemplars(reader, page) == []
    assert exemplars(reader, page.replace('"x"', '"y"')) == [("a_total", 1500, 0.5, {"id": "y"})]


def test_an_exemplar_with_many_characters_is_left_out():
    reader = NamingReader()
    assert exemplars(reader, 'a_total 1 # {id="' + "x" * 126 + '"} 1\n# EOF\n') != []
    assert exemplars(reader, 'a_total 1 # {id="' + "x" * 127 + '"} 1\n# EOF\n') == []


def test_exemplars_of_real_openmetrics_are_read():
    registry = CollectorRegistry()
    counter = Counter("seen", "Seen", ["x"], registry=registry)
    counter.labels("y").inc(2, exemplar={"trace_id": "abc"})
    histogram = Histogram("size", "Size", buckets=(1, 2), registry=registry)
    histogram.observe(1.5, exemplar={"trace_id": "d\u00e9f"})
    found = {series: (value, labels) for series, _, value, labels in exemplars(NamingReader(), generate_openmetrics(registry))}
    assert found == {'seen_total{x="y"}': (2.0, {"trace_id": "abc"}), 'size_bucket{le="2.0"}': (1.5, {"trace_id": "d\u00e9f"})}
