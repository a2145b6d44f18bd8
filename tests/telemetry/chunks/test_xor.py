from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusewatch.telemetry.chunks import xor
from fusewatch.telemetry.chunks.encodings import ChunkError
from fusewatch.telemetry.samples import STALE_BITS

NOW = 1_700_000_000_000
int64s = st.integers(-(1 << 63), (1 << 63) - 1)
words = st.integers(0, (1 << 64) - 1)
values = words | st.floats().map(lambda value: struct.unpack("<Q", struct.pack("<d", value))[0]) | st.just(STALE_BITS)
near = st.integers(-20, 20) | st.integers(-9000, 9000) | st.integers(-70_000, 70_000) | st.integers(-600_000, 600_000)


@st.composite
def regular(draw):
    """Timestamps of a scrape: one distance, and jitter."""
    jitter = draw(st.lists(near, max_size=130))
    return [NOW + 15_000 * k + step for k, step in enumerate(jitter)]


def columns(times, bits):
    return np.array(times, np.int64), np.array(bits, np.uint64)


@given(st.lists(st.tuples(int64s, values), max_size=20))
@example([])
@example([(0, 0)])
@example([(-(1 << 63), 1), ((1 << 63) - 1, 1 << 63), (0, STALE_BITS)])
@example([(0, 0), (0, (1 << 64) - 1), (0, 0)])
def test_any_samples_come_back_bit_for_bit(samples):
    times, bits = columns(*zip(*samples, strict=True)) if samples else columns([], [])
    found = xor.decode(xor.encode(times, bits))
    assert found[0].tolist() == times.tolist()
    assert found[1].tolist() == bits.tolist()


@given(regular(), st.data())
def test_regular_samples_come_back_and_take_at_most_what_is_reserved(times, data):
    bits = data.draw(st.lists(values, min_size=len(times), max_size=len(times)))
    chunk = xor.encode(*columns(times, bits))
    assert len(chunk) <= xor.BYTES_PER_CHUNK + xor.BYTES_PER_SAMPLE * len(times)
    assert [found.tolist() for found in xor.decode(chunk)] == [times, bits]


@pytest.mark.parametrize("change", [-(1 << 19) + 1, -(1 << 16) + 1, -8191, -8192, 0, 8192, 8193, 1 << 16, 1 << 19, (1 << 19) + 1])
def test_second_differences_at_the_bounds_of_their_widths_come_back(change):
    times = [NOW, NOW + 1_000_000, NOW + 2_000_000 + change]
    assert xor.decode(xor.encode(*columns(times, [1, 2, 3])))[0].tolist() == times


def test_a_steady_series_takes_two_bits_a_sample():
    times, bits = columns([NOW + 15_000 * k for k in range(120)], [7] * 120)
    assert len(xor.encode(times, bits)) <= 2 + 6 + 8 + 3 + 120 * 2 // 8


@settings(max_examples=500)
@given(st.binary(max_size=80))
def test_any_bytes_are_decoded_or_refused(data):
    try:
        times, _ = xor.decode(data)
    except ChunkError as error:
        assert "not an XOR chunk" in str(error)  # noqa: PT017
    else:
        assert len(times) == int.from_bytes(data[:2], "big")


def test_a_chunk_that_was_cut_is_refused():
    chunk = xor.encode(*columns([NOW + 15_000 * k for k in range(100)], range(100)))
    for size in range(len(chunk) - 1):
        with pytest.raises(ChunkError):
            xor.decode(chunk[:size])


def test_more_samples_than_a_chunk_can_count_are_refused():
    with pytest.raises(ChunkError, match="at most 65535"):
        xor.encode(np.arange(65_536, dtype=np.int64), np.zeros(65_536, np.uint64))
