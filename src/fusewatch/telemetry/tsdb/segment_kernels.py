"""Compiled steps through a segment of chunks.

https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md
"""

from __future__ import annotations

from typing import Final

from fusewatch.telemetry.checksums import crc32c
from fusewatch.telemetry.chunks.bits import U64, whole
from fusewatch.telemetry.chunks.encodings import Encoding
from fusewatch.telemetry.chunks.histogram_decode import decode_histograms, measure_histograms
from fusewatch.telemetry.chunks.xor import decode_xor
from fusewatch.telemetry.chunks.xor2 import decode_xor2
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s
from fusewatch.telemetry.tsdb.index_kernels import PLACE, uvarint

#: Columns of what is found of each chunk: its data's beginning and end, encoding, samples, words of each histogram (0: floats), and rows
#: of samples left after decoding.
START, END, ENCODING, SAMPLES, WORDS, FOUND_COLUMNS = range(6)
#: States: all is well, the chunk is cut off, its checksum does not match, its encoding is not known, its data makes no sense.
WELL, CUT, BAD_SUM, UNKNOWN, SENSELESS = range(5)
_OFFSET: Final = 0xFFFFFFFF
_XOR, _XOR2 = int(Encoding.XOR), int(Encoding.XOR2)
_LAST_ENCODING: Final = int(max(Encoding))
_ST: Final = (int(Encoding.HISTOGRAM_ST), int(Encoding.FLOAT_HISTOGRAM_ST))


@kernel
def locate_chunks(data: Bytes, chunks: Int64s, found: Int64s) -> tuple[int, int]:
    """Fills ``found`` (n, FOUND_COLUMNS) for the chunks (n, CHUNK_COLUMNS) of a segment; how many were well, and the state of the next."""
    for k in range(len(chunks)):
        at = chunks[k, PLACE] & _OFFSET
        if at >= len(data):
            return k, CUT
        size, at = uvarint(data, at, len(data))
        stop = at + 1 + whole(size)
        if at > len(data) or whole(size) < 2 or stop > len(data) - 4:
            return k, CUT
        expected = U64(data[stop]) << U64(24) | U64(data[stop + 1]) << U64(16) | U64(data[stop + 2]) << U64(8) | U64(data[stop + 3])
        if crc32c(data, at, stop) != expected:
            return k, BAD_SUM
        encoding = whole(data[at])
        if not 1 <= encoding <= _LAST_ENCODING:
            return k, UNKNOWN
        samples = (whole(data[at + 1]) << 8) | whole(data[at + 2])
        found[k, START], found[k, END], found[k, ENCODING], found[k, WORDS] = at + 1, stop, encoding, 0
        found[k, SAMPLES] = samples & 0x3FFF if encoding in _ST else samples
    return len(chunks), WELL


@kernel
def measure_chunks(data: Bytes, found: Int64s, scratch: Bytes) -> int:
    """Fills in WORDS of the chunks of histograms; how many made sense. ``scratch`` holds the largest chunk and SLACK bytes."""
    for k in range(len(found)):
        encoding = found[k, ENCODING]
        if encoding in (_XOR, _XOR2):
            continue
        size = found[k, END] - found[k, START]
        scratch[:size] = data[found[k, START] : found[k, END]]
        samples, words = measure_histograms(scratch, 0, size, encoding)
        if samples < 0:
            return k
        found[k, WORDS] = words
    return len(found)


@kernel
def decode_chunks(
    data: Bytes,
    found: Int64s,
    scratch: Bytes,
    floats: tuple[Int64s, UInt64s],
    histograms: tuple[Int64s, Int64s, UInt64s],
) -> int:
    """Writes the samples of all chunks, each kind to its own columns; how many chunks made sense.

    ``floats``: timestamps (ms) and value bits; ``histograms``: timestamps, ends (the first of them given) and words. All have room.
    """
    times, bits = floats
    histogram_times, ends, words = histograms
    row, histogram = 0, 0
    for k in range(len(found)):
        encoding, size = found[k, ENCODING], found[k, END] - found[k, START]
        scratch[:size] = data[found[k, START] : found[k, END]]
        if encoding == _XOR:
            count = decode_xor(scratch, 0, size, times, bits, row)
        elif encoding == _XOR2:
            count = decode_xor2(scratch, 0, size, times, bits, row)
        else:
            count = decode_histograms(scratch, 0, size, encoding, histogram_times, ends, words, histogram)
        if count < 0:
            return k
        if found[k, WORDS]:
            histogram += count
        else:
            row += count
    return len(found)
