"""Asking and understanding remote read, by hand."""

from __future__ import annotations

import cramjam
from tests.telemetry.messages import read_series
from tests.telemetry.wire import field, varint

from fusewatch.telemetry.checksums import crc32c_of
from fusewatch.telemetry.chunks import histogram_decode, xor
from fusewatch.telemetry.chunks.encodings import Encoding
from fusewatch.telemetry.protobuf import fields, read_varint
from fusewatch.telemetry.remote_write import padded

OPERATORS = ("=", "!=", "=~", "!~")


def query(start, end, *matchers, hints=b""):
    """A Query; matchers are (name, operator, value)."""
    parts = [
        field(3, varint(1 << 3) + varint(OPERATORS.index(op)) + field(2, name.encode()) + field(3, value.encode()))
        for name, op, value in matchers
    ]
    return varint(1 << 3) + varint(start) + varint(2 << 3) + varint(end) + b"".join(parts) + (field(4, hints) if hints else b"")


def hints(start, end):
    return varint(3 << 3) + varint(start) + varint(4 << 3) + varint(end) + field(2, b"rate") + field(5, b"job")


def read_body(*queries, accepted=()):
    """The body of a request; ``accepted`` are numbers of response types."""
    packed = field(2, b"".join(varint(kind) for kind in accepted)) if accepted else b""
    return bytes(cramjam.snappy.compress_raw(b"".join(field(1, one) for one in queries) + packed))


def read_samples(body):
    """The TimeSeries of each query of a ReadResponse."""
    data = bytes(cramjam.snappy.decompress_raw(body))
    return [read_series(data[start:end]) for number, _, start, end in fields(data) if number == 1]


def read_frames(body):
    """(number of the query, labels, [(first, last, encoding, data)]) of each frame, checked."""
    found, at = [], 0
    while at < len(body):
        size, at = read_varint(body, at)
        data = body[at + 4 : at + 4 + size]
        assert int.from_bytes(body[at : at + 4], "big") == crc32c_of(padded(data), 0, size)
        at += 4 + size
        found.append(_frame(data))
    return found


def _frame(data):
    number, series = 0, b""
    for key, value, start, end in fields(data):
        if key == 1:
            series = data[start:end]
        else:
            number = value
    labels, chunks = {}, []
    for key, _, start, end in fields(series):
        inner = series[start:end]
        if key == 1:
            parts = {name: inner[first:last].decode() for name, _, first, last in fields(inner)}
            labels[parts[1]] = parts.get(2, "")
        else:
            parts = {name: inner[first:last] if last > first else value for name, value, first, last in fields(inner)}
            chunks.append((_signed(parts.get(1, 0)), _signed(parts.get(2, 0)), Encoding(parts[3]), parts[4]))
    return number, labels, chunks


def _signed(number):
    return number - (1 << 64) if number >> 63 else number


def samples_of(chunks):
    """(ms, value bits or a histogram's binary form) in the order of the chunks."""
    found = []
    for first, last, encoding, data in chunks:
        if encoding is Encoding.XOR:
            times, bits = (column.tolist() for column in xor.decode(data))
            rows = list(zip(times, bits, strict=True))
        else:
            rows = histogram_decode.decode(data, encoding)
        assert (first, last) == (rows[0][0], rows[-1][0])
        found += rows
    return found
