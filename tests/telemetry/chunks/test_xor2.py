"""XOR2 against a slow encoder that follows the tables of the format's document."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusewatch.telemetry.chunks.encodings import MALFORMED
from fusewatch.telemetry.chunks.xor2 import decode_xor2
from fusewatch.telemetry.hashing import SLACK
from fusewatch.telemetry.samples import STALE_BITS

NOW = 1_700_000_000_000


def number(value, width):
    return format(value & (1 << width) - 1, f"0{width}b")


def leb(value):
    groups = []
    while True:
        value, low = value >> 7, value & 127
        groups.append(number(low | 128 * (value > 0), 8))
        if not value:
            return "".join(groups)


def varbit(value):
    for ones, width in enumerate([0, 3, 6, 9, 12, 18, 25, 56]):
        if (value == 0 and not width) or (width and -(1 << width - 1) < value <= 1 << width - 1):
            return "1" * ones + "0" + (number(value, width) if width else "")
    return "1" * 8 + number(value, 64)


class Encoder:
    def __init__(self):
        self.base, self.window = 0, None

    def changed(self, bits):
        difference, self.base = bits ^ self.base, bits
        before, behind = min(31, 64 - difference.bit_length()), (difference & -difference).bit_length() - 1
        if self.window and before >= self.window[0] and behind >= self.window[1]:
            return "0" + number(difference >> self.window[1], 64 - sum(self.window))
        self.window = before, behind
        width = 64 - before - behind
        return "1" + number(before, 5) + number(width, 6) + number(difference >> behind, width)

    def value(self, bits):
        if bits == STALE_BITS:
            return "111"
        if bits == self.base:
            return "0"
        changed = self.changed(bits)
        return "1" + ("10" + changed[1:] if changed[0] == "1" else changed)

    def joint(self, change, bits):
        if change == 0:
            if bits == STALE_BITS:
                return "11111"
            return "0" if bits == self.base else "10" + self.changed(bits)
        if -(1 << 12) <= change < 1 << 12:
            return "110" + number(change, 13) + self.value(bits)
        if -(1 << 19) <= change < 1 << 19:
            return "1110" + number(change, 20) + self.value(bits)
        return "11110" + number(change, 64) + self.value(bits)

    def chunk(self, samples, starts):
        """``starts``: from which sample on a start timestamp follows, None for never; its value does not matter."""
        text = number(len(samples), 16) + number(128 * (starts == 0) + (starts or 0), 8)
        step = 0
        for k, (time, bits) in enumerate(samples):
            if k == 0:
                text += leb(time << 1 if time >= 0 else (-time << 1) - 1) + number(bits, 64) + (leb(2 * 300) if starts == 0 else "")
                self.base = 0 if bits == STALE_BITS else bits
                continue
            last, step = step, time - samples[k - 1][0]
            text += leb(step) + self.value(bits) if k == 1 else self.joint(step - last, bits)
            if starts and k >= starts:
                text += varbit(70 * k)
        text += "0" * (-len(text) % 8)
        return bytes(int(text[k : k + 8], 2) for k in range(0, len(text), 8))


def decode(chunk):
    samples = int.from_bytes(chunk[:2], "big")
    times, bits = np.empty(samples, np.int64), np.empty(samples, np.uint64)
    found = decode_xor2(np.frombuffer(chunk + bytes(SLACK), np.uint8), 0, len(chunk), times, bits, 0)
    return found if found < 0 else list(zip(times.tolist(), bits.tolist(), strict=True))


values = (
    st.just(STALE_BITS)
    | st.integers(0, (1 << 64) - 1)
    | st.integers(0, 100).map(lambda whole: struct.unpack("<Q", struct.pack("<d", whole))[0])
)
steps = st.just(15_000) | st.integers(10_900, 19_000) | st.integers(0, 600_000) | st.integers(0, 1 << 40)


@given(st.lists(st.tuples(steps, values), max_size=30), st.none() | st.integers(0, 5))
@example([(15_000, STALE_BITS)] * 4, None)
@example([(15_000, 1), (15_000, STALE_BITS), (15_000, 1), (15_000, 3)], 2)
def test_samples_of_the_documents_encoder_are_read(rows, starts):
    time, samples = NOW, []
    for step, bits in rows:
        time += step
        samples.append((time, bits))
    assert decode(Encoder().chunk(samples, starts)) == samples


@settings(max_examples=500)
@given(st.binary(max_size=80))
def test_any_bytes_are_decoded_or_refused(data):
    found = decode(data)
    assert found == MALFORMED or len(found) == int.from_bytes(data[:2], "big")


def test_a_chunk_that_was_cut_is_refused():
    chunk = Encoder().chunk([(NOW + 15_000 * k, k * k) for k in range(100)], None)
    for size in range(3, len(chunk) - 1):
        assert decode(chunk[:size]) == MALFORMED, size


@pytest.mark.parametrize("size", [0, 1, 2])
def test_less_than_a_header_is_refused(size):
    assert decode(bytes(size)) == MALFORMED
