from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusewatch.storage.chunk_codec import FLOATS, decode_times, decode_values, encode_times, encode_values, times_key
from fusewatch.storage.errors import CorruptChunkError
from fusewatch.telemetry.samples import STALE_BITS

#: Zeros, infinities, the smallest numbers, and NaNs with payloads, quiet and signalling, of both signs.
HARD = [0, 1 << 63, 1, 0x7FF0000000000000, 0xFFF0000000000000, STALE_BITS, 0x7FF8000000000001, 0xFFF8000000000000]
HARD += [0x7FF0000000000001, (1 << 64) - 1]
patterns = st.sampled_from(HARD) | st.integers(0, (1 << 64) - 1)
plain = st.floats(allow_nan=False).map(lambda value: int(np.float64(value).view(np.uint64)))
whole = st.integers(-(1 << 53), 1 << 53).map(lambda value: int(np.float64(value).view(np.uint64)))

values = st.lists(patterns, min_size=1) | st.lists(plain | patterns, min_size=1, max_size=600) | st.lists(whole, min_size=1)


@settings(max_examples=200)
@given(
    st.lists(patterns, min_size=1, max_size=300) | st.lists(plain | patterns, min_size=1, max_size=600) | st.lists(whole, min_size=1),
    st.data(),
)
@example([STALE_BITS], None)
@example(HARD * 60, None)
def test_any_value_bits_come_back_and_so_does_any_beginning_of_them(bits: list[int], data: st.DataObject | None) -> None:
    coding, body = encode_values(np.array(bits, np.uint64))
    for size in {len(bits), 1, data.draw(st.integers(1, len(bits))) if data else 1}:
        out = np.empty(size, np.uint64)
        decode_values(coding, body, out)
        assert out.tolist() == bits[:size]


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=600, unique=True).map(sorted))
@example([-(1 << 63), (1 << 63) - 1])
@example([1_790_553_600_000 + k * 15_000 + k % 7 for k in range(5760)])
def test_any_ascending_timestamps_come_back(times: list[int]) -> None:
    before, out = np.array(times, np.int64), np.empty(len(times), np.int64)
    decode_times(encode_times(before), out)
    assert out.tolist() == times
    assert times_key(before) == times_key(out) != 0


def test_damaged_bytes_are_an_error_not_samples() -> None:
    _, body = encode_values(np.arange(100).astype(np.float64).view(np.uint64))
    for damaged in (b"", body[:10], b"x" + body):
        with pytest.raises(CorruptChunkError):
            decode_values(FLOATS, damaged, np.empty(100, np.uint64))
    with pytest.raises(CorruptChunkError, match="holds 100 numbers, expected 101"):
        decode_values(FLOATS, body, np.empty(101, np.uint64))
    with pytest.raises(CorruptChunkError):
        decode_times(body, np.empty(100, np.int64))
