from __future__ import annotations

import struct

import cramjam
import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from tests.telemetry.chunks.test_histograms import runs
from tests.telemetry.messages import read_series
from tests.telemetry.wire import series as wire_series

from fusewatch.telemetry.checksums import crc32c_of
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.remote_write import padded
from fusewatch.telemetry.remote_write_encode import columns_of, columns_of_rows, encode_series, label_fields, write_request
from fusewatch.telemetry.samples import HistogramSet, SeriesSet

int64s = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(1_600_000_000_000, 1_800_000_000_000)
words = st.integers(0, (1 << 64) - 1)
label_sets = st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=200), max_size=4)
samples = st.lists(st.tuples(int64s, words), max_size=4)


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def columns(series):
    rows = [row for _, points in series for row in points]
    times, bits = np.array([time for time, _ in rows], np.int64), np.array([word for _, word in rows], np.uint64)
    return columns_of_rows([label_fields(labels) for labels, _ in series], [len(points) for _, points in series], times, bits)


@given(st.lists(st.tuples(label_sets, samples), max_size=6))
@example([({}, [(0, 0)])])
def test_what_is_written_is_what_a_plain_reader_reads(series):
    found = read_series(encode_series(columns(series)).tobytes())
    assert found == [(labels, points, []) for labels, points in series if points]


def test_the_bytes_are_those_of_other_writers():
    series = [({"__name__": "up", "job": "ä"}, [(1_700_000_000_000, bits_of(1.5)), (1_700_000_015_000, bits_of(2.5))])]
    expected = wire_series([("__name__", "up"), ("job", "ä")], [(1_700_000_000_000, 1.5), (1_700_000_015_000, 2.5)])
    assert encode_series(columns(series)).tobytes() == expected
    assert bytes(cramjam.snappy.decompress_raw(write_request(columns(series)))) == expected


@given(st.lists(st.tuples(samples, st.just([]) | runs()), min_size=1, max_size=4), st.data())
def test_histograms_are_written_beside_the_float_samples_of_a_set(series, data):
    labels = [Labels({"__name__": "m", "n": str(k)}) for k in range(len(series))]
    rows = [row for points, _ in series for row in points]
    bodies = [histogram.encode() for _, histograms in series for histogram in histograms]
    given_set = SeriesSet(
        labels,
        np.cumsum([0, *(len(points) for points, _ in series)], dtype=np.int64),
        np.array([time for time, _ in rows], np.int64),
        np.array([word for _, word in rows], np.uint64).view(np.float64),
        HistogramSet(
            np.cumsum([0, *(len(histograms) for _, histograms in series)], dtype=np.int64),
            np.arange(len(bodies), dtype=np.int64) - 1,
            np.cumsum([0, *map(len, bodies)], dtype=np.int64),
            np.frombuffer(b"".join(bodies), np.uint8),
        ),
    )
    first = data.draw(st.integers(0, len(series) - 1))
    last = data.draw(st.integers(first, len(series)))
    fields = [label_fields(one) for one in labels[first:last]]
    found = read_series(encode_series(columns_of(given_set, fields, first, last)).tobytes())
    time, expected = -1, []
    for k, (points, histograms) in enumerate(series):
        timed = [(time + step, histogram.encode()) for step, histogram in enumerate(histograms)]
        time += len(histograms)
        if first <= k < last and (points or histograms):
            expected.append((labels[k].as_dict(), points, timed))
    assert [(pairs, points, [(at, one.encode()) for at, one in histograms]) for pairs, points, histograms in found] == expected


def test_the_checksum_is_the_one_of_the_standard():
    def checksum(data):
        return crc32c_of(padded(data), 0, len(data))

    # RFC 3720, appendix B.4
    assert checksum(bytes(32)) == 0x8A9136AA
    assert checksum(b"\xff" * 32) == 0x62A8AB43
    assert checksum(bytes(range(32))) == 0x46DD794E
    assert checksum(b"123456789") == 0xE3069283
    assert checksum(b"") == 0
