from __future__ import annotations

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fusewatch.telemetry.exposition.errors import MalformedLineError
from fusewatch.telemetry.exposition.history import HistoryReader
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import STALE_BITS

NOW = 1_700_000_000_000


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def read(*pieces):
    reader, rows = HistoryReader(), []
    for piece in pieces:
        found = reader.read(piece)
        names = [str(found.series[slot]) for slot in found.slots.tolist()]
        rows += zip(names, found.timestamps.tolist(), found.bits.tolist(), strict=True)
    reader.finish()
    return rows


def seconds(milliseconds):
    sign, size = "-" if milliseconds < 0 else "", abs(milliseconds)
    return f"{sign}{size // 1000}.{size % 1000:03}"


values = st.floats(allow_nan=False)
times = st.integers(NOW - (1 << 40), NOW + (1 << 40)) | st.integers(-2000, 2000)
names = st.sampled_from(["a", "b_total", 'c{x="1"}', 'c{x="ä \\"q\\""}'])


@given(st.lists(st.tuples(names, times, values), max_size=20), st.integers(1, 5))
@example([("a", 1_700_000_000_123, 1.0), ("a", 1_700_000_000_001, 2.0)], 1)
def test_every_sample_is_read_exactly_however_the_text_is_cut(rows, size):
    lines = [f"{name} {value!r} {seconds(time)}\n".encode() for name, time, value in rows] + [b"# EOF\n"]
    pieces = [b"".join(lines[k : k + size]) for k in range(0, len(lines), size)]
    expected = [(time, bits_of(value)) for _, time, value in rows]
    assert [row[1:] for row in read(*pieces)] == expected
    assert read(b"".join(lines)) == read(*pieces)


def test_metadata_exemplars_and_unusual_numbers_are_read_over_or_exactly():
    text = b"""# TYPE a counter
# HELP a some words
a_total 1 1700000000.001 # {trace="x"} 0.5 1700000000
a_total 0x1 17
"""
    with pytest.raises(MalformedLineError, match=r"line 4: .*invalid syntax"):
        read(text)
    found = read(b"# TYPE a gauge\na 1e3 1.7e9\na +Inf 1700000000\na 1 1700000000.0019999\na 2 -0.001 # {} 1\n# EOF\n")
    assert [time - NOW for _, time, _ in found[:3]] == [0, 0, 1]
    assert found[3][1] == -1
    assert [bits for _, _, bits in found] == [bits_of(1000.0), bits_of(math.inf), bits_of(1.0), bits_of(2.0)]


def test_a_staleness_marker_has_a_spelling_and_other_nans_stay_what_they_are():
    found = read(b"a NaN 1\na nAN 2\na nan 3\na 1 4\n# EOF\n")
    assert [bits for _, _, bits in found] == [0x7FF8000000000001, STALE_BITS, 0x7FF8000000000001, bits_of(1.0)]
    assert [time for _, time, _ in found] == [1000, 2000, 3000, 4000]


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([b"a 1 1\n", b"b 2\n# EOF\n"], "line 2: a sample of a history needs a timestamp"),
        ([b"a 1 1\n", b"a 1 2\nnonsense{ 3\n"], "line 3: "),
        ([b"a 1 1\n"], "line 1: data does not end with # EOF"),
        ([b"a 1 1\n# EOF\na 1 2\n"], "line 3: unexpected data after # EOF"),
        ([b"a 1 1\n# EOF\n", b"a 1 2\n"], "line 3: unexpected data after # EOF"),
        ([b"a 1 1\n\n# EOF\n"], "line 2: "),
    ],
)
def test_what_is_wrong_is_told_with_its_line(pieces, words):
    with pytest.raises(MalformedLineError, match=words):
        read(*pieces)


def test_the_last_line_may_lack_its_newline():
    assert read(b'a{b="c"} 1 1\n# EOF') == [(str(Labels({"__name__": "a", "b": "c"})), 1000, bits_of(1.0))]
